"""Asks before what people rely on is changed: a person types what is going to happen, a script says ``--yes``."""

import sys

import typer

from sync_platform.core.errors import Refused


def confirm(what: str, *, yes: bool, changes: str = "production") -> None:
    """Go on only if ``what`` (such as ``customers.phone``) is typed again, or ``yes``. Raises Refused otherwise."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(f"this changes {changes}; look at it with --dry-run, then repeat with --yes for {what}")
    if typer.prompt(f"This changes {changes}. Type {what} to go on", default="", show_default=False, err=True) != what:
        raise Refused("not confirmed; nothing was done")
