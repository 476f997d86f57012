"""Differences that are right as they are: accepted with a reason, counted apart, never hidden (CMP-07)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg.rows import dict_row

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.field_map import MappedField, compared_entity
from sync_platform.db.queries import query
from sync_platform.sync.comparison import MAX_ROWS, ROLE
from sync_platform.sync.platform import Platform


@dataclass(frozen=True)
class Acceptance:
    """A difference that is accepted with a reason: one row (``key``), or a rule for a pair of values."""

    entity: str
    field: str
    reason: str
    key: tuple[str, ...] = ()
    production_value: str | None = None
    staging_value: str | None = None
    expires_at: datetime | None = None


def accept(platform: Platform, tenant: Tenant, acceptance: Acceptance, actor: str) -> int:
    """Keep a difference out of the rate from the next comparison on; it stays counted and listed (CMP-07)."""
    found = compared_entity(acceptance.entity)
    field = found.field(acceptance.field)
    if acceptance.key and len(acceptance.key) != len(found.key):
        raise InvalidRequest(f"a key of {found.name} has {len(found.key)} parts: {'/'.join(found.key)}")
    if not (acceptance.key or acceptance.production_value or acceptance.staging_value):
        raise InvalidRequest("name a row, or the value of at least one side")
    if len(acceptance.reason.strip()) < 3:
        raise InvalidRequest("an accepted difference needs a reason of at least 3 characters")
    for value in (acceptance.production_value, acceptance.staging_value):
        _require_type(field, value)
    values = {
        "tenant": tenant.id,
        "entity": found.name,
        "field": field.name,
        "key_1": acceptance.key[0] if acceptance.key else None,
        "key_2": acceptance.key[1] if len(acceptance.key) > 1 else None,
        "production_value": acceptance.production_value,
        "staging_value": acceptance.staging_value,
        "reason": acceptance.reason.strip()[:1000],
        "actor": actor,
        "expires_at": acceptance.expires_at,
    }
    with platform.database.transaction(tenant.id, ROLE) as conn:
        row = conn.execute(query("comparison", "accept"), values).fetchone()
        assert row is not None
        audit(
            conn, tenant.id, actor, "accept", f"{found.name}.{field.name}", {"id": row[0], "reason": values["reason"]}
        )
    return int(row[0])


def accepted_differences(platform: Platform, tenant: Tenant, entity: str | None = None) -> list[dict[str, Any]]:
    """Newest first, with those that have expired or were revoked."""
    values = {"tenant": tenant.id, "entity": entity, "limit": MAX_ROWS}
    with platform.database.transaction(tenant.id, ROLE) as conn:
        return conn.cursor(row_factory=dict_row).execute(query("comparison", "accepted"), values).fetchall()


def revoke(platform: Platform, tenant: Tenant, number: int, actor: str) -> None:
    """Count a difference again. Raises InvalidRequest where nothing of this number is accepted."""
    with platform.database.transaction(tenant.id, ROLE) as conn:
        if not conn.execute(query("comparison", "revoke"), {"tenant": tenant.id, "id": number}).rowcount:
            raise InvalidRequest(
                f"no accepted difference {number} is in force; `sync-platform compare accepted` lists them"
            )
        audit(conn, tenant.id, actor, "revoke", str(number), {})


def _require_type(field: MappedField, value: str | None) -> None:
    """A rule whose value the column cannot hold would fail every comparison from then on."""
    if value is None or field.type == "text":
        return
    try:
        if field.type == "boolean":
            ("true", "false").index(value)
        elif field.type == "timestamptz":
            datetime.fromisoformat(value)
        else:
            Decimal(value)
    except (ValueError, InvalidOperation):
        raise InvalidRequest(f"{value[:60]!r} is no value of {field.name}, which is {field.type}") from None
