"""The retry list: what a run could not fetch or find; the next run begins with it (MX-06, MX-12, CRM-15)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.json_text import storable
from sync_platform.db.queries import query

#: Entity and key of an item.
Item = tuple[str, str]
#: Items that one run takes up at most; the oldest first.
MAX_DUE = 5_000
MAX_REASON = 500


@dataclass(frozen=True)
class RetryPlace:
    """Whose list, and which run writes into it. ``now`` is the platform's clock."""

    tenant_id: UUID
    source: str
    account: str
    run_id: int
    now: datetime

    def values(self) -> dict[str, Any]:
        """As the queries name them."""
        return {
            "tenant": self.tenant_id,
            "source": self.source,
            "account": self.account,
            "run": self.run_id,
            "now": self.now,
        }


@dataclass(frozen=True)
class RetryItem:
    """One row of the list."""

    account: str
    entity: str
    item_key: str
    reason: str
    tries: int
    first_failed_at: datetime
    last_failed_at: datetime
    state: str


def due_items(conn: Connection[Any], place: RetryPlace, tries: int, pause: timedelta) -> list[Item]:
    """Open items that were tried ``tries`` times at most, or not within ``pause``."""
    values = {**place.values(), "tries": tries, "pause": pause, "limit": MAX_DUE}
    return [(entity, key) for entity, key in conn.execute(query("retry", "due"), values)]


def note_failed(
    conn: Connection[Any], place: RetryPlace, reasons: Mapping[Item, str], *, review_after: int | None = None
) -> None:
    """Add or count again, in the transaction of the batch. After ``review_after`` failures an item waits for a person:
    its state is ``review`` until it is done (CRM-15)."""
    if not reasons:
        return
    values = {
        **place.values(),
        "entities": [entity for entity, _ in reasons],
        "keys": [key for _, key in reasons],
        "reasons": [storable(reason)[:MAX_REASON] for reason in reasons.values()],
        "review_after": review_after,
    }
    conn.execute(query("retry", "failed"), values)


def note_done(conn: Connection[Any], place: RetryPlace, items: Collection[Item]) -> None:
    """Close what is fetched or found now, or settled otherwise."""
    if not items or conn.execute(query("retry", "any_open"), place.values()).fetchone() is None:
        return  # as nearly always: the keys need not be sent
    ordered = sorted(items)
    values = {**place.values(), "entities": [item[0] for item in ordered], "keys": [item[1] for item in ordered]}
    conn.execute(query("retry", "done"), values)


def retry_items(
    conn: Connection[Any], tenant_id: UUID, source: str, *, only_open: bool = True, limit: int
) -> list[RetryItem]:
    """Those that wait for a person first, then open ones, then by the last failure."""
    values = {"tenant": tenant_id, "source": source, "open": only_open, "limit": limit}
    return conn.cursor(row_factory=class_row(RetryItem)).execute(query("retry", "items"), values).fetchall()
