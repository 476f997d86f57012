"""Compares one table of production with staging in one snapshot, and keeps what it found (CMP-01 to CMP-05, CMP-08)."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection, errors, sql
from psycopg.types.json import Jsonb

from sync_platform.core.redact import masked
from sync_platform.db import comparison_sql as statements
from sync_platform.db.compared import Against, ComparisonResult, FieldResult
from sync_platform.db.field_map import STAGING, MappedEntity, MappedField
from sync_platform.db.queries import queries, query

#: Counts by side and check, worked out while the compared rows are there.
Checks = Callable[[Connection[Any]], dict[str, dict[str, int]]]

_MAX_HALVINGS = 12
_EQUAL, _DIFFERENT, _PRODUCTION_NULL, _STAGING_NULL, _BOTH_NULL = "EDPSN"


@dataclass(frozen=True)
class ComparisonRequest:
    """``days`` limits transactions and items to some business days. ``thresholds`` in percent, by field.

    ``checks`` replaces those of receipts, lines and customers (CMP-20).
    """

    tenant_id: UUID
    entity: MappedEntity
    actor: str
    thresholds: Mapping[str, Decimal]
    soak: timedelta
    rounding: Decimal
    days: tuple[date, date] | None = None
    dagster_run_id: str | None = None
    checks: Checks | None = None


def compare_entity(conn: Connection[Any], request: ComparisonRequest) -> ComparisonResult:
    """Compare, store, return. ``conn`` is a transaction that sees one snapshot of the tenant's rows.

    A statement that runs into the time limit is halved by key and tried again (F-15). Raises QueryCanceled where even
    a small part takes too long.
    """
    began = time.monotonic()
    snapshot_at = _value(conn, sql.SQL("select now()"))
    conn.execute(statements.WHOLE_TABLES)
    _stage_rows(conn, request)
    first_time = _value(conn, statements.first_time(request.entity)) if request.entity.time else None
    classes, letters = _patterns(conn, first_time)
    differing = any(_DIFFERENT in pattern for pattern in letters)
    if differing:
        conn.execute("analyze compared (key_1, key_2)")
        conn.execute(statements.differing(request.entity), {})
    soaking = dict(conn.execute(query("comparison", "soaking"), {**_scope(request), "soak": request.soak}).fetchall())
    fields = tuple(
        _field(conn, request, field, place, letters, soaking.get(field.name))
        for place, field in enumerate(request.entity.fields, 1)
    )
    result = ComparisonResult(
        id=0,
        entity=request.entity.name,
        snapshot_at=snapshot_at,
        first_day=request.days[0] if request.days else None,
        last_day=request.days[1] if request.days else None,
        production_rows=classes["both"] + classes["only_production"],
        staging_rows=classes["both"] + classes["only_staging"],
        matched=classes["both"],
        only_production=classes["only_production"],
        only_staging=classes["only_staging"],
        historical=classes["historical"],
        consistency=request.checks(conn) if request.checks else consistency(conn, request.tenant_id, request.rounding),
        seconds=round(time.monotonic() - began, 3),
        fields=fields,
    )
    return _store(conn, request, result)


def consistency(conn: Connection[Any], tenant_id: UUID, rounding: Decimal) -> dict[str, dict[str, int]]:
    """Counts of CMP-20 by side and check."""
    found: dict[str, dict[str, int]] = {}
    for side in (STAGING, "public"):
        live = side == STAGING
        parts: dict[str, sql.Composable] = {
            f"live_{alias}": sql.SQL(f"{alias}.deleted_at is null" if live else "true") for alias in ("t", "i", "c")
        }
        parts["has_lines"] = sql.SQL("t.line_count > 0") if live else sql.SQL("true")
        found[side] = {
            name: int(
                _value(
                    conn,
                    statement.format(side=sql.Identifier(side), **parts),
                    {"tenant": tenant_id, "rounding": rounding},
                )
            )
            for name, statement in queries("consistency").items()
        }
    return found


def _stage_rows(conn: Connection[Any], request: ComparisonRequest) -> None:
    conn.execute(statements.COMPARED)
    first_day, last_day = request.days or (None, None)
    pending: list[tuple[str | None, str | None, int]] = [(None, None, 0)]
    while pending:
        low, high, halvings = pending.pop()
        bounded = {"low": low is not None, "high": high is not None}
        values = {"low": low, "high": high, "first_day": first_day, "last_day": last_day}
        try:
            with conn.transaction():
                conn.execute(statements.stage(request.entity, days=request.days is not None, **bounded), values)
        except errors.QueryCanceled:
            middle = _value(conn, statements.middle(request.entity, **bounded), values)
            if halvings >= _MAX_HALVINGS or middle in (None, low):
                raise
            pending += [(middle, high, halvings + 1), (low, middle, halvings + 1)]


def _patterns(conn: Connection[Any], first_time: datetime | None) -> tuple[Counter[str], Counter[str]]:
    """Rows by class, and matched rows by their letters."""
    classes: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for row_class, historical, pattern, count in conn.execute(
        query("comparison", "patterns"), {"first_time": first_time}
    ):
        classes[row_class] += count
        classes["historical"] += count if historical else 0
        if row_class == "both":
            letters[pattern] += count
    return classes, letters


def _field(
    conn: Connection[Any],
    request: ComparisonRequest,
    field: MappedField,
    place: int,
    letters: Counter[str],
    promotion: int | None,
) -> FieldResult:
    counts: Counter[str] = Counter()
    against: Against = "production"
    if promotion is not None:
        against = "before"
        found = conn.execute(statements.before(request.entity, field), {"promotion": promotion}).fetchall()
        counts.update(dict(found))
    else:
        for pattern, count in letters.items():
            counts[pattern[place - 1]] += count
    shown: dict[str, Any] = {}
    accepted = 0
    if counts[_DIFFERENT] and against == "production":
        accepted, shown = _differences(conn, request, field, place)
    overwriting = counts[_STAGING_NULL] if field.policy == "always" else 0
    return FieldResult(
        field.name,
        compared=counts[_EQUAL] + counts[_DIFFERENT] + overwriting,
        equal=counts[_EQUAL],
        different=counts[_DIFFERENT] - accepted,
        accepted=accepted,
        production_null=counts[_PRODUCTION_NULL],
        staging_null=counts[_STAGING_NULL],
        both_null=counts[_BOTH_NULL],
        overwriting=overwriting,
        threshold=request.thresholds[field.name],
        against=against,
        **shown,
    )


def _differences(
    conn: Connection[Any], request: ComparisonRequest, field: MappedField, place: int
) -> tuple[int, dict[str, Any]]:
    """How many differences are accepted, and what the others look like. Personal values are masked (CMP-03)."""
    values = {**_scope(request), "place": place, "field": field.name}
    shown: dict[str, Any] = {}
    if field.numeric:
        row = conn.execute(statements.sums(field), values).fetchone() or (None, None, None)
        shown = dict(zip(("difference_sum", "difference_mean", "difference_max"), row, strict=True))
    shown["pairs"] = [
        {
            "existing": masked(existing) if field.personal else existing,
            "blaze": masked(staged) if field.personal else staged,
            "rows": count,
        }
        for existing, staged, count in conn.execute(statements.pairs(field), values)
    ]
    return int(_value(conn, statements.accepted(field), values)), shown


def _store(conn: Connection[Any], request: ComparisonRequest, result: ComparisonResult) -> ComparisonResult:
    scope = _scope(request)
    row = {name: value for name, value in vars(result).items() if name not in ("id", "fields")}
    row |= {"consistency": Jsonb(result.consistency), "actor": request.actor, "dagster_run_id": request.dagster_run_id}
    comparison = int(_value(conn, query("comparison", "store"), {**scope, **row}))
    rows = [{**vars(field), **scope, "comparison": comparison, "pairs": Jsonb(field.pairs)} for field in result.fields]
    with conn.cursor() as cursor:
        cursor.executemany(query("comparison", "store_field"), rows)
    if request.days is None:
        conn.execute(query("comparison", "forget_rows"), scope)
        conn.execute(statements.differing_keys(request.entity), {**scope, "comparison": comparison})
        conn.execute(statements.DAYS, scope)
    return ComparisonResult(**{**vars(result), "id": comparison})


def _scope(request: ComparisonRequest) -> dict[str, Any]:
    return {"tenant": request.tenant_id, "entity": request.entity.name}


def _value(conn: Connection[Any], statement: sql.SQL | sql.Composed, values: Mapping[str, Any] | None = None) -> Any:
    row = conn.execute(statement, values).fetchone()
    return row[0] if row else None
