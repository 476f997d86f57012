"""What a complete pass over the catalogue does not show any more is gone."""

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.syncing import one, sync, sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth

LIVE = "select count(*) from blaze.products where deleted_at is null"


def live_products(shop: Shop) -> list[str]:
    return [record["id"] for record in shop.truth("products") if not record["deleted"]]


def test_a_product_that_is_gone_is_deleted_after_a_complete_pass_and_revived_when_it_returns(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-15: not by an incremental run, which cannot know."""
    sync_all(platform, owner)
    gone = shop.products.get(live_products(shop)[0])
    shop.erase("products", gone["id"])
    clock.forward()
    assert sync(platform, owner, "products", days=1).reports[0].counters.deleted == 0
    assert sync(platform, owner, "products", full=True).reports[0].counters.deleted == 1
    assert_tables_equal_truth(platform.database, owner, [shop])
    assert sync(platform, owner, "products", full=True).reports[0].counters.written == 0
    shop.publish("products", gone)
    counters = sync(platform, owner, "products", full=True).reports[0].counters
    assert (counters.updated, counters.revived) == (1, 1)
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_more_than_the_allowed_share_deletes_nothing(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-15: 5 % of 40 is 2; three at once look like a fault of the source."""
    sync(platform, owner, "products")
    before = one(platform.database, owner, LIVE)
    for key in live_products(shop)[:3]:
        shop.erase("products", key)
    result = sync(platform, owner, "products", full=True)
    assert (result.state, type(result.error).__name__) == ("partial", "TooManyDeletes")
    assert one(platform.database, owner, LIVE) == before
    assert sync(platform, owner, "products", days=1).state == "succeeded"


def test_an_incomplete_pass_deletes_nothing(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """SYS-15, F-26: the source says that there are more than it showed."""
    sync(platform, owner, "products")
    before = one(platform.database, owner, LIVE)
    shop.erase("products", live_products(shop)[0])
    sandbox.faults.add(Fault(kind="wrong_total", path="/products", total=41))
    result = sync(platform, owner, "products", full=True)
    assert result.reports[0].counters.deleted == 0
    assert one(platform.database, owner, LIVE) == before


def test_an_empty_catalogue_deletes_nothing(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-15: a pass that shows nothing says nothing about what is gone."""
    sync(platform, owner, "products")
    before = one(platform.database, owner, LIVE)
    for key in shop.products.ids():
        shop.erase("products", key)
    assert sync(platform, owner, "products", full=True).reports[0].counters.deleted == 0
    assert one(platform.database, owner, LIVE) == before


def test_a_rejected_product_is_not_absent(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-08, SYS-15: it is there, it only cannot be loaded; the row stays as it was."""
    sync(platform, owner, "products")
    before = one(platform.database, owner, LIVE)
    shop.modify("products", live_products(shop)[0], unitPrice="a lot")
    counters = sync(platform, owner, "products", full=True).reports[0].counters
    assert (counters.quarantined, counters.deleted) == (1, 0)
    assert one(platform.database, owner, LIVE) == before


def test_a_record_without_a_readable_id_stops_the_judgement(
    platform: Platform, make_platform: MakePlatform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """SYS-15: it may be any of those that seem to be missing."""
    sync(platform, owner, "products")
    before = one(platform.database, owner, LIVE)
    sandbox.faults.add(Fault(kind="missing_field", path="/products", field="id", share=0.1))
    lenient = make_platform(sync={"max_reject_share": 1.0, "max_delete_share": 1.0})
    counters = sync(lenient, owner, "products", full=True).reports[0].counters
    assert counters.quarantined >= 1
    assert counters.deleted == 0
    assert one(platform.database, owner, LIVE) == before


def test_absence_is_judged_in_a_dry_run_without_deleting(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-15, SYS-20."""
    sync(platform, owner, "products")
    before = one(platform.database, owner, LIVE)
    shop.erase("products", live_products(shop)[0])
    assert sync(platform, owner, "products", full=True, kind="dry_run").reports[0].counters.deleted == 1
    assert one(platform.database, owner, LIVE) == before
