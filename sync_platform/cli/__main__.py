"""``python -m sync_platform.cli``: the command line where the console script is not on the path."""

from sync_platform.cli import main

main()
