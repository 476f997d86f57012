"""MX Merchant is down for long."""

import time

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.faults.clinics import assert_clinic, clinic, quick, serve, sync
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.stage import HISTORY, Stage, small_shop
from sync_platform_tests.faults.tiers import FULL, seeded, tiered
from sync_platform_tests.sync.syncing import sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth

# what stands for a minute: how long the breaker stays open; and how many of them the source is down
MINUTE, MINUTES = tiered((0.7, 5), (2.0, 30))
ASKED_EVERY = 0.1


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
    began, asked = time.monotonic(), 0
    while (minutes := (time.monotonic() - began) / MINUTE) < MINUTES:
        assert sync(platform, hit).state in ("failed", "partial")
        assert sync(platform, spared, 2).finished
        asked += 1
        time.sleep(ASKED_EVERY)
    assert {result.state for result in sync_all(platform, hit, HISTORY + 1)} == {"succeeded"}
    calls = clinics.server.journal.count(shop="oak")
    # five failures open the breaker, then one probe each time that it is half open: 36 in thirty minutes
    assert 5 < calls <= 5 + minutes + 1
    if FULL:
        assert calls <= 40
    clinics.server.faults.clear()
    returned = time.monotonic()
    while not sync(platform, hit).finished:
        assert time.monotonic() - returned <= 2 * MINUTE + 10, "it does not recover"
        time.sleep(ASKED_EVERY)
    note(minutes=int(minutes), calls=calls, asked=asked, recovery_minutes=(time.monotonic() - returned) / MINUTE)
    assert_tables_equal_truth(stage.database, hit, [shop])
    for tenant, merchant in ((hit, down), (spared, well)):
        assert_clinic(stage, tenant, [merchant], clinics.server.journal)
