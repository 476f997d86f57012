"""What changes at the source changes in the tables, and nothing else."""

from decimal import Decimal
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import one, rows, sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

MINUTE = 60_000


def test_only_changed_records_are_written(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock) -> None:
    """SYS-05: one row per change, the rest untouched."""
    sync_all(platform, owner)
    clock.forward()
    member, ware = shop.members.ids()[3], shop.products.ids()[5]
    shop.modify("members", member, firstName="Renée")
    shop.modify("products", ware, unitPrice=12.34)
    shop.add_member()
    shop.add_sale()
    clock.forward()
    products, customers, sales = sync_all(platform, owner, days=3)
    assert (products.reports[0].counters.inserted, products.reports[0].counters.updated) == (0, 1)
    assert (customers.reports[0].counters.inserted, customers.reports[0].counters.updated) == (1, 1)
    assert (sales.reports[0].counters.inserted, sales.reports[0].counters.updated) == (1, 0)
    changed = rows(
        platform.database, owner, "select member_id from blaze.customers where first_seen_at < last_changed_at"
    )
    assert changed == [(member,)]
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_text_is_stored_composed_and_free_text_is_not_trimmed(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-21: NFC, no NUL, free text with its own white space; names are put together from trimmed parts."""
    member = shop.members.ids()[0]
    shop.modify("members", member, firstName=" Rene\u0301e\x00 ", lastName=" ", email=" a@example.org ")
    clock.forward()
    sync(platform, owner, "customers")
    found = one(platform.database, owner, "select name, email from blaze.customers where member_id = %s", member)
    assert found == ("Ren\u00e9e", " a@example.org ")


def test_money_goes_through_exactly(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock) -> None:
    """SYS-01: digits that a binary float would change."""
    ware = shop.products.ids()[0]
    shop.modify("products", ware, unitPrice=1234567890.1234, purchasePrice=0.1)
    sync(platform, owner, "products")
    found = one(platform.database, owner, "select retail_price, cost from blaze.products where product_id = %s", ware)
    assert found == (Decimal("1234567890.1234"), Decimal("0.1000"))


def test_an_older_version_is_refused(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock) -> None:
    """SYS-05: older than what is stored is counted as stale and not written, its lines neither."""
    sale = shop.add_sale()
    clock.forward()
    sync(platform, owner, "transactions")
    old = sale | {"modified": sale["modified"] - MINUTE, "pointsEarned": 99.0}
    old["cart"] = sale["cart"] | {"items": []}
    shop.publish("transactions", old)
    result = sync(platform, owner, "transactions")
    assert [report.counters.stale for report in result.reports] == [1, 0]
    assert result.reports[0].counters.written == result.reports[1].counters.written == 0
    lines = one(
        platform.database,
        owner,
        "select count(*) from blaze.transaction_items where transaction_id = %s and deleted_at is null",
        sale["id"],
    )
    assert lines == (len(sale["cart"]["items"]),)


def test_a_record_that_comes_twice_is_counted_as_a_duplicate(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, clock: TestClock
) -> None:
    """SYS-05, SYS-11: the second page shows a sale of the first one again, changed; the last one wins."""
    sandbox.faults.add(Fault(kind="duplicate_page", path="/transactions", after=1, times=1))
    sandbox.faults.add(Fault(kind="changed_row", path="/transactions", after=1, times=1, rows=0))
    result = sync(platform, owner, "transactions", days=7)
    receipts, lines = (report.counters for report in result.reports)
    assert receipts.duplicate_in_batch == 1
    assert lines.duplicate_in_batch >= 1
    assert receipts.balanced
    assert lines.balanced
    sandbox.faults.clear()
    sync(platform, owner, "transactions", verify=True)
    assert_accounted(platform.database, owner)
    assert_tables_equal_truth(platform.database, owner, [shop], ["transactions"])


def test_more_records_of_one_instant_than_a_page_holds(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """Section 18, trap 1; F-28: 350 members modified in the same millisecond."""
    at = int(clock.epoch() * 1000) - MINUTE
    for number in range(350):
        shop.add_member(modified=at, created=at, firstName=f"Same {number}")
    result = sync(platform, owner, "customers")
    assert result.reports[0].counters.inserted == len(shop.members)
    assert_tables_equal_truth(platform.database, owner, [shop], ["customers"])


def test_deleted_records_are_soft_deleted_and_come_back(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-15: the source's flag is honoured at once; a row that comes back is revived. Archived is not deleted."""
    sync_all(platform, owner)
    live = {e: [r["id"] for r in shop.truth(e) if not r["deleted"]] for e in ("members", "products")}
    for entity, ids in live.items():
        shop.delete(entity, ids[0])  # type: ignore[arg-type]
    shop.modify("products", live["products"][1], archived=True, active=False)
    clock.forward()
    sync_all(platform, owner, days=2)
    assert_tables_equal_truth(platform.database, owner, [shop])
    shop.modify("members", live["members"][0], deleted=False)
    clock.forward()
    revived = sync(platform, owner, "customers", days=2)
    assert (revived.reports[0].counters.updated, revived.reports[0].counters.revived) == (1, 1)
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_late_change_of_an_old_sale_is_found_by_the_trailing_period(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-08, trap 2: a void of last week is not in today's window; 30 days read again find it."""
    sync_all(platform, owner)
    old = min(
        (r for r in shop.truth("transactions") if r["status"] == "Completed" and r["transType"] == "Sale"),
        key=lambda r: r["completedTime"],
    )
    shop.void(old["id"])
    clock.forward()
    assert sync(platform, owner, "transactions", days=1).reports[0].counters.written == 0
    result = sync(platform, owner, "transactions", days=platform.settings.blaze.trailing_days)
    assert result.reports[0].counters.updated == 1
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_record_published_late_is_found_within_the_overlap(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """Trap 2, F-29: committed at the source after our read, with an earlier ``modified``."""
    shop.add_member()
    clock.forward()
    sync(platform, owner, "customers")
    newest: Any = one(
        platform.database, owner, "select watermark from platform.sync_cursors where entity = 'customers'"
    )[0]
    late = int(newest.timestamp() * 1000) - 2 * MINUTE
    shop.add_member(modified=late, created=late)
    clock.forward()
    assert sync(platform, owner, "customers", days=1).reports[0].counters.inserted == 1
