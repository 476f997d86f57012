"""Whether the tables hold the truth: what the shop's own records make of them, computed a second time, row by row."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.journal import Journal
from sync_platform.sandbox.shop import Shop
from sync_platform_tests.sync.expected_rows import Record, customer, lines, product, receipt, words

Rows = dict[tuple[str, ...], Record]

KEYS = {
    "customers": ("member_id",),
    "transactions": ("transaction_id",),
    "transaction_items": ("transaction_id", "order_item_id"),
    "products": ("product_id",),
}


def expected_rows(tenant: Tenant, shops: Sequence[Shop]) -> dict[str, Rows]:
    """The rows of all four tables. Business days are the tenant's (SYS-02)."""
    zone = ZoneInfo(tenant.zone_name)
    wares = {record["id"]: record for shop in shops for record in shop.truth("products")}
    vendors = {v["id"]: words(v["name"]) for shop in shops for v in shop.truth("vendors")}
    found: dict[str, list[Record]] = {name: [] for name in KEYS}
    found["products"] = [product(record, zone, vendors) for record in wares.values()]
    for shop in shops:
        found["customers"] += [customer(record, zone) for record in shop.truth("members")]
        for record in shop.truth("transactions"):
            found["transactions"].append(receipt(record, zone))
            found["transaction_items"] += lines(record, wares)
    return {name: {tuple(row[k] for k in KEYS[name]): row for row in rows} for name, rows in found.items()}


def stored_rows(database: Database, tenant: Tenant, table: str) -> Rows:
    """All columns of all rows, deleted ones too."""
    with database.transaction(tenant.id) as conn:
        found = conn.cursor(row_factory=dict_row).execute(f"select * from blaze.{table}").fetchall()  # type: ignore[arg-type]
    return {tuple(row[k] for k in KEYS[table]): row for row in found}


def assert_tables_equal_truth(
    database: Database, tenant: Tenant, shops: Sequence[Shop], tables: Iterable[str] = tuple(KEYS)
) -> None:
    """Every mapped column of every row equals the shops' records (I2, I3); what they no longer have is deleted."""
    expected = expected_rows(tenant, shops)
    for table in tables:
        stored, wanted = stored_rows(database, tenant, table), expected[table]
        missing = wanted.keys() - stored.keys()
        assert not missing, f"{table}: {len(missing)} rows are missing, such as {sorted(missing)[:3]}"
        alive = [key for key in stored.keys() - wanted.keys() if stored[key]["deleted_at"] is None]
        assert not alive, f"{table}: {len(alive)} rows should be deleted, such as {sorted(alive)[:3]}"
        wrong = [text for key, row in wanted.items() for text in _differences(key, row, stored[key])]
        assert not wrong, f"{table}: {len(wrong)} values differ, such as {wrong[:5]}"


def _differences(key: tuple[str, ...], wanted: Record, stored: Record) -> Iterable[str]:
    for name, value in wanted.items():
        found = stored["deleted_at"] is not None if name == "deleted" else stored[name]
        if found != value:
            yield f"{'/'.join(key)} {name}: {found!r}, expected {value!r}"


def ledger(database: Database, tenant: Tenant) -> list[Record]:
    """All rows of the run ledger, oldest first."""
    with database.transaction(tenant.id) as conn:
        return ledger_rows(conn)


def ledger_rows(conn: Connection[Any]) -> list[Record]:
    """The same, as a transaction of the tenant sees them."""
    return conn.cursor(row_factory=dict_row).execute("select * from platform.sync_runs order by id").fetchall()


def assert_accounted(database: Database, tenant: Tenant) -> None:
    """SYS-11 for every row of the ledger, and none is left running."""
    fates = ("inserted", "updated", "unchanged", "stale", "duplicate_in_batch", "quarantined")
    for run in ledger(database, tenant):
        assert run["fetched"] == sum(run[fate] for fate in fates), run
        assert run["state"] in ("succeeded", "partial", "failed", "cancelled"), run
        assert run["error_class"] != "LedgerUnbalanced", run


def calls_of(runs: Iterable[Record]) -> dict[str, int]:
    """Real requests by endpoint, as the ledger counted them."""
    counted: dict[str, int] = {}
    for run in runs:
        for endpoint, statuses in run["calls"].items():
            counted[endpoint] = counted.get(endpoint, 0) + sum(statuses.values())
    return counted


def assert_calls_match(
    journal: Journal, runs: Sequence[Record], served: Callable[[str], bool] = lambda _: True
) -> None:
    """HTTP-11, I6: what the ledger counted is what the stand-in received, endpoint by endpoint.

    ``served`` tells by the shop's name which requests belong to these runs.
    """
    received: dict[str, int] = {}
    for entry in journal.entries():
        if served(entry.shop):
            received[entry.endpoint] = received.get(entry.endpoint, 0) + 1
    assert calls_of(runs) == received
    assert sum(run["api_calls"] for run in runs) == sum(received.values())
