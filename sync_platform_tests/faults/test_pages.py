"""Pages that are not those that were asked for."""

import pytest

from sync_platform.sandbox.shop import build_shop
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.kills import Killer
from sync_platform_tests.faults.stage import Stage, shop_spec, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.faults.trouble import wrong_pages
from sync_platform_tests.sync.syncing import one, sync

HOUR_MS = 3_600_000
SAME, PAGES = 3_000, 30
STATE_BYTES = 10_000


@seeded(short=1, full=20)
def test_wrong_pages_and_wrong_totals_lose_nothing(stage: Stage, note: Note, seed: int) -> None:
    """F-26: pages twice, not at all, too short, too long; totals of 0, of a million, shrinking. Two clean runs later
    all is right."""
    shop = small_shop("alder", seed, members=80, products=60, sales_per_day=10)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(*wrong_pages())
    spoilt = stage.sync(tenant, BLAZE__PAGE_SIZE="10")
    assert spoilt.wait() in (0, 1, 3), spoilt.said()
    hits = sum(sandbox.faults.hits())
    sandbox.faults.clear()
    for _ in range(2):
        stage.finish(tenant, "--full", BLAZE__PAGE_SIZE="10")
    note(wrong_pages=hits)
    assert hits >= 10
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@seeded(short=1, full=5)
def test_thousands_of_records_with_the_same_cursor_value_are_all_read_once(stage: Stage, note: Note, seed: int) -> None:
    """F-28, section 18 trap 1: 3,000 members changed in the same millisecond, 30 pages, a kill in the middle."""
    shop = build_shop(shop_spec("alder", seed, members=SAME, products=5, sales_per_day=1))
    moment = shop.spec.now_ms - HOUR_MS
    for record in shop.truth("members"):
        shop.publish("members", record | {"modified": moment})
    sandbox = stage.serve(shop)
    requests, url = stage.proxy_before(sandbox)
    tenant = stage.connect(shop, url)
    killer = Killer(requests, stage.rng.randint(15, PAGES), delivered=True)
    settings = {"SYNC__BATCH_RECORDS": "300"}
    command = stage.sync(tenant, "--entity", "customers", **settings)
    killer.aim(command)
    assert command.wait() == -9
    largest = "select coalesce(max(octet_length(position::text)), 0) from platform.sync_cursors"
    (size,) = one(stage.database, tenant, largest)
    assert 0 < size <= STATE_BYTES
    requests.watch = lambda _: None
    stage.expire_leases(tenant)
    stage.finish(tenant, "--entity", "customers", **settings)
    assert one(stage.database, tenant, "select count(*) from blaze.customers") == (SAME,)
    inserted = "select sum(inserted), sum(updated) from platform.sync_runs where entity = 'customers'"
    assert one(stage.database, tenant, inserted) == (SAME, 0)
    note(records=SAME, state_bytes=float(size))
    assert_invariants(stage, tenant, [shop], sandbox.journal, tables=["customers"])


@pytest.mark.parametrize("entity", ["customers", "transactions"])
def test_a_record_that_is_published_late_is_found(stage: Stage, note: Note, entity: str) -> None:
    """F-29, section 18 trap 2: changed an hour before the last run, listed after it. Receipts are found by the next
    run, whose overlap is a day; members by the pass over the last days that a schedule makes each week."""
    shop = small_shop("alder", stage.seed, members=tiered(30, 100))
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    name = {"customers": "members"}.get(entity, entity)
    late, recently = shop.truth(name)[-2:]
    shop.erase(name, late["id"])
    shop.publish(name, recently | {"modified": shop.spec.now_ms})
    stage.finish(tenant)
    earlier = shop.spec.now_ms - HOUR_MS
    moved = {"modified": earlier} if entity == "customers" else {"modified": earlier, "completedTime": earlier}
    shop.publish(name, late | moved)
    platform = stage.platform()
    next_run = sync(platform, tenant, entity, days=1)
    assert next_run.state == "succeeded"
    missed = next_run.reports[0].counters.inserted == 0
    assert missed == (entity == "customers")
    stage.finish(tenant)
    note(records=1)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
