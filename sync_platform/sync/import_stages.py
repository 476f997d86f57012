"""The stages of an import inside the one transaction of its data (CSV-04, CSV-06 to CSV-11)."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

from psycopg import Connection

from sync_platform.db.import_batch_row import BatchError, BatchOutcome
from sync_platform.db.purchases import ImportMode, Inserted, insert_purchases, way_through
from sync_platform.db.purchases_staging import (
    Staged,
    StagedErrors,
    copy_blocks,
    create_staging,
    existing_numbers,
    group_errors,
    group_lines,
    reference_errors,
)
from sync_platform.sync.import_errors import HEADER, FoundErrors, errors_of
from sync_platform.sync.import_watch import ImportWatch
from sync_platform.transforms.purchase_file import PurchaseFile, read_purchases
from sync_platform.transforms.purchase_header import ColumnMapping
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rejected import raw_lines
from sync_platform.transforms.purchase_rules import FileRules

_SHOWN = 200  # characters of a column's name that a batch keeps


@dataclass(frozen=True)
class Work:
    """One file and how it is to be imported. ``open`` delivers its bytes, as often as it is asked."""

    batch_id: int
    open: Callable[[], BinaryIO]
    rules: FileRules
    mapping: ColumnMapping | None
    mode: ImportMode
    tolerance: Decimal
    arrival_day: date
    function_lines: int


@dataclass(frozen=True)
class Verdict:
    """What a file came to. Without errors its purchases were written."""

    rows: int
    errors: FoundErrors = field(default_factory=FoundErrors)
    problem: str | None = None
    inserted: Inserted | None = None
    warnings: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)

    def outcome(self, seconds: Mapping[str, float]) -> BatchOutcome:
        """As the batch keeps it."""
        written = self.inserted or Inserted(0, 0, 0, 0, 0)
        return BatchOutcome(
            rows=self.rows,
            purchases=written.purchases,
            items=written.items,
            updated=written.updated,
            unchanged=written.unchanged,
            skipped=written.skipped,
            errors=self.errors.count,
            error_summary=self.errors.by_code,
            warnings=list(self.warnings),
            problem=self.problem,
            report={**self.report, "seconds": {name: round(value, 3) for name, value in seconds.items()}},
        )


def read_and_write(conn: Connection[Any], work: Work, watch: ImportWatch) -> Verdict:
    """Everything from the first byte to the last row. What was written stays if the caller commits.

    Raises what ``ImportWatch.check`` raises.
    """
    watch.stage("parsing")
    with work.open() as stream:
        try:
            file = read_purchases(stream, work.rules, work.mapping)
        except PurchaseFileRefused as refused:
            line, column, code, message, _ = refused.error
            return Verdict(0, FoundErrors([BatchError(line, column, code, message)], {code: 1}), str(refused))
        about: dict[str, Any] = {HEADER: [name[:_SHOWN] for name in file.names], "separator": file.separator}
        if file.columns is None:
            errors = errors_of(file, StagedErrors(), work.rules.listed_errors, lambda _: {})
            return Verdict(0, errors, _problem(errors), report=about)
        create_staging(conn, work.batch_id, seconds=watch.seconds_left)
        try:
            copy_blocks(conn, _blocks(file, watch))
        except PurchaseFileRefused as refused:
            errors = errors_of(file, StagedErrors(), work.rules.listed_errors, lambda _: {}, refused.error)
            return Verdict(file.rows, errors, str(refused), warnings=file.warnings, report=about)
    staged, found_in_database = _checked(conn, work, watch, file.rows)
    if file.error_count or found_in_database.count:
        errors = errors_of(file, found_in_database, work.rules.listed_errors, lambda lines: _again(work, lines))
        return Verdict(file.rows, errors, _problem(errors), warnings=file.warnings, report=about)
    watch.stage("inserting", file.rows)
    through = way_through(staged, work.function_lines)
    inserted = insert_purchases(conn, staged, mode=work.mode, arrival_day=work.arrival_day, through=through)
    return Verdict(file.rows, inserted=inserted, warnings=file.warnings, report={**about, "through": through})


def _blocks(file: PurchaseFile, watch: ImportWatch) -> Iterator[bytes]:
    for block in file.blocks():
        yield block.text
        watch.rows(file.rows)


def _checked(conn: Connection[Any], work: Work, watch: ImportWatch, rows: int) -> tuple[Staged, StagedErrors]:
    limit = work.rules.listed_errors
    watch.stage("grouping", rows)
    staged = group_lines(conn)
    watch.stage("validating", rows)
    found = group_errors(conn, allow_returns=work.rules.allow_returns, tolerance=work.tolerance, limit=limit)
    watch.check()
    found += reference_errors(conn, limit=limit)
    watch.check()
    found += existing_numbers(conn, staged, work.mode, limit=limit)
    return staged, found


def _again(work: Work, lines: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    with work.open() as stream:
        return raw_lines(stream, work.rules, work.mapping, lines)


def _problem(errors: FoundErrors) -> str:
    number = "1 error" if errors.count == 1 else f"{errors.count} errors"
    return f"{number}; correct the file and import it again"
