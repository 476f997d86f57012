"""Asks for syncs the way the tests need them, and looks at what the tables hold."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.journal import Journal
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, Entity, SyncRequest, SyncResult

DATA_TABLES = ("customers", "transactions", "transaction_items", "products", "lookups")
# far enough back for every record of a small shop
WHOLE = 45


def ask(tenant: Tenant, entity: Entity, platform: Platform, last: int = WHOLE, **values: Any) -> SyncRequest:
    """The last ``last`` days up to today in the tenant's zone."""
    today = platform.clock().astimezone(tenant.zone).date()
    fields: dict[str, Any] = {"days": (last_days(today, last),), "kind": "manual", "actor": "test"}
    return SyncRequest(tenant, entity, **(fields | values))


def last_days(today: date, days: int) -> tuple[date, date]:
    """``days`` days up to and with ``today``."""
    return today - timedelta(days=days - 1), today


def calls_since(journal: Journal) -> dict[str, int]:
    """Requests since the last time this was asked, by endpoint, as the stand-in counts them."""
    counted = {endpoint: sum(by.values()) for endpoint, by in journal.counts().items()}
    journal.clear()
    return counted


def sync(platform: Platform, tenant: Tenant, entity: Entity, days: int = WHOLE, **values: Any) -> SyncResult:
    """One entity. ``ranges`` asks for other days than the last ones."""
    if ranges := values.pop("ranges", None):
        values["days"] = ranges
    return sync_blaze(platform, ask(tenant, entity, platform, days, **values))


def sync_all(platform: Platform, tenant: Tenant, days: int = WHOLE, **values: Any) -> list[SyncResult]:
    """Products, customers, transactions, in this order."""
    return [sync(platform, tenant, entity, days, **values) for entity in ENTITIES]


def versions(database: Database, tenant: Tenant, tables: Sequence[str] = DATA_TABLES) -> dict[str, list[Any]]:
    """Which transaction wrote each row last: equal before and after means that nothing was written."""
    found = {}
    with database.transaction(tenant.id) as conn:
        for table in tables:
            rows = conn.execute(f"select ctid::text, xmin::text from blaze.{table} order by 1")  # type: ignore[arg-type]
            found[table] = rows.fetchall()
    return found


def rows(database: Database, tenant: Tenant, statement: str, *values: Any) -> list[Any]:
    """Rows of a query under the tenant."""
    with database.transaction(tenant.id) as conn:
        return conn.execute(statement, values).fetchall()  # type: ignore[arg-type]


def one(database: Database, tenant: Tenant, statement: str, *values: Any) -> Any:
    """The only row of a query under the tenant."""
    [row] = rows(database, tenant, statement, *values)
    return row
