"""Records that cannot be loaded stay behind; the good ones beside them go on."""

from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.quarantine import items
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform.sync.replay import replay
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.syncing import one, rows, sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

CURSORS = "select entity, watermark, window_start, position from platform.sync_cursors order by 1"


def spoil(shop: Shop, ids: list[str], **fields: Any) -> dict[str, dict[str, Any]]:
    """Make members unloadable; returns what they were."""
    whole = {key: shop.members.get(key) for key in ids}
    for key in ids:
        shop.modify("members", key, **(fields or {"loyaltyPoints": "a lot"}))
    return whole


def test_bad_records_are_quarantined_beside_good_ones(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-08, SYS-11: reason, field, id, tries; the page goes on; a second run counts the try again."""
    [bad] = shop.members.ids()[:1]
    spoil(shop, [bad])
    clock.forward()
    for tries in (1, 2):
        result = sync(platform, owner, "customers")
        assert result.state == "succeeded"
        assert result.reports[0].counters.quarantined == 1
        [item] = items(platform.database, owner.id, limit=10)
        assert (item.source_id, item.reason, item.field_path, item.tries) == (
            bad,
            "wrong_type",
            "loyaltyPoints",
            tries,
        )
    assert one(platform.database, owner, "select count(*) from blaze.customers") == (len(shop.members) - 1,)
    assert_accounted(platform.database, owner)


def test_too_many_rejects_fail_the_run_and_leave_the_cursor(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-08: more than 5 %. The good ones are loaded; the next run reads the whole window again."""
    sync(platform, owner, "customers", days=5)
    before = rows(platform.database, owner, CURSORS)
    whole = spoil(shop, shop.members.ids()[:4])
    clock.forward()
    result = sync(platform, owner, "customers")
    assert (result.state, type(result.error).__name__) == ("failed", "TooManyRejects")
    assert rows(platform.database, owner, CURSORS) == before
    assert one(platform.database, owner, "select count(*) from blaze.customers")[0] >= len(shop.members) - 4
    for record in whole.values():
        shop.publish("members", record | {"modified": shop.tick()})
    clock.forward()
    assert sync(platform, owner, "customers").state == "succeeded"
    assert items(platform.database, owner.id, limit=10) == []
    assert_tables_equal_truth(platform.database, owner, [shop], ["customers"])


def test_a_failed_run_is_read_again_from_its_beginning(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """SYS-08: or the next run would end well without the records that were rejected."""
    sandbox.faults.add(Fault(kind="number_as_text", path="/members", field="modified", share=0.5))
    sandbox.faults.add(Fault(kind="missing_field", path="/members", field="id", share=0.5))
    assert sync(platform, owner, "customers").state == "failed"
    sandbox.faults.clear()
    assert sync(platform, owner, "customers").state == "succeeded"
    assert_tables_equal_truth(platform.database, owner, [shop], ["customers"])


def test_exactly_the_allowed_share_passes(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-08: 3 of 60 are 5 %, not more."""
    spoil(shop, shop.members.ids()[:3])
    clock.forward()
    assert sync(make_platform(), owner, "customers").state == "succeeded"


def test_a_page_rejected_whole_fails_the_run(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """SYS-08: even where the share allows it."""
    sandbox.faults.add(Fault(kind="missing_field", path="/transactions", field="id", share=1.0))
    result = sync(make_platform(sync={"max_reject_share": 1.0}), owner, "transactions")
    assert (result.state, type(result.error).__name__) == ("failed", "TooManyRejects")


def test_replay_one_by_one_and_by_reason(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock) -> None:
    """SYS-08: after the source is fixed; what is still bad stays open with one more try."""
    sync_all(platform, owner)
    first, second, third = shop.members.ids()[:3]
    whole = spoil(shop, [first, second, third])
    clock.forward()
    sync(platform, owner, "customers")
    found = {item.source_id: item for item in items(platform.database, owner.id, reason="wrong_type", limit=10)}
    for key in (first, second):
        shop.publish("members", whole[key] | {"modified": shop.tick()})
    done = replay(platform, owner, [found[first]], "test")
    assert (done.loaded, done.still_open) == ((found[first].id,), ())
    rest = items(platform.database, owner.id, reason="wrong_type", limit=10)
    done = replay(platform, owner, rest, "test")
    assert (done.loaded, done.still_open) == ((found[second].id,), (found[third].id,))
    [left] = items(platform.database, owner.id, limit=10)
    assert (left.source_id, left.tries) == (third, 2)
    replayed = one(
        platform.database,
        owner,
        "select kind, fetched, updated, quarantined from platform.sync_runs where id = %s",
        done.runs[0],
    )
    assert replayed == ("replay", 2, 1, 1)
    assert_accounted(platform.database, owner)


def test_replay_of_a_receipt_brings_its_lines(platform: Platform, owner: Tenant, shop: Shop, clock: TestClock) -> None:
    """SYS-08, BLZ-12."""
    sale = shop.add_sale()
    shop.publish("transactions", sale | {"cart": sale["cart"] | {"total": 1e12}})
    clock.forward()
    sync_all(platform, owner)
    [item] = items(platform.database, owner.id, limit=10)
    assert (item.reason, item.field_path) == ("out_of_range", "cart.total")
    shop.publish("transactions", sale)
    assert replay(platform, owner, [item], "test").loaded == (item.id,)
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_one_refused_record_does_not_stop_the_replay_of_the_others(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """SYS-08: the source answers 400 for one of them."""
    first, second = shop.members.ids()[:2]
    whole = spoil(shop, [first, second])
    clock.forward()
    sync(platform, owner, "customers")
    for key, record in whole.items():
        shop.publish("members", record | {"id": key, "modified": shop.tick()})
    sandbox.faults.add(Fault(kind="status", path=f"/members/{first}", status=422))
    done = replay(platform, owner, items(platform.database, owner.id, limit=10), "test")
    assert (len(done.loaded), len(done.still_open)) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind="extra_fields", path="/members", share=1.0, rows=2), ("futureField0", "unknown_field")),
        (Fault(kind="new_enum", path="/transactions", field="status", share=0.05), ("blaze_status", "new_value")),
        (
            Fault(kind="number_as_text", path="/members", field="loyaltyPoints", share=1.0),
            ("loyaltyPoints", "changed_type"),
        ),
        (Fault(kind="missing_field", path="/products", field="sku", share=1.0), ("sku", "missing_field")),
    ],
)
def test_drift_is_recorded_and_the_run_succeeds(
    platform: Platform, owner: Tenant, sandbox: BlazeSandbox, fault: Fault, expected: tuple[str, str]
) -> None:
    """SYS-17, F-37: new fields, values, types and missing fields never fail a record by themselves."""
    sandbox.faults.add(fault)
    assert [result.state for result in sync_all(platform, owner)] == ["succeeded"] * 3
    found = rows(platform.database, owner, "select path, kind from platform.schema_drift")
    assert expected in found
    assert one(platform.database, owner, "select count(*) from platform.quarantine") == (0,)
