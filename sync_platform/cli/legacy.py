"""``sync-platform legacy``: bring a shop's old exports into production before the cut-over."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.legacy import LegacyLoad, load_report
from sync_platform.sync.platform import open_platform

PARTIAL = 3

app = typer.Typer(help="Old exports of a shop.", no_args_is_help=True)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="CSV file whose header names columns of the table.")],
    table: Annotated[str, typer.Option(help="customers, transactions, transaction_items or products.")],
    tenant: Annotated[str, typer.Option(help="Slug of the tenant.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be loaded, with 20 rows; write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load the rows of an old report that are not there yet, all at once. Exit code 3: some lines were rejected."""
    with open_platform(load_settings()) as platform, progress(f"loading {file.name}") as told:
        done = load_report(
            platform,
            find_tenant(platform.database, tenant),
            table,
            file,
            dry_run=dry_run,
            on_progress=lambda lines, read, size: told(f"{lines} lines", 100 * read // max(size, 1), 100),
        )
    _emit(done, as_json)
    if done.rejected:
        raise typer.Exit(PARTIAL)


def _emit(done: LegacyLoad, as_json: bool) -> None:
    if as_json:
        emit(asdict(done), as_json)
        return
    counts = ("lines", "inserted", "already_there", "duplicates", "rejected", "zone_assumed")
    names = ("lines", "would be inserted" if done.dry_run else "inserted", *counts[2:])
    emit({}, False, table_of(*names, rows=[tuple(getattr(done, name) for name in counts)]))
    if done.sample:
        shown = [(row["key"], _one_line(row["changes"])) for row in done.sample]
        emit({}, False, table_of("key", "would get", rows=shown))
    if done.errors:
        rows = [(error.line, error.column, error.reason, error.value) for error in done.errors]
        emit({}, False, table_of("line", "column", "reason", "value", rows=rows))
    if len({error.line for error in done.errors}) < done.rejected:
        emit({}, False, f"the first {len(done.errors)} reasons; {done.rejected} lines were rejected in all")


def _one_line(changes: dict[str, dict[str, object]]) -> str:
    return ", ".join(f"{name}={change['after']}" for name, change in changes.items())
