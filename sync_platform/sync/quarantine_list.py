"""The quarantine as it is looked at and worked through: page by page, one item, given up (SYS-08)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.quarantine import QuarantineItem, QuarantineState, dismiss_in
from sync_platform.db.queries import query
from sync_platform.sync.platform import Platform

MAX_REASON = 500


@dataclass(frozen=True)
class QuarantineLine:
    """An item without what was kept of its record, which whoever pages through the quarantine does not need."""

    id: int
    source: str
    entity: str
    record_key: str
    source_id: str | None
    reason: str
    field_path: str
    run_id: int | None
    first_seen: datetime
    last_seen: datetime
    tries: int
    state: QuarantineState
    closed_at: datetime | None


@dataclass(frozen=True)
class QuarantineFilter:
    """None means all. ``number`` is one item, ``before`` the items of a smaller number."""

    state: QuarantineState | None = None
    source: str | None = None
    entity: str | None = None
    reason: str | None = None
    number: int | None = None
    before: int | None = None


def lines(conn: Connection[Any], tenant_id: UUID, wanted: QuarantineFilter, limit: int) -> list[QuarantineLine]:
    """Newest number first, inside the caller's transaction."""
    rows = conn.cursor(row_factory=class_row(QuarantineLine))
    values = {"tenant_id": tenant_id, "limit": limit, **vars(wanted)}
    return rows.execute(query("quarantine", "page"), values).fetchall()


def require_open(line: QuarantineLine) -> None:
    """Raises Refused for an item that is closed already."""
    if line.state != "open":
        raise Refused(f"quarantine item {line.id} is {line.state} already")


def dismiss(
    platform: Platform,
    tenant: Tenant,
    item_id: int,
    actor: str,
    reason: str = "",
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> QuarantineItem:
    """Close an item that nobody will replay, and note who did. Raises Refused if it is closed, InvalidRequest if there
    is none."""

    def work(conn: Connection[Any]) -> QuarantineItem:
        closed = dismiss_in(conn, tenant.id, item_id)
        detail = {"source": closed.source, "entity": closed.entity, "reason": reason[:MAX_REASON]}
        audit(
            conn,
            tenant.id,
            actor,
            "quarantine.dismiss",
            f"quarantine {item_id}",
            detail,
            request_id=request_id,
            address=address,
        )
        return closed

    return platform.database.run(work, tenant.id)
