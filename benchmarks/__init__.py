"""How fast, how small, how scalable: figures against goals, measured by ``make bench``."""
