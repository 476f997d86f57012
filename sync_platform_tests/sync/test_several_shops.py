"""A tenant with several shops: one company, one list of members, several zones."""

from collections.abc import Iterator

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import Connect, TestClock, small_shop, within_reach
from sync_platform_tests.sync.syncing import rows, sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, assert_tables_equal_truth, ledger


@pytest.fixture
def shops(clock: TestClock) -> list[Shop]:
    """Two shops of one company, one on each coast; they list the same members."""
    west = build_shop(small_shop("west", company="Alder Group"), clock=clock.epoch)
    east = small_shop("east", "America/New_York", 8, company="Alder Group")
    return [within_reach(west), within_reach(build_shop(east, clock=clock.epoch, sibling=west))]


@pytest.fixture
def chain_source(shops: list[Shop], clock: TestClock) -> Iterator[BlazeSandbox]:
    with BlazeSandbox(shops, clock=clock.epoch) as server:
        yield server


@pytest.fixture
def chain(connect: Connect, chain_source: BlazeSandbox, shops: list[Shop]) -> Tenant:
    tenant = connect(chain_source, shops[0])
    return connect(chain_source, shops[1], tenant)


def test_all_shops_of_a_tenant_are_in_the_tables(
    platform: Platform, chain: Tenant, shops: list[Shop], chain_source: BlazeSandbox
) -> None:
    """BLZ-02: members once, whatever shop lists them; products and receipts by shop; days in each shop's zone."""
    results = sync_all(platform, chain)
    assert [result.state for result in results] == ["succeeded"] * 3
    assert_tables_equal_truth(platform.database, chain, shops)
    customers = results[1].reports[0].counters
    assert customers.inserted == len(shops[0].members)
    assert customers.unchanged == len(shops[0].members)
    assert_accounted(platform.database, chain)
    assert_calls_match(chain_source.journal, ledger(platform.database, chain))


def test_each_shop_has_cursors_of_its_own(platform: Platform, chain: Tenant, shops: list[Shop]) -> None:
    """BLZ-02, BLZ-07: the current day begins at another instant in each zone."""
    sync_all(platform, chain)
    found = rows(
        platform.database,
        chain,
        "select account, watermark at time zone (case account when 'west' then 'America/Los_Angeles'"
        " else 'America/New_York' end) from platform.sync_cursors where entity = 'transactions' order by 1",
    )
    assert [(account, f"{mark:%Y-%m-%d %H:%M}") for account, mark in found] == [
        ("east", "2026-11-20 00:00"),
        ("west", "2026-11-20 00:00"),
    ]


def test_absence_in_one_shop_says_nothing_about_the_other(platform: Platform, chain: Tenant, shops: list[Shop]) -> None:
    """SYS-15, BLZ-02: each catalogue is a pass of its own."""
    sync_all(platform, chain)
    gone = next(record["id"] for record in shops[1].truth("products") if not record["deleted"])
    shops[1].erase("products", gone)
    result = sync(platform, chain, "products", full=True)
    assert result.reports[0].counters.deleted == 1
    assert_tables_equal_truth(platform.database, chain, shops)


def test_a_refund_in_one_shop_reads_the_sale_with_that_shops_key(
    platform: Platform, chain: Tenant, shops: list[Shop], chain_source: BlazeSandbox, clock: TestClock
) -> None:
    """BLZ-08, BLZ-02."""
    sync_all(platform, chain)
    for shop in shops:
        sales = (shop.transactions.get(key) for key in shop.returnable_sales())
        shop.refund(min(sales, key=lambda record: record["completedTime"])["id"])
    clock.forward()
    sync(platform, chain, "transactions", days=1)
    asked = chain_source.journal.entries(endpoint="/transactions/{id}")
    assert [(entry.shop, entry.status) for entry in asked] == [("east", 200), ("west", 200)]
    assert_tables_equal_truth(platform.database, chain, shops)
