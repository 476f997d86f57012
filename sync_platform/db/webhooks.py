"""What is told without being asked, and where that may be done: endpoints and events (MX-21 to MX-24, CRM-11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.json_text import storable
from sync_platform.db.queries import query

EventState = Literal["new", "handled", "refused", "failed"]
MAX_PROBLEM = 500


@dataclass(frozen=True)
class DueEvent:
    """An event that waits. ``subject`` is what has to be read at the source; ``kind`` is blank if a source told it."""

    id: int
    account: str
    subject: str
    tries: int
    kind: str


@dataclass(frozen=True)
class StoredEvent:
    """An event as it may be shown: without its body."""

    id: int
    source: str
    kind: str
    account: str
    subject: str
    state: EventState
    tries: int
    received_at: datetime
    due_at: datetime
    handled_at: datetime | None
    problem: str | None
    run_id: int | None


def add_endpoint(
    conn: Connection[Any], tenant_id: UUID, source: str, token_hash: str, now: datetime, actor: str
) -> None:
    """Let whoever knows the token deliver."""
    values = {"tenant": tenant_id, "source": source, "token_hash": token_hash, "now": now, "actor": actor}
    conn.execute(query("webhooks", "add_endpoint"), values)


def revoke_endpoints(conn: Connection[Any], tenant_id: UUID, source: str, now: datetime, keep: str = "") -> int:
    """Close all endpoints but the one whose token has the hash ``keep``; how many were open."""
    values = {"tenant": tenant_id, "source": source, "now": now, "keep": keep}
    return conn.execute(query("webhooks", "revoke_endpoints"), values).rowcount


def endpoints(conn: Connection[Any], tenant_id: UUID, source: str) -> dict[str, bool]:
    """Hashes of all tokens there were, and whether they are good."""
    return dict(conn.execute(query("webhooks", "endpoints"), {"tenant": tenant_id, "source": source}).fetchall())


def active_accounts(conn: Connection[Any], tenant_id: UUID, source: str) -> set[str]:
    """Names of the tenant's accounts, for a role that sees no secrets."""
    return {row[0] for row in conn.execute(query("webhooks", "accounts"), {"tenant": tenant_id, "source": source})}


def store_event(conn: Connection[Any], values: Mapping[str, Any]) -> int | None:
    """The id of a new event; None where the same content is there already (MX-22)."""
    row = conn.execute(query("webhooks", "store"), {"kind": "", **values}).fetchone()
    return int(row[0]) if row else None


def due_events(conn: Connection[Any], tenant_id: UUID, source: str, now: datetime, limit: int) -> list[DueEvent]:
    """Those that wait, the longest first."""
    values = {"tenant": tenant_id, "source": source, "now": now, "limit": limit}
    return conn.cursor(row_factory=class_row(DueEvent)).execute(query("webhooks", "due"), values).fetchall()


def phones_of(conn: Connection[Any], tenant_id: UUID, ids: Sequence[int]) -> dict[str, str]:
    """By subject, what the newest booking among these events says (CRM-11)."""
    return dict(conn.execute(query("webhooks", "phones"), {"tenant": tenant_id, "ids": list(ids)}).fetchall())


def mark_handled(conn: Connection[Any], tenant_id: UUID, ids: Sequence[int], run_id: int, now: datetime) -> None:
    """In the transaction of the data (F-46)."""
    values = {"tenant": tenant_id, "ids": list(ids), "run": run_id, "now": now}
    conn.execute(query("webhooks", "handled"), values)


def mark_failed(
    conn: Connection[Any], tenant_id: UUID, problems: Mapping[int, str], run_id: int, now: datetime, tries: int
) -> None:
    """To be tried again after a while, ``tries`` times in all."""
    values = {
        "tenant": tenant_id,
        "ids": list(problems),
        "problems": [storable(problem)[:MAX_PROBLEM] for problem in problems.values()],
        "run": run_id,
        "now": now,
        "tries": tries,
    }
    conn.execute(query("webhooks", "failed"), values)


def stored_events(
    conn: Connection[Any], tenant_id: UUID, *, state: EventState | None = None, limit: int = 100
) -> list[StoredEvent]:
    """Newest first."""
    values = {"tenant": tenant_id, "state": state, "limit": limit}
    return conn.cursor(row_factory=class_row(StoredEvent)).execute(query("webhooks", "newest"), values).fetchall()
