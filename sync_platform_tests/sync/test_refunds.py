"""A refund changes a sale that does not come back by itself."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.quarantine import items
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync import blaze
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.syncing import one, sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, assert_tables_equal_truth, ledger

BY_ID = "/transactions/{id}"


def oldest_sale(shop: Shop) -> str:
    """Completed long before today, with something to take back."""
    sales = (shop.transactions.get(key) for key in shop.returnable_sales())
    return str(min(sales, key=lambda r: r["completedTime"])["id"])


def test_a_refund_reads_its_sale_again_by_id(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """BLZ-08: nine days apart, and the window of today shows the refund only. One call, once."""
    sync_all(platform, owner)
    sale = oldest_sale(shop)
    shop.refund(sale, lines=1)
    clock.forward()
    sandbox.journal.clear()
    result = sync(platform, owner, "transactions", days=1)
    assert result.state == "succeeded"
    assert sandbox.journal.count(endpoint=BY_ID) == 1
    assert_tables_equal_truth(platform.database, owner, [shop])
    sync(platform, owner, "transactions", days=1)
    sync(platform, owner, "transactions")
    assert sandbox.journal.count(endpoint=BY_ID) == 1


def test_an_exchange_reads_its_sale_again_too(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """BLZ-08."""
    sync_all(platform, owner)
    sale = shop.transactions.get(oldest_sale(shop))
    exchange = shop.add_sale(transType="Exchange", parentTransactionId=sale["id"])
    shop.modify("transactions", sale["id"], transactionRefundStatus="Partial_Refund", modified=exchange["modified"])
    clock.forward()
    sync(platform, owner, "transactions", days=1)
    assert sandbox.journal.count(endpoint=BY_ID) == 1
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_first_load_reads_no_sale_twice(
    platform: Platform, make_platform: MakePlatform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """BLZ-08: a sale whose version is as new as its refund's is current, in whatever batch it came."""
    sync(make_platform(sync={"batch_records": 1}), owner, "transactions")
    assert sandbox.journal.count(endpoint=BY_ID) == 0
    assert_tables_equal_truth(platform.database, owner, [shop], ["transactions"])


def test_a_crash_between_refund_and_sale_loses_nothing(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLZ-08, SYS-09: the refund is committed, the process ends before the sale is read; the next run reads it."""
    sync_all(platform, owner)
    shop.refund(oldest_sale(shop))
    clock.forward()

    class Crash(BaseException):
        pass

    def crash(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(blaze, "reread_parents", crash)
        with pytest.raises(Crash):
            sync(platform, owner, "transactions", days=1)
    sync(platform, owner, "transactions", days=1)
    assert_tables_equal_truth(platform.database, owner, [shop])
    assert_accounted(platform.database, owner)


def test_an_unknown_sale_goes_to_quarantine_once_and_costs_no_call_later(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """BLZ-08, SYS-08."""
    sync_all(platform, owner)
    shop.add_sale(transType="Refund", parentTransactionId="never/there?")
    clock.forward()
    sandbox.journal.clear()
    before = ledger(platform.database, owner)
    for _ in range(3):
        assert sync(platform, owner, "transactions", days=1).state == "succeeded"
    assert sandbox.journal.count(endpoint=BY_ID) == 1
    [item] = items(platform.database, owner.id, limit=10)
    assert (item.reason, item.source_id, item.tries) == ("parent_not_found", "never/there?", 1)
    assert_calls_match(sandbox.journal, ledger(platform.database, owner)[len(before) :])


@pytest.mark.parametrize("spoil", [lambda r: r | {"modified": "soon"}, lambda r: r | {"cart": {"total": 1e15}}])
def test_a_sale_that_cannot_be_loaded_is_not_asked_for_again(
    platform: Platform,
    owner: Tenant,
    shop: Shop,
    clock: TestClock,
    sandbox: BlazeSandbox,
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """SYS-08: it is in the quarantine; the refunds that name it do not cost a call per run."""
    sync_all(platform, owner)
    sale = oldest_sale(shop)
    shop.refund(sale)
    whole = shop.transactions.get(sale)
    shop.transactions._bodies[sale] = msgspec.json.encode(spoil(whole))
    clock.forward()
    for _ in range(3):
        sync(platform, owner, "transactions", days=1)
    assert sandbox.journal.count(endpoint=BY_ID) == 1
    assert one(platform.database, owner, "select count(*) from platform.quarantine where state = 'open'") == (1,)


def test_a_sale_known_missing_is_read_again_for_a_later_refund_once_it_is_there(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """BLZ-08: a closed quarantine item does not stop what comes later."""
    sale = shop.transactions.get(oldest_sale(shop))
    shop.erase("transactions", sale["id"])
    shop.add_sale(transType="Refund", parentTransactionId=sale["id"])
    clock.forward()
    sync(platform, owner, "transactions")
    shop.publish("transactions", sale)
    sync(platform, owner, "transactions")
    assert items(platform.database, owner.id, limit=10) == []
    shop.refund(sale["id"])
    clock.forward()
    sync(platform, owner, "transactions", days=1)
    assert_tables_equal_truth(platform.database, owner, [shop], ["transactions"])
