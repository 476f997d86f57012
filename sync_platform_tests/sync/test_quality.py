"""Every check with tables that are right and tables that are wrong (DAG-20). A check that cannot fail is none."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.finding import CheckName, Finding, Scope
from sync_platform.sync.platform import Platform
from sync_platform.sync.quality import CHECKS_OF, freshness, judge
from sync_platform.sync.request import ENTITIES
from sync_platform_tests.sync.conftest import DAYS, TODAY, request_for

RUN = "dagster-run"
FIRST = TODAY - timedelta(days=DAYS - 1)
TABLES = ("customers", "transactions", "transaction_items", "products")
Judge = Callable[..., Finding]


@pytest.fixture
def verdict(platform: Platform, owner: Tenant) -> Judge:
    """The one finding of a check over all days of a tenant whose shop has been read."""
    for entity in ENTITIES:
        assert sync_blaze(platform, request_for(owner, entity, dagster_run_id=RUN)).finished

    def look(table: str, check: CheckName, first: date = FIRST, last: date = TODAY) -> Finding:
        (found,) = judge(platform, Scope(owner, f"blaze.{table}", first, last, RUN), (check,))
        return found

    return look


@pytest.fixture
def change(platform: Platform, owner: Tenant) -> Callable[..., None]:
    """Does to the tenant's tables what no sync of ours would do."""

    def run(statement: str, *values: object) -> None:
        with platform.database.transaction(owner.id) as conn:
            conn.execute(statement, values)  # type: ignore[arg-type]

    return run


def finished_run(table: str, tenant: UUID, age: str, **columns: object) -> tuple[str, list[object]]:
    """A ledger row that ended some time ago."""
    names = ["tenant_id", "source", "entity", "kind", "state", "actor", *columns]
    values = [tenant, "blaze", table, "scheduled", "succeeded", "test", *columns.values()]
    moments = f"clock_timestamp() - interval '{age}'"
    places = ", ".join(["%s"] * len(values))
    return (
        (
            f"insert into platform.sync_runs ({', '.join(names)}, started_at, finished_at)"
            f" values ({places}, {moments}, {moments})"
        ),
        values,
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_check_of_every_table_passes_after_a_sync(verdict: Judge, table):
    """DAG-20."""
    for check in CHECKS_OF[f"blaze.{table}"]:
        found = verdict(table, check)
        assert found.passed, found


def test_accounting_fails_for_a_ledger_row_that_does_not_balance(verdict: Judge, change, owner):
    """SYS-11: in this Dagster run only."""
    change(*_spread(finished_run("products", owner.id, "1 minute", fetched=5, inserted=4, dagster_run_id="another")))
    assert verdict("products", "accounting").passed
    change(*_spread(finished_run("products", owner.id, "1 minute", fetched=5, inserted=4, dagster_run_id=RUN)))
    found = verdict("products", "accounting")
    assert (found.passed, found.bad, found.judged) == (False, 1, 2)


@pytest.mark.parametrize(("quarantined", "passed"), [(5, True), (6, False)])
def test_exactly_five_per_cent_of_rejects_are_allowed(verdict: Judge, change, owner, quarantined, passed):
    """SYS-08."""
    counters = {"fetched": 100, "inserted": 100 - quarantined, "quarantined": quarantined}
    change(*_spread(finished_run("customers", owner.id, "1 second", **counters)))
    assert verdict("customers", "rejects").passed is passed


@pytest.mark.parametrize(
    ("table", "age", "passed"),
    [
        ("customers", "64 minutes", True),
        ("customers", "66 minutes", False),
        ("products", "9 minutes", True),
        ("products", "11 minutes", False),
    ],
)
def test_freshness_is_the_age_of_the_last_success(platform, owner, change, table, age, passed):
    """OPS-02: members and transactions 60 minutes, products 5, and 5 of grace."""
    assert {one.detail for one in freshness(platform, owner, [f"blaze.{name}" for name in TABLES]).values()} == {
        "never synced"
    }
    change(*_spread(finished_run(table, owner.id, "3 hours")))
    change(*_spread(finished_run(table, owner.id, age)))
    assert freshness(platform, owner, [f"blaze.{table}"])[f"blaze.{table}"].passed is passed


def test_volume_fails_for_a_closed_day_that_lost_most_of_its_receipts(verdict: Judge, change, monkeypatch):
    """DAG-20: against the 14 days before it; the open day is not judged."""
    monkeypatch.setattr("sync_platform.sync.quality.ENOUGH_ROWS", 10)
    change("update blaze.transactions set business_day = %s", TODAY)
    for number in range(1, 17):
        day = TODAY - timedelta(days=number)
        change(
            "update blaze.transactions set business_day = %s where transaction_id in (select transaction_id"
            " from blaze.transactions where business_day = %s and deleted_at is null order by 1 limit %s)",
            day, TODAY, 10,
        )  # fmt: skip
    closed = TODAY - timedelta(days=1)
    assert verdict("transactions", "volume", closed, TODAY).judged == 1
    assert verdict("transactions", "volume", closed, TODAY).passed
    change(
        "update blaze.transactions set deleted_at = now() where business_day = %s and transaction_id in"
        " (select transaction_id from blaze.transactions where business_day = %s order by 1 limit 8)",
        closed, closed,
    )  # fmt: skip
    found = verdict("transactions", "volume", closed, TODAY)
    assert not found.passed
    assert found.detail == f"{closed}: 2 rows, usually 10"


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("customers", "update blaze.customers set phone_e164 = '+15595550100', email = 'one@example.org'"),
        ("transactions", "update blaze.transactions set trans_no = 'SAME', business_day = '2026-11-19'"),
        ("transaction_items", "update blaze.transaction_items set line_no = 0"),
        ("products", "update blaze.products set sku = 'SAME'"),
    ],
)
def test_uniqueness_fails_where_one_thing_is_stored_under_two_keys(verdict: Judge, change, table, damage):
    """DAG-20."""
    change(damage)
    found = verdict(table, "uniqueness")
    assert not found.passed
    assert 0 < found.bad <= found.judged


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("transactions", "update blaze.transactions set customer_id = 'nobody'"),
        ("transaction_items", ("update blaze.transaction_items set deleted_at = now() where order_item_id ="
         " (select min(order_item_id) from blaze.transaction_items)")),
        ("products", "update blaze.products set vendor_id = 'nobody'"),
    ],
)  # fmt: skip
def test_references_fail_where_something_is_missing(verdict: Judge, change, table, damage):
    """DAG-20: a single missing line of a receipt is enough."""
    change(damage)
    assert not verdict(table, "references").passed


@pytest.mark.parametrize(("detail", "passed"), [("required", False), ("", True)])
def test_drift_names_what_is_new_and_fails_for_a_required_field(verdict: Judge, change, owner, detail, passed):
    """SYS-17."""
    change(
        "insert into platform.schema_drift (tenant_id, source, entity, path, kind, detail)"
        " values (%s, 'blaze', 'customers', 'surprise', 'missing_field', %s)",
        owner.id, detail,
    )  # fmt: skip
    found = verdict("customers", "drift")
    assert found.passed is passed
    assert "missing_field surprise" in found.detail


def _spread(statement: tuple[str, list[object]]) -> list[object]:
    return [statement[0], *statement[1]]
