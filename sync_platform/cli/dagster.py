"""``sync-platform dagster``: care of Dagster's own database."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit
from sync_platform.cli.stage import dagster_home
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform

app = typer.Typer(help="Dagster's own database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group of commands also while there is one."""


@app.command()
def prune(
    delete: Annotated[bool, typer.Option("--delete/--dry-run", help="Delete; or only tell how many rows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell which rows of Dagster's event log are older than the settings allow; with --delete, delete them.

    These are steps and log lines of finished runs, and events of partitions that have a newer materialisation. Runs,
    checks, and the state of every partition stay. A schedule does the same every day.
    """
    settings = load_settings()
    with open_platform(settings) as platform:
        folder = platform.settings.data_dir.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with _environment({**platform.child_environment(), "DAGSTER_HOME": str(dagster_home(folder))}):
            from sync_platform.defs.pruning import prune_here  # Dagster takes seconds, only this command needs it

            found = prune_here(settings.dagster, delete=delete)
    verb = "deleted" if delete else "would be deleted"
    emit(
        {"deleted": delete, "logs": found.logs, "superseded": found.superseded},
        as_json,
        f"{found.logs} log rows and {found.superseded} superseded events {verb}",
    )


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Dagster finds its instance through the environment."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
