"""The audit log: appended in the transaction of what it tells about, and read by page (SEC-30)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.db.json_text import storable
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

#: Whose chain holds what is about no tenant: failed sign-ins, grants of the whole platform (docs/decisions/0021).
PLATFORM_CHAIN = UUID(int=0)
MAX_PAGE = 1000


@dataclass(frozen=True)
class AuditEntry:
    """One entry as it is shown. Hashes are hexadecimal; ``before_hash`` and ``after_hash`` are of canonical JSON."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    request_id: str | None
    address: str | None
    before_hash: str | None
    after_hash: str | None
    hash: str


def audit(
    conn: Connection[Any],
    tenant_id: UUID,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    request_id: str | None = None,
    address: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Who did what to what, from where; of ``before`` and ``after`` only hashes are kept.

    Call it last in a transaction, and in a short one: until it ends, nobody else appends for this tenant. Secrets and
    personal data never: not in ``detail``, and not in ``before`` and ``after`` either, whose hashes could be guessed.
    """
    values = {
        "tenant": tenant_id,
        "actor": storable(actor)[:200],
        "action": action,
        "subject": storable(subject)[:500],
        "detail": Jsonb(dict(detail)),
        "request_id": None if request_id is None else storable(request_id)[:200],
        "address": None if address is None else storable(address)[:100],
        "before_hash": state_hash(before),
        "after_hash": state_hash(after),
    }
    conn.execute(query("audit", "append"), values)


def state_hash(state: Any) -> bytes | None:
    """SHA-256 of canonical JSON: keys in order, no blanks. None where there is nothing to tell of."""
    if state is None:
        return None
    text = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).digest()


def audit_page(
    database: Database,
    tenant_id: UUID,
    *,
    before_id: int | None = None,
    limit: int = 50,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[AuditEntry]:
    """Newest first, at most 1,000. ``before_id`` is the last one of the page before; ``action`` a beginning."""
    values = {
        "tenant": tenant_id,
        "before_id": before_id,
        "limit": max(1, min(limit, MAX_PAGE)),
        "actor": actor,
        "action": action,
        "since": since,
        "until": until,
    }
    with database.transaction(tenant_id, "sp_audit") as conn:
        return conn.cursor(row_factory=class_row(AuditEntry)).execute(query("audit", "page"), values).fetchall()
