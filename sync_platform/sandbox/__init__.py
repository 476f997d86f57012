"""Stand-in vendors with fault switches, and demo data. Only the command line and tests import it."""
