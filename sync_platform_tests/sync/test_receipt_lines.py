"""Lines of a receipt are replaced as a set."""

from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import rows, sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

Record = dict[str, Any]
LINES = (
    "select order_item_id, quantity, deleted_at is not null from blaze.transaction_items"
    " where transaction_id = %s order by line_no, order_item_id"
)


@pytest.fixture
def sale(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock) -> Record:
    """A loaded sale of three lines, two of them alike but for their id."""
    record = shop.add_sale()
    line = record["cart"]["items"][0] | {"quantity": 1.0}
    record["cart"]["items"] = [line | {"id": name, "orderItemId": name} for name in ("a", "b", "c")]
    shop.publish("transactions", record)
    clock.forward()
    sync_all(platform, owner)
    return record


def changed(shop: Shop, clock: TestClock, sale: Record, items: list[Record]) -> None:
    shop.modify("transactions", sale["id"], cart=sale["cart"] | {"items": items})
    clock.forward()


def test_equal_lines_stay_two(platform: Platform, owner: Tenant, sale: Record) -> None:
    """BLZ-12: the same product, quantity and price rung up twice."""
    assert [row[0] for row in rows(platform.database, owner, LINES, sale["id"])] == ["a", "b", "c"]


def test_a_changed_quantity_changes_the_line(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sale: Record
) -> None:
    """BLZ-12: one line is updated, none is added, the others are not written."""
    first, *others = sale["cart"]["items"]
    changed(shop, clock, sale, [first | {"quantity": 5.0}, *others])
    counters = sync(platform, owner, "transactions").reports[1].counters
    assert (counters.inserted, counters.updated, counters.deleted) == (0, 1, 0)
    found = rows(platform.database, owner, LINES, sale["id"])
    assert [(key, int(quantity), gone) for key, quantity, gone in found] == [
        ("a", 5, False),
        ("b", 1, False),
        ("c", 1, False),
    ]


def test_a_line_gone_at_the_source_is_deleted_and_may_come_back(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sale: Record
) -> None:
    """BLZ-12, SYS-15."""
    first, *others = sale["cart"]["items"]
    changed(shop, clock, sale, others)
    assert sync(platform, owner, "transactions").reports[1].counters.deleted == 1
    assert_tables_equal_truth(platform.database, owner, [shop])
    changed(shop, clock, sale, [first, *others])
    counters = sync(platform, owner, "transactions").reports[1].counters
    assert (counters.inserted, counters.revived, counters.deleted) == (0, 1, 0)
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_all_lines_may_go(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sale: Record) -> None:
    """BLZ-12: an emptied receipt keeps no living line."""
    changed(shop, clock, sale, [])
    assert sync(platform, owner, "transactions").reports[1].counters.deleted == 3
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_line_without_an_id_is_keyed_by_its_position(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sale: Record
) -> None:
    """BLZ-12: marked ``synthetic_key``; a second read finds the same line."""
    items = [item | {"orderItemId": None} for item in sale["cart"]["items"][:2]]
    changed(shop, clock, sale, items)
    sync(platform, owner, "transactions")
    found = rows(
        platform.database,
        owner,
        "select order_item_id from blaze.transaction_items where transaction_id = %s and synthetic_key"
        " and deleted_at is null order by 1",
        sale["id"],
    )
    assert found == [("#1",), ("#2",)]
    again = sync(platform, owner, "transactions", verify=True).reports[1].counters
    assert again.written == 0


def test_a_line_key_that_repeats_within_a_receipt_is_counted(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sale: Record
) -> None:
    """SYS-05, SYS-11: the last one wins, the other is a duplicate; the identity of the lines holds."""
    first, second, third = sale["cart"]["items"]
    changed(shop, clock, sale, [first, second | {"orderItemId": "a", "quantity": 7.0}, third])
    counters = sync(platform, owner, "transactions").reports[1].counters
    assert counters.duplicate_in_batch == 1
    assert counters.deleted == 1
    assert counters.balanced
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_line_written_before_its_product_gets_flower_type_and_strain_later(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-22: from the product, whichever of the two comes first, and when the product changes."""
    sync(platform, owner, "transactions")
    sync(platform, owner, "products")
    assert_tables_equal_truth(platform.database, owner, [shop], ["products", "transaction_items"])
    sold = next(r for r in shop.truth("transactions") if r["cart"] and r["cart"]["items"])
    ware = sold["cart"]["items"][0]["productId"]
    shop.modify("products", ware, flowerType="Ruderalis", genetics="Another Cross")
    clock.forward()
    sync(platform, owner, "products", days=1)
    assert_tables_equal_truth(platform.database, owner, [shop], ["products", "transaction_items"])
    assert_accounted(platform.database, owner)
