"""``sync-platform db``: bring the database to this release, say where it is, look for drift (DBM-02)."""

from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.db.migration_status import status as read_status
from sync_platform.db.schema_check import check as find_drift
from sync_platform.settings import load_settings
from sync_platform.sync.platform import database_url, reachable

app = typer.Typer(help="The database: migrations and drift.", no_args_is_help=True)


Again = Annotated[
    bool,
    typer.Option("--again", help="Apply functions, views and policies also where this release has not changed them."),
]


@app.command()
def upgrade(again: Again = False, as_json: AsJson = False) -> None:
    """Apply what this release has and the database has not. Safe to run again, and while the platform runs."""
    from sync_platform.db import migrations  # the other commands start faster without it

    with reachable(load_settings()) as settings, progress("db upgrade") as step:
        applied = migrations.upgrade(database_url(settings), on_step=step, again=again)
    emit(
        {"applied": applied},
        as_json,
        f"applied {len(applied)} files" if applied else "nothing to do: the database is up to date",
    )


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the version of the database and what an upgrade would apply. Exit code 1 when something is missing."""
    with reachable(load_settings()) as settings:
        found = read_status(database_url(settings))
    rows = [("version", found.current or "none"), ("this release", found.head)]
    rows += [("to apply", name) for name in found.pending] + [("changed after it was applied", n) for n in found.edited]
    emit(found, as_json, table_of("", "", rows=list(rows)))
    if found.behind or found.newer:
        raise typer.Exit(1)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the database with what this release expects: versions, row security, grants. Exit code 1 for findings."""
    with reachable(load_settings()) as settings:
        findings = find_drift(database_url(settings))
    emit(
        {"findings": findings},
        as_json,
        table_of("rule", "object", "finding", rows=[(f.rule, f.object, f.detail) for f in findings])
        if findings
        else "no findings",
    )
    if findings:
        raise typer.Exit(1)
