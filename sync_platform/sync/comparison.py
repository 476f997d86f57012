"""Compare a tenant's production tables with staging, and ask the gate (CMP-01 to CMP-05, CMP-08, CMP-11)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.compared import ComparisonResult, FieldResult
from sync_platform.db.comparison import ComparisonRequest, compare_entity
from sync_platform.db.field_map import ROWS, MappedEntity, compared_entity, field_map, mapped_entity
from sync_platform.db.gate import GateRules, Verdict, ask_gate
from sync_platform.db.queries import query
from sync_platform.sync.platform import Platform

ROLE: Final = "sp_promoter"
MAX_ROWS = 1000

OnEntity = Callable[[str, int, int], None]


def compare(
    platform: Platform,
    tenant: Tenant,
    entities: Sequence[str] = (),
    *,
    actor: str,
    days: tuple[date, date] | None = None,
    dagster_run_id: str | None = None,
    on_entity: OnEntity | None = None,
) -> list[ComparisonResult]:
    """Compare tables (default: all) and keep the results. Each is one snapshot, labelled with its time (F-86).

    ``days`` limits transactions and items to some business days; such a comparison is shown and opens no gate.
    """
    chosen = [mapped_entity(name) for name in entities] or list(field_map().values())
    if days is not None and (undated := [entity.name for entity in chosen if entity.time is None]):
        raise InvalidRequest(f"{', '.join(undated)} cannot be compared by days; leave the days out")
    results = []
    for number, entity in enumerate(chosen):
        if on_entity is not None:
            on_entity(entity.name, number, len(chosen))
        with platform.database.transaction(tenant.id, ROLE, one_snapshot=True) as conn:
            request = ComparisonRequest(
                tenant.id,
                entity,
                actor,
                thresholds(platform, conn, entity),
                timedelta(days=platform.settings.cut_over.soak_days),
                platform.settings.cut_over.rounding,
                days,
                dagster_run_id,
            )
            results.append(compare_entity(conn, request))
    return results


def gate_rules(platform: Platform) -> GateRules:
    """CMP-05, CMP-11, CMP-14 as the settings have them."""
    rules = platform.settings.cut_over
    return GateRules(
        rules.threshold_percent, rules.min_rows, timedelta(hours=rules.max_age_hours), timedelta(days=rules.soak_days)
    )


def verdicts(
    platform: Platform, tenant: Tenant, entity: str, fields: Sequence[str] = (), staging_rows: int | None = None
) -> list[Verdict]:
    """What the gate says now of a table (``rows``) and its fields; ``staging_rows`` if counted a moment ago."""
    with platform.database.transaction(tenant.id, ROLE) as conn:
        return ask_gate(conn, tenant.id, compared_entity(entity), gate_rules(platform), fields, staging_rows)


def newest(platform: Platform, tenant: Tenant, entity: str, limit: int = 1) -> list[ComparisonResult]:
    """The last comparisons of a table, newest first, with their fields in the order of the map."""
    with platform.database.transaction(tenant.id, ROLE) as conn:
        return newest_in(conn, tenant, entity, limit)


def newest_in(conn: Connection[Any], tenant: Tenant, entity: str, limit: int = 1) -> list[ComparisonResult]:
    """The same inside the caller's transaction."""
    found = compared_entity(entity)
    rows = conn.cursor(row_factory=class_row(ComparisonResult))
    values = {"tenant": tenant.id, "entity": found.name, "limit": limit}
    results = rows.execute(query("comparison", "newest"), values).fetchall()
    return [replace(result, fields=_fields(conn, tenant, found, result.id)) for result in results]


def history(platform: Platform, tenant: Tenant, entity: str, field: str, limit: int = 100) -> list[dict[str, Any]]:
    """The rate of one field over time, oldest first (CMP-08). ``percent`` None where nothing could be compared."""
    with platform.database.transaction(tenant.id, ROLE) as conn:
        return history_in(conn, tenant, entity, field, limit)


def history_in(
    conn: Connection[Any], tenant: Tenant, entity: str, field: str, limit: int = 100, before: int | None = None
) -> list[dict[str, Any]]:
    """The same inside the caller's transaction; ``before`` a comparison, by its number."""
    compared_entity(entity).field(field)
    values = {"tenant": tenant.id, "entity": entity, "field": field, "before": before}
    values["limit"] = max(1, min(limit, MAX_ROWS))
    rows = conn.cursor(row_factory=dict_row).execute(query("comparison", "history"), values).fetchall()
    for row in rows:
        bad = row["different"] + row["overwriting"]
        row["percent"] = Decimal(100 * bad) / row["compared"] if row["compared"] else None
    return rows


def _fields(conn: Connection[Any], tenant: Tenant, entity: MappedEntity, comparison: int) -> tuple[FieldResult, ...]:
    rows = conn.cursor(row_factory=class_row(FieldResult))
    found = rows.execute(query("comparison", "fields"), {"tenant": tenant.id, "comparison": comparison}).fetchall()
    order = {name: place for place, name in enumerate(entity.names)}
    return tuple(sorted((field for field in found if field.field in order), key=lambda field: order[field.field]))


def thresholds(platform: Platform, conn: Connection[Any], entity: MappedEntity) -> dict[str, Decimal]:
    """Percent per field: the tenant's own, the settings' own, or the settings' for all."""
    rules = platform.settings.cut_over
    row = conn.execute("select coalesce(settings -> 'thresholds', '{}') from platform.tenants").fetchone()
    own = row[0] if row else {}

    def of(name: str) -> Decimal:
        label = f"{entity.name}.{name}"
        return Decimal(str(own.get(label, rules.thresholds.get(label, rules.threshold_percent))))

    return {name: of(name) for name in (ROWS, *entity.names)}
