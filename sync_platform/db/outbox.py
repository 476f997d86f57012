"""What others are told about: written with the data, delivered at least once, in order per subject (CSV-19)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.redact import redact_text
from sync_platform.db.json_text import storable
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

MAX_PROBLEM = 500


@dataclass(frozen=True)
class OutboxMessage:
    """``id`` tells a receiver what it has seen already; ``tries`` counts this one."""

    id: int
    topic: str
    subject: str
    payload: dict[str, Any]
    created_at: datetime
    tries: int


def add(
    conn: Connection[Any], tenant_id: UUID, topic: str, subject: str, payload: Mapping[str, Any], now: datetime
) -> int:
    """The id of a message that leaves when this transaction is committed."""
    values = {"tenant": tenant_id, "topic": topic, "subject": subject, "payload": Jsonb(dict(payload)), "now": now}
    row = conn.execute(query("outbox", "add"), values).fetchone()
    assert row is not None
    return int(row[0])


def due(database: Database, tenant_id: UUID, *, now: datetime, limit: int, seconds: float) -> list[OutboxMessage]:
    """Take the oldest messages that may leave, for ``seconds``; after that they are due again.

    To be delivered in this order. Where one fails, the later ones about its subject must not be sent.
    """
    values = {"tenant": tenant_id, "now": now, "limit": limit, "seconds": seconds}

    def take(conn: Connection[Any]) -> list[OutboxMessage]:
        conn.execute(query("outbox", "lock"), values)  # two that take at once would mix up the order
        return conn.cursor(row_factory=class_row(OutboxMessage)).execute(query("outbox", "take"), values).fetchall()

    return database.run(take, tenant_id)


def delivered(database: Database, tenant_id: UUID, ids: Sequence[int], now: datetime) -> None:
    """These arrived."""
    values = {"tenant": tenant_id, "ids": list(ids), "now": now}
    database.run(lambda conn: conn.execute(query("outbox", "delivered"), values), tenant_id)


def failed(database: Database, tenant_id: UUID, message_id: int, problem: str, *, now: datetime, pause: float) -> None:
    """This one is to be tried again, after ``pause`` seconds that double with each try; so are those behind it."""
    values = {
        "tenant": tenant_id,
        "id": message_id,
        "problem": storable(redact_text(problem))[:MAX_PROBLEM],
        "now": now,
        "pause": pause,
    }
    database.run(lambda conn: conn.execute(query("outbox", "failed"), values), tenant_id)


def waiting(database: Database, tenant_id: UUID) -> tuple[int, datetime | None]:
    """How many are not delivered, and since when the oldest waits."""
    with database.transaction(tenant_id) as conn:
        row = conn.execute(query("outbox", "waiting"), {"tenant": tenant_id}).fetchone()
    assert row is not None
    return int(row[0]), row[1]


@dataclass(frozen=True)
class Stuck:
    """A message that failed at least once, and when it is tried again."""

    id: int
    topic: str
    subject: str
    tries: int
    due_at: datetime
    problem: str | None


def stuck(database: Database, tenant_id: UUID, limit: int = 20) -> list[Stuck]:
    """The oldest that failed and are not delivered."""
    with database.transaction(tenant_id) as conn:
        rows = conn.cursor(row_factory=class_row(Stuck))
        return rows.execute(query("outbox", "stuck"), {"tenant": tenant_id, "limit": limit}).fetchall()


def purge(database: Database, tenant_id: UUID, before: datetime) -> int:
    """Remove what was delivered before; how many."""
    values = {"tenant": tenant_id, "before": before}
    return database.run(lambda conn: conn.execute(query("outbox", "purge"), values).rowcount, tenant_id)
