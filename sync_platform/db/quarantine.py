"""Records that could not be loaded, kept until they are replayed or dismissed (SYS-08)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.reject import Reject
from sync_platform.db.json_text import storable, storable_json
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

QuarantineState = Literal["open", "replayed", "dismissed"]
MAX_LISTED = 1000
MAX_RAW_BYTES = 1 << 20
MAX_TEXT = 500
MAX_KEY = 200  # an index cannot hold an entry of more than 2,704 bytes


@dataclass(frozen=True)
class QuarantineItem:
    """``raw`` is the record without the fields that are never kept; it holds personal data and is shown masked."""

    tenant_id: UUID
    id: int
    source: str
    entity: str
    record_key: str
    source_id: str | None
    reason: str
    field_path: str
    detail: str
    raw: Any
    raw_hash: UUID
    run_id: int | None
    first_seen: datetime
    last_seen: datetime
    tries: int
    state: QuarantineState
    closed_at: datetime | None


def store_rejects(
    conn: Connection, tenant_id: UUID, source: str, entity: str, run_id: int, rejects: Sequence[Reject]
) -> None:
    """Add or count again, in the transaction of the batch. A closed item that comes back is open again.

    One statement. Of two rejects of one record the later counts. A record of more than 1 MiB is kept by its hash only.
    """
    latest = {_key(reject.record_key): reject for reject in rejects}
    if not latest:
        return
    kept = [latest[key] for key in sorted(latest)]  # one order for all writers, so that none waits for another
    values = {
        "tenant_id": tenant_id,
        "source": source,
        "entity": entity,
        "run_id": run_id,
        "record_keys": sorted(latest),
        "source_ids": [r.source_id and storable(r.source_id)[:MAX_TEXT] for r in kept],
        "reasons": [storable(r.reason)[:MAX_TEXT] for r in kept],
        "field_paths": [storable(r.field_path)[:MAX_TEXT] for r in kept],
        "details": [storable(r.detail)[:MAX_TEXT] for r in kept],
        "raws": [None if r.raw is None else storable_json(r.raw, MAX_RAW_BYTES) for r in kept],
        "raw_hashes": [r.raw_hash for r in kept],
    }
    conn.execute(query("quarantine", "store"), values)


def close_replayed(conn: Connection, tenant_id: UUID, source: str, entity: str, keys: Sequence[str]) -> int:
    """Close the open items of records that are loaded now; ``keys`` are record keys or source ids."""
    values: dict[str, Any] = {"tenant_id": tenant_id, "source": source, "entity": entity}
    if not keys or conn.execute(query("quarantine", "any_open"), values).fetchone() is None:
        return 0  # as nearly always: thousands of keys need not be sent
    values["record_keys"] = [_key(key) for key in keys]
    return conn.execute(query("quarantine", "close_replayed"), values).rowcount


def items(
    database: Database,
    tenant_id: UUID,
    *,
    state: QuarantineState | None = "open",
    source: str | None = None,
    entity: str | None = None,
    reason: str | None = None,
    limit: int,
) -> list[QuarantineItem]:
    """Last seen first, at most 1,000. ``state=None`` means every state."""
    values = {
        "tenant_id": tenant_id,
        "state": state,
        "source": source,
        "entity": entity,
        "reason": reason,
        "limit": max(1, min(limit, MAX_LISTED)),
    }
    with database.transaction(tenant_id) as conn:
        rows = conn.cursor(row_factory=class_row(QuarantineItem))
        return rows.execute(query("quarantine", "items"), values).fetchall()


def item(database: Database, tenant_id: UUID, item_id: int) -> QuarantineItem:
    """Raises InvalidRequest if the tenant has no such item."""
    with database.transaction(tenant_id) as conn:
        return _item(conn, tenant_id, item_id)


def dismiss_in(conn: Connection, tenant_id: UUID, item_id: int) -> QuarantineItem:
    """Close an item that nobody will replay. Raises Refused if it is closed, InvalidRequest if there is none."""
    closed = conn.execute(query("quarantine", "dismiss"), {"tenant_id": tenant_id, "id": item_id})
    now = _item(conn, tenant_id, item_id)
    if closed.fetchone() is None:
        raise Refused(f"quarantine item {item_id} is {now.state} already")
    return now


def _item(conn: Connection, tenant_id: UUID, item_id: int) -> QuarantineItem:
    rows = conn.cursor(row_factory=class_row(QuarantineItem))
    found = rows.execute(query("quarantine", "item"), {"tenant_id": tenant_id, "id": item_id}).fetchone()
    if found is None:
        raise InvalidRequest(
            f"this tenant has no quarantine item {item_id}; `sync-platform quarantine list` shows them"
        )
    return found


def _key(record_key: str) -> str:
    clean = storable(record_key)
    if len(clean) <= MAX_KEY:
        return clean
    return f"long:{blake2b(clean.encode(), digest_size=16).hexdigest()}"
