"""See the package docstring of sync_platform.defs."""
