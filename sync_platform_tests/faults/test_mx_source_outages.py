"""MX Merchant is down for long."""

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.faults.clinics import assert_clinic, clinic, quick, serve, sync
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.outages import MINUTE, ask_while_it_is_down, assert_left_alone, minutes_until_it_is_read
from sync_platform_tests.faults.stage import HISTORY, Stage, small_shop
from sync_platform_tests.faults.tiers import seeded
from sync_platform_tests.sync.syncing import sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth


@pytest.mark.timeout(600)
@seeded(short=1, full=1)
def test_a_vendor_that_is_down_is_left_alone_and_comes_back(stage: Stage, note: Note, seed: int) -> None:
    """F-23: thirty minutes in real time on a smaller scale, asked all the time. The breaker is one tenant's and one
    source's: the tenant's own shop at Blaze and the other clinic are read meanwhile."""
    down, well, shop = clinic("oak", seed), clinic("elm", seed, 2, payments=20, invoices=8), small_shop("alder", seed)
    clinics = serve(stage, down, well)
    blaze = stage.serve(shop)
    hit, spared = (clinics.connect(merchant) for merchant in (down, well))
    stage.point(hit, shop, blaze.url)
    platform = quick(stage, mx_merchant={"page_size": 10}, http={"breaker_open_for": MINUTE})
    assert sync(platform, spared).finished
    clinics.server.faults.add(Fault(kind="status", status=503, shop="oak"))
    minutes, asked = ask_while_it_is_down(lambda: sync(platform, hit), lambda: sync(platform, spared, 2))
    assert {result.state for result in sync_all(platform, hit, HISTORY + 1)} == {"succeeded"}
    calls = clinics.server.journal.count(shop="oak")
    assert_left_alone(calls, minutes)
    clinics.server.faults.clear()
    recovery = minutes_until_it_is_read(lambda: sync(platform, hit))
    note(minutes=int(minutes), calls=calls, asked=asked, recovery_minutes=recovery)
    assert_tables_equal_truth(stage.database, hit, [shop])
    for tenant, merchant in ((hit, down), (spared, well)):
        assert_clinic(stage, tenant, [merchant], clinics.server.journal)
