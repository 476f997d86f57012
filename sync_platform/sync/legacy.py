"""Loads an old report of a shop into production, as rows that only the reports know (BLZ-10, SYS-12)."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import Connection

from sync_platform.core.redact import masked
from sync_platform.core.tenant import Tenant
from sync_platform.db.copy_text import copy_line
from sync_platform.db.field_map import MappedEntity, mapped_entity
from sync_platform.db.legacy import ReportStage, Staged, lock_loading, report_columns
from sync_platform.sync.platform import Platform
from sync_platform.sync.report_file import OnProgress, ReportFile, ReportLine, look_at_report, read_report
from sync_platform.transforms import report_values
from sync_platform.transforms.values import ValueRejected, text

LISTED_ERRORS = 100
SAMPLE = 20
_LINES_AT_ONCE = 20_000
_BYTES_AT_ONCE = 8 << 20
_LONGEST_SHOWN = 60

#: From the text and the name of its column; raises ValueRejected.
Parse = Callable[[str, str], Any]


@dataclass(frozen=True)
class LineError:
    """Why a line was not loaded. ``value`` is masked where it is personal; ``column`` is None for a whole line."""

    line: int
    column: str | None
    reason: str
    value: str | None


@dataclass
class LegacyLoad:
    """What became of a file: ``lines = inserted + already_there + duplicates + rejected``, all in records.

    In a dry run ``inserted`` says what would be, and ``sample`` shows some of it. ``zone_assumed`` counts times
    without a zone, read in the tenant's. ``errors`` are the first 100.
    """

    table: str
    file: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    dry_run: bool
    lines: int = 0
    inserted: int = 0
    already_there: int = 0
    duplicates: int = 0
    rejected: int = 0
    zone_assumed: int = 0
    errors: list[LineError] = field(default_factory=list)
    sample: list[dict[str, Any]] = field(default_factory=list)


def load_report(
    platform: Platform,
    tenant: Tenant,
    table: str,
    path: Path,
    *,
    dry_run: bool = False,
    on_progress: OnProgress = lambda *_: None,
) -> LegacyLoad:
    """Insert the rows of a CSV file that ``table`` does not have yet, all of them in one transaction.

    Rows that are there stay untouched, whatever the file says; a line that cannot be read is reported and the others
    are loaded. A dry run writes nothing (SYS-20). Repeated after a lost connection, it finds rows of its own that were
    committed unnoticed as already there. Raises InvalidRequest for a file that is no report of ``table``, and Refused
    while another one is being loaded into it.
    """
    entity = mapped_entity(table)
    file = look_at_report(path, list(report_columns(entity)), entity.key)

    def work(conn: Connection[Any]) -> LegacyLoad:
        done = LegacyLoad(entity.name, path.name, file.encoding, file.delimiter, file.columns, dry_run)
        if not dry_run:
            lock_loading(conn, entity)
        stage = ReportStage(conn, entity, file.columns)
        lines = _good_lines(file, entity, tenant, done, on_progress)
        staged = 0
        for batch in _batches(lines):
            stage.add(batch)
            staged += len(batch)
        found = stage.look() if dry_run else stage.insert()
        _account(done, staged, found)
        if dry_run:
            done.sample = [_shown(entity, row) for row in stage.sample(SAMPLE)]
        return done

    return platform.database.run(work, tenant.id)


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) == _LINES_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _good_lines(
    file: ReportFile, entity: MappedEntity, tenant: Tenant, done: LegacyLoad, on_progress: OnProgress
) -> Iterator[bytes]:
    """Lines for ``COPY`` of what can be loaded; what cannot is noted in ``done``."""
    parsers = _parsers(entity, tenant, done)
    in_order = [(name, parsers[name]) for name in file.columns]
    personal = {one.name for one in entity.fields if one.personal}
    for line in read_report(file, _LINES_AT_ONCE, on_progress):
        done.lines += 1
        row, errors = _row(line, in_order, entity.key, personal)
        if errors:
            done.rejected += 1
            done.errors += errors[: LISTED_ERRORS - len(done.errors)]
        else:
            yield copy_line([line.number, *row])


def _row(
    line: ReportLine, parsers: Sequence[tuple[str, Parse]], key: Sequence[str], personal: Collection[str]
) -> tuple[list[Any], list[LineError]]:
    if line.broken or len(line.values) != len(parsers):
        reason = line.broken or f"has {len(line.values)} values for {len(parsers)} columns"
        return [], [LineError(line.number, None, reason, None)]
    row, errors = [], []
    for (name, parse), value in zip(parsers, line.values, strict=True):
        try:
            row.append(parse(value, name) if (value and not value.isspace()) or name in key else None)
        except ValueRejected as rejected:
            shown = masked(value) if name in personal else value[:_LONGEST_SHOWN]
            errors.append(LineError(line.number, name, rejected.detail, shown))
    return row, errors


def _parsers(entity: MappedEntity, tenant: Tenant, done: LegacyLoad) -> dict[str, Parse]:
    zone = tenant.zone

    def moment(value: str, column: str) -> str:
        found, assumed = report_values.moment(value, column, zone)
        done.zone_assumed += assumed
        return found.isoformat()

    kinds: dict[str, Parse] = {
        "text": lambda value, _: text(value),
        "numeric(14, 4)": report_values.amount,
        "integer": report_values.whole,
        "boolean": report_values.flag,
        "timestamptz": moment,
    }
    parsers = {name: kinds[kind] for name, kind in report_columns(entity).items()}
    return parsers | dict.fromkeys(entity.key, report_values.key)


def _account(done: LegacyLoad, staged: int, found: Staged) -> None:
    done.inserted = found.inserted
    done.already_there = found.rows - found.inserted
    done.duplicates = staged - found.rows


def _shown(entity: MappedEntity, row: dict[str, Any]) -> dict[str, Any]:
    """A sampled row in the form of every dry run: what would be there that is not now, personal values masked."""
    personal = {one.name for one in entity.fields if one.personal}
    changes = {
        name: {"before": None, "after": masked(str(value)) if name in personal else value}
        for name, value in row.items()
        if value is not None and name not in entity.key
    }
    return {"key": "/".join(row[name] for name in entity.key), "fate": "inserted", "changes": changes}
