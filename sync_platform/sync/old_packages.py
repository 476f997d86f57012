"""Reads the packages that the job before this one stored, out of its table or an export of it (CMP-18)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.redact import masked
from sync_platform.core.tenant import Tenant
from sync_platform.db.copy_text import copy_line
from sync_platform.db.field_map import package_map
from sync_platform.db.old_packages import CUSTOMER, PACKAGE, PROFILE, columns_of_table, old_columns, rows_of_table
from sync_platform.sync.legacy import LISTED_ERRORS, LineError
from sync_platform.sync.report_file import ReportFile, ReportLine, look_at_report, read_report
from sync_platform.transforms import report_values
from sync_platform.transforms.values import ValueRejected, text

TABLE = "public.crm_packages"
_LONGEST_SHOWN = 60

Parse = Callable[[str, str], Any]


@dataclass(frozen=True)
class OldSource:
    """Where the job's rows are: ``file`` if given, else ``table``. ``names``: our column -> what the job called it."""

    table: str = TABLE
    file: Path | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def there(self) -> dict[str, str]:
        """What the job called each of our columns. Raises InvalidRequest for a column that we do not have."""
        if unknown := [name for name in self.names if name not in old_columns()]:
            raise InvalidRequest(f"there is no column {unknown[0][:60]!r}; there are {', '.join(old_columns())}")
        return {name: self.names.get(name, name).lower() for name in old_columns()}


@dataclass
class OldRead:
    """What was read: ``rows`` in all, with those ``rejected`` and those that came ``twice``. ``errors`` are the first.

    ``missing`` are columns that the job did not have.
    """

    rows: int = 0
    rejected: int = 0
    twice: int = 0
    missing: tuple[str, ...] = ()
    errors: list[LineError] = field(default_factory=list)


def old_lines(
    conn: Connection[Any], tenant: Tenant, source: OldSource, read: OldRead, *, several: bool
) -> Iterator[bytes]:
    """Rows for ``stage_old_packages``; what cannot be read is noted in ``read``.

    Raises InvalidRequest where the source has not the columns that tell whose row it is, and what.
    """
    called = source.there()
    parsers = _parsers(tenant.zone)
    personal = {one.name for one in package_map().fields if one.personal}
    for number, values in _rows(conn, tenant, source, called, read, several=several):
        read.rows += 1
        row, errors = _parsed(number, values, parsers, personal)
        if errors:
            read.rejected += 1
            read.errors += errors[: LISTED_ERRORS - len(read.errors)]
        else:
            yield copy_line([number, *row])


def _rows(
    conn: Connection[Any], tenant: Tenant, source: OldSource, called: Mapping[str, str], read: OldRead, *, several: bool
) -> Iterator[tuple[int, Mapping[str, str | None] | str]]:
    """Number and values by our names; or why a line of a file is none."""
    if source.file is not None:
        file = look_at_report(source.file, tuple(called.values()), (called[PACKAGE],), others=True)
        _ours(called, file.columns, read)
        for line in read_report(file):
            yield line.number, _of_line(line, file, called)
        return
    ours = _ours(called, columns_of_table(conn, source.table), read)
    rows = rows_of_table(conn, source.table, [called[name] for name in ours], tenant.id, several=several)
    for number, values in enumerate(rows, 1):
        yield number, dict(zip(ours, values, strict=True))


def _ours(called: Mapping[str, str], columns: Sequence[str], read: OldRead) -> list[str]:
    found = [name for name, theirs in called.items() if theirs in columns]
    read.missing = tuple(name for name in called if name not in found)
    if PACKAGE not in found or not {PROFILE, CUSTOMER} & set(found):
        raise InvalidRequest(
            f"the job's rows need {PACKAGE}, and {PROFILE} or {CUSTOMER}; say what it called them with"
            f" --column, such as --column {PACKAGE}=package_id"
        )
    return found


def _of_line(line: ReportLine, file: ReportFile, called: Mapping[str, str]) -> Mapping[str, str | None] | str:
    if line.broken or len(line.values) != len(file.columns):
        return line.broken or f"has {len(line.values)} values for {len(file.columns)} columns"
    values = dict(zip(file.columns, line.values, strict=True))
    return {name: values.get(theirs) for name, theirs in called.items()}


def _parsed(
    number: int, values: Mapping[str, str | None] | str, parsers: Mapping[str, Parse], personal: set[str]
) -> tuple[list[Any], list[LineError]]:
    if isinstance(values, str):
        return [], [LineError(number, None, values, None)]
    row: list[Any] = []
    errors = []
    for name, parse in parsers.items():
        value = values.get(name) or ""
        try:
            row.append(parse(value, name) if value.strip() or name == PACKAGE else None)
        except ValueRejected as rejected:
            row.append(None)
            errors.append(LineError(number, name, rejected.detail, _shown(value, name in personal)))
    if not errors and row[0] is None and row[1] is None:
        errors.append(LineError(number, None, f"has neither {PROFILE} nor {CUSTOMER}", None))
    return row, errors


def _shown(value: str, personal: bool) -> str | None:
    return masked(value) if personal else value[:_LONGEST_SHOWN]


def _parsers(zone: ZoneInfo) -> dict[str, Parse]:
    kinds: dict[str, Parse] = {
        "text": lambda value, _: text(value),
        "numeric(14, 4)": report_values.amount,
        "date": lambda value, name: report_values.moment(value, name, zone)[0].astimezone(zone).date().isoformat(),
        "timestamptz": lambda value, name: report_values.moment(value, name, zone)[0].isoformat(),
    }
    return {name: kinds[kind] for name, kind in old_columns().items()} | dict.fromkeys(
        (PROFILE, CUSTOMER, PACKAGE), report_values.key
    )
