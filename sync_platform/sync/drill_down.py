"""From a figure of a comparison to its rows, and to one row with both values (CMP-04, CMP-06)."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.redact import masked
from sync_platform.core.tenant import Tenant
from sync_platform.db.comparison_sql import WHOLE_TABLES, one_row, raw_records, rows_missing, values_of
from sync_platform.db.field_map import MappedEntity, MappedField, mapped_entity
from sync_platform.db.queries import query
from sync_platform.sync.comparison import MAX_ROWS, ROLE
from sync_platform.sync.platform import Platform

LETTERS = {"equal": "E", "different": "D", "production_null": "P", "staging_null": "S", "both_null": "N"}


def differing_rows(
    platform: Platform,
    tenant: Tenant,
    entity: str,
    *,
    field: str | None = None,
    shown: str = "different",
    after: tuple[str, ...] = (),
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Rows of the newest comparison with both values of a field, or the rows that one side lacks (CMP-06).

    ``shown`` is different, staging_null, only_production or only_staging. Personal values are masked.
    """
    with platform.database.transaction(tenant.id, ROLE) as conn:
        return differing_rows_in(conn, tenant, entity, field=field, shown=shown, after=after, limit=limit)


def differing_rows_in(
    conn: Connection[Any],
    tenant: Tenant,
    entity: str,
    *,
    field: str | None = None,
    shown: str = "different",
    after: tuple[str, ...] = (),
    limit: int = 50,
    personal: bool = False,
) -> list[dict[str, Any]]:
    """The same inside the caller's transaction; ``personal`` values are shown to who may see them."""
    found = mapped_entity(entity)
    mapped = found.field(field) if field else None
    lonely = shown if shown in ("only_production", "only_staging") else None
    if lonely is None and (mapped is None or shown not in ("different", "staging_null")):
        raise InvalidRequest("name a field with different or staging_null; or show only_production or only_staging")
    values = {
        "tenant": tenant.id,
        "entity": entity,
        "row_class": lonely,
        "place": found.names.index(mapped.name) + 1 if mapped and lonely is None else None,
        "letters": [LETTERS[shown]] if lonely is None else [],
        "after_1": after[0] if after else "",
        "after_2": after[1] if len(after) > 1 else "",
        "limit": max(1, min(limit, MAX_ROWS)),
    }
    live = mapped is not None and shown == "staging_null"
    if live:
        conn.execute(WHOLE_TABLES)
    statement = rows_missing(found, mapped) if live and mapped else query("comparison", "rows")
    rows = conn.cursor(row_factory=dict_row).execute(statement, values).fetchall()
    keys = [(row["key_1"], row["key_2"]) for row in rows]
    both = _values(conn, found, mapped, keys, personal) if mapped and lonely is None else {}
    return [
        {
            "key": "/".join(key for key in (row["key_1"], row["key_2"]) if key),
            "row_class": row["row_class"],
            **both.get((row["key_1"], row["key_2"]), {}),
        }
        for row in rows
    ]


def row_side_by_side(platform: Platform, tenant: Tenant, entity: str, key: tuple[str, ...]) -> dict[str, Any]:
    """One row as it is now: each field with both values and its class (CMP-06). Personal values are masked.

    Raises InvalidRequest where neither side has it.
    """
    with platform.database.transaction(tenant.id, ROLE) as conn:
        row = row_in(conn, entity, key)
    if row is None:
        raise InvalidRequest(f"neither production nor staging has {entity} {'/'.join(key)[:100]!r}")
    return row


def row_in(
    conn: Connection[Any], entity: str, key: tuple[str, ...], *, personal: bool = False
) -> dict[str, Any] | None:
    """The same inside the caller's transaction; None where neither side has it."""
    found = mapped_entity(entity)
    if len(key) != len(found.key):
        raise InvalidRequest(f"a key of {entity} has {len(found.key)} parts: {'/'.join(found.key)}")
    values = {f"key_{n}": part for n, part in enumerate(key, 1)}
    conn.execute(WHOLE_TABLES)
    row = conn.cursor(row_factory=dict_row).execute(one_row(found), values).fetchone()
    if row is None:
        return None
    raw = conn.cursor(row_factory=dict_row).execute(raw_records(found), values).fetchone() or {}
    names = {letter: name for name, letter in LETTERS.items()}
    fields = [
        {
            "field": field.name,
            "existing": _shown(field, row[f"existing_{field.name}"], personal),
            "blaze": _shown(field, row[f"blaze_{field.name}"], personal),
            "class": names[row[f"{field.name}_class"]] if row["row_class"] == "both" else row["row_class"],
        }
        for field in found.fields
    ]
    return {"key": "/".join(key), "row_class": row["row_class"], "origin": row["origin"], "fields": fields, **raw}


def days_apart(
    platform: Platform, tenant: Tenant, entity: str, *, all_days: bool, limit: int = 100
) -> list[dict[str, Any]]:
    """Rows on both sides per business day and shop, newest first; by default only where they differ (CMP-04)."""
    mapped_entity(entity)
    values = {"tenant": tenant.id, "entity": entity, "unequal": not all_days, "limit": max(1, min(limit, MAX_ROWS))}
    with platform.database.transaction(tenant.id, ROLE) as conn:
        return conn.cursor(row_factory=dict_row).execute(query("comparison", "days"), values).fetchall()


def _values(
    conn: Connection[Any],
    entity: MappedEntity,
    field: MappedField,
    keys: Sequence[tuple[str, str]],
    personal: bool,
) -> Mapping[tuple[str, str], dict[str, Any]]:
    rows = conn.execute(values_of(entity, field), {"keys_1": [k for k, _ in keys], "keys_2": [k for _, k in keys]})
    return {
        (row[0], row[1]): {
            "existing": _shown(field, row[2], personal),
            "blaze": _shown(field, row[3], personal),
        }
        for row in rows
    }


def _shown(field: MappedField, value: Any, personal: bool) -> Any:
    return masked(str(value)) if field.personal and value is not None and not personal else value
