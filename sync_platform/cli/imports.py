"""``sync-platform import``: purchase files into the ledger, and what became of them (CSV-02, CSV-12, CSV-33)."""

from collections.abc import Sequence
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperGroup

from sync_platform.cli.choices import one_of
from sync_platform.cli.import_files import app as files_app
from sync_platform.cli.import_files import open_file, read_mapping, write_text
from sync_platform.cli.import_report import as_data, as_table, emit_result, exit_code_of, told
from sync_platform.cli.output import AsJson, emit, progress, say
from sync_platform.cli.stopping import stops_gently
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchState
from sync_platform.db.import_batches import list_batches
from sync_platform.db.purchases import ImportMode
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.import_corrections import errors_csv
from sync_platform.sync.import_options import ImportOptions, ImportResult, Reading
from sync_platform.sync.import_queue import run_waiting
from sync_platform.sync.imports import cancel_import, import_file, import_result, submit_file
from sync_platform.sync.outbox import deliver_after
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.transforms.purchase_rules import Dates, Decimals, Encoding, Separator


class FileOrCommand(TyperGroup):
    """What is no command is a file: ``import march.csv`` is ``import file march.csv``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the command in where it was left out."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["file", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


app = typer.Typer(
    cls=FileOrCommand,
    help="Purchases from CSV files: `import FILE --tenant T`. All lines of a file are taken, or none.",
    no_args_is_help=True,
)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
BatchId = Annotated[int, typer.Argument(help="Number of the import, from `import list`.")]


def _choices(literal: Any) -> str:
    return ", ".join(repr(one) if one.isspace() else one for one in get_args(literal))


@app.command("file")
def file(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, also packed by gzip; - reads standard input.")],
    tenant: TenantSlug,
    mode: Annotated[
        str, typer.Option(help=f"What to do with numbers that are there already: {_choices(ImportMode)}.")
    ] = "reject",
    allow_returns: Annotated[bool, typer.Option("--allow-returns", help="Numbers may be negative.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, and keep nothing of it.")] = False,
    mapping: Annotated[
        Path | None, typer.Option(dir_okay=False, help="JSON: the file's column names to ours. Remembered.")
    ] = None,
    dates: Annotated[str, typer.Option(help=f"How days are written: {_choices(Dates)}.")] = "iso",
    decimals: Annotated[str, typer.Option(help=f"{_choices(Decimals)}.")] = "auto",
    encoding: Annotated[str, typer.Option(help=f"{_choices(Encoding)}.")] = "auto",
    separator: Annotated[str, typer.Option(help="auto, or one of , ; | and tab.")] = "auto",
    name: Annotated[str, typer.Option(help="A name for this import.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Although the same file was imported.")] = False,
    later: Annotated[bool, typer.Option("--later", help="Leave the work to the next worker.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a file; `import FILE` does the same. Exit codes: 0, 1 failed, 2 usage, 3 not yet done, 4 refused."""
    options = ImportOptions(
        uploader=f"cli/{getuser()}",
        file_name=path.name,
        name=name,
        mode=one_of(mode, get_args(ImportMode), "mode"),
        allow_returns=allow_returns,
        dry_run=dry_run,
        force=force,
        reading=Reading(
            mapping=read_mapping(mapping) if mapping else None,
            dates=one_of(dates, get_args(Dates), "way to write days"),
            decimals=one_of(decimals, get_args(Decimals), "decimal mark"),
            encoding=one_of(encoding, get_args(Encoding), "encoding"),
            separator=one_of("\t" if separator == "tab" else separator, get_args(Separator), "separator"),
        ),
    )
    with open_file(path) as source, open_platform(load_settings()) as platform, stops_gently(platform):
        owner = find_tenant(platform.database, tenant)
        if later:
            result = submit_file(platform, owner, source, options)
        else:
            with progress("import") as step:
                result = import_file(platform, owner, source, options, told(step))
            if not result.ended and result.new and platform.stopping.is_set():
                result = cancel_import(platform, owner, result.batch.id, "stopped by the person who started it")
            _tell(platform, owner, [result])
    emit_result(result, tenant, as_json)
    _leave(0 if later and not result.ended else exit_code_of([result]))


@app.command("run")
def run(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Work on imports that wait, one after the other."""
    with open_platform(load_settings()) as platform, stops_gently(platform), progress("import run") as step:
        owner = find_tenant(platform.database, tenant)
        results = run_waiting(platform, owner, told(step))
        _tell(platform, owner, results)
    emit([as_data(result) for result in results], as_json, as_table([result.batch for result in results]))
    _leave(exit_code_of(results))


@app.command("status")
def status(batch_id: BatchId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show how far an import is, or how it ended, with its first errors."""
    with open_platform(load_settings()) as platform:
        result = import_result(platform, find_tenant(platform.database, tenant), batch_id)
    emit_result(result, tenant, as_json)


@app.command("list")
def list_all(
    tenant: TenantSlug,
    state: Annotated[str | None, typer.Option(help=f"Only: {_choices(BatchState)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show imports, newest first."""
    wanted = None if state is None else one_of(state, get_args(BatchState), "state")
    with open_platform(load_settings()) as platform:
        found = list_batches(platform.database, find_tenant(platform.database, tenant).id, state=wanted, limit=limit)
    emit([as_data(ImportResult(batch)) for batch in found], as_json, as_table(found))


@app.command("cancel")
def cancel(batch_id: BatchId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Let nothing of an import get into the ledger that waits or runs."""
    with open_platform(load_settings()) as platform:
        result = cancel_import(platform, find_tenant(platform.database, tenant), batch_id)
    emit(as_data(result), as_json, f"import {batch_id} is cancelled; nothing of it was written")


@app.command("errors")
def errors(
    batch_id: BatchId,
    tenant: TenantSlug,
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="A new file; else standard output.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="The whole file, ready to be corrected and imported.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all lines of the purchases with errors as CSV, with what is wrong; with --all also those without.

    Nothing of a failed file is in: what --all writes can be corrected and imported in its place.
    """
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        result = import_result(platform, owner, batch_id)
        if as_json:
            emit(as_data(result)["listed_errors"], True)
            return
        found = errors_csv(platform, owner, batch_id, whole=whole)
        write_text(found.lines, output)
    if found.warning:
        say(f"warning: {found.warning}")


app.registered_commands += files_app.registered_commands


def _tell(platform: Platform, tenant: Tenant, results: Sequence[ImportResult]) -> None:
    written = any(result.batch.state == "completed" for result in results)
    if written and (problem := deliver_after(platform, tenant)):
        say(f"warning: {problem}")


def _leave(code: int) -> None:
    if code:
        raise typer.Exit(code)
