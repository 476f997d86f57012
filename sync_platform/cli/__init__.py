"""The command line. Commands speak to people and machines; everything else is done by ``sync``."""

from sync_platform.cli.app import main

__all__ = ["main"]
