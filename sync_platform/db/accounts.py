"""What is to be done at a source, for many tenants in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sync_platform.db.pool import Database
from sync_platform.db.queries import query


@dataclass(frozen=True)
class Due:
    """Events that are due: how many, the newest one's number, and all their tries."""

    events: int
    newest: int | None
    tries: int | None


def tenants_at(database: Database, source: str, tenants: Sequence[UUID], now: datetime) -> dict[UUID, Due]:
    """Those with an active account at the source. Nothing is due where the source refused the tenant's keys."""
    values = {"source": source, "tenants": list(tenants), "now": now}
    rows = database.run(lambda conn: conn.execute(query("credentials", "accounts_at"), values).fetchall())
    return {tenant: Due(*due) for tenant, *due in rows}
