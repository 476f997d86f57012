"""Imports as commands show them, and the exit code that follows from them (CLI-01, CSV-04, CSV-12)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from sync_platform.cli.output import OnStep, emit, say, table_of
from sync_platform.db.import_batch_row import BatchRow
from sync_platform.sync.import_options import ImportProgress, ImportResult
from sync_platform.transforms.purchase_problems import WHOLE_FILE

PARTIAL, FAILED = 3, 1
SHOWN_ERRORS = 20
MISSING_COLUMNS = "missing_columns"
_HIDDEN = {"tenant_id", "claim", "lease_until", "stored_as", "options", "report", "state", "done"}
_COUNTS = ("rows", "purchases", "items", "updated", "unchanged", "skipped", "errors")


def exit_code_of(results: Sequence[ImportResult]) -> int:
    """0 if all completed, 3 if some did or one still waits or runs, else 1."""
    states = {result.batch.state for result in results}
    if states <= {"completed"}:
        return 0
    return PARTIAL if states & {"completed", "pending", "processing"} else FAILED


def as_data(result: ImportResult) -> dict[str, Any]:
    """For ``--json``."""
    batch = result.batch
    return {
        "batch_id": batch.id,
        "state": batch.state,
        "new": result.new,
        **{name: value for name, value in asdict(batch).items() if name not in (*_HIDDEN, "id")},
        "seconds": batch.report.get("seconds", {}),
        "listed_errors": [{k: v for k, v in asdict(error).items() if k != "raw"} for error in result.errors],
    }


def as_table(batches: Sequence[BatchRow]) -> Table:
    """One line per batch."""
    columns = ("id", "file_name", "state", "stage", "mode", "dry_run", *_COUNTS, "created_at", "problem")
    return table_of(*columns, rows=[tuple(getattr(batch, name) for name in columns) for batch in batches])


def emit_result(result: ImportResult, tenant: str, as_json: bool) -> None:
    """What became of one import; the first of its errors beside it. ``tenant`` is the slug."""
    emit(as_data(result), as_json, f"{_sentence(result, tenant)}\n{_numbers(result.batch)}".strip())
    if as_json:
        return
    for warning in result.batch.warnings:
        say(f"warning: {warning}")
    if result.errors:
        emit(None, False, error_table(result))
        _say_what_to_do(result.batch, tenant)


def error_table(result: ImportResult) -> Table:
    """The first errors."""
    rows = [(one.line, one.column, one.code, one.message) for one in result.errors[:SHOWN_ERRORS]]
    return table_of("line", "column", "code", "what to do", rows=list(rows))


def told(step: OnStep) -> Callable[[ImportProgress], None]:
    """Progress of an import on a bar, or line by line."""

    def show(now: ImportProgress) -> None:
        lines = f", {now.rows} lines" if now.rows else ""
        step(f"{now.stage}{lines}", now.done or now.rows, now.total)

    return show


def _say_what_to_do(batch: BatchRow, tenant: str) -> None:
    more = batch.errors - SHOWN_ERRORS
    rest = f"{more} more; " if more > 0 else ""
    if MISSING_COLUMNS in batch.error_summary:
        command = f"sync-platform import mapping FILE --tenant {tenant} --column NAME=FIELD"
        say(f"`{command}` says which of its columns is which of ours, and is remembered")
    elif not WHOLE_FILE & batch.error_summary.keys():  # else it could not be read to its end, and nothing is given back
        command = f"sync-platform import errors {batch.id} --tenant {tenant} --all --output FILE"
        say(f"{rest}`{command}` writes the whole file with what to correct")


def _sentence(result: ImportResult, tenant: str) -> str:
    batch = result.batch
    if not result.new:
        force = "; --force imports it again" if batch.state == "completed" else ""
        return f"the same file is import {batch.id} already ({batch.state}){force}"
    what = f"import {batch.id} {'(dry run) ' if batch.dry_run else ''}{batch.state}"
    if batch.state in ("pending", "processing"):
        return f"{what}; `sync-platform import status {batch.id} --tenant {tenant}` tells how far it is"
    return f"{what}{f': {batch.problem}' if batch.problem else ''}"


def _numbers(batch: BatchRow) -> str:
    if batch.state == "completed" and not batch.rows:
        return "the file has no lines below its header"
    counts = {name: getattr(batch, name) for name in _COUNTS}
    codes = ", ".join(f"{code} {number}" for code, number in sorted(batch.error_summary.items()))
    text = ", ".join(f"{n} {name.removesuffix('s') if n == 1 else name}" for name, n in counts.items() if n)
    return text + (f" ({codes})" if codes else "")
