"""A source that is down for long."""

import statistics
import time
from collections.abc import Iterable
from typing import Any

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import FULL, seeded, tiered

# what stands for a minute: how long the breaker stays open; and how many of them the source is down
MINUTE, MINUTES = tiered((1.0, 6), (6.0, 30))


def seconds_of(results: Iterable[dict[str, Any]], slug: str) -> float:
    """How long a tenant's runs took."""
    return sum(run["seconds"] for result in results if result["tenant"] == slug for run in result["runs"])


@pytest.mark.timeout(600)
@seeded(short=1, full=1)
def test_a_source_that_is_down_is_left_alone_and_comes_back(stage: Stage, note: Note, seed: int) -> None:
    """F-23: thirty minutes in real time on a smaller scale, while commands go on asking as schedules do."""
    down, well = (small_shop(name, seed, members=30, products=10, sales_per_day=3) for name in ("alder", "birch"))
    sandbox = stage.serve(down, well)
    tenants = [stage.connect(shop, sandbox.url) for shop in (down, well)]
    settings = {"HTTP__BREAKER_OPEN_FOR": str(MINUTE), "BLAZE__PAGE_SIZE": "5"}
    sandbox.faults.add(Fault(kind="latency", seconds=0.02))
    stage.finish(**settings)
    usual = [seconds_of(stage.sync(**settings).results(), "birch") for _ in range(3)]

    sandbox.faults.add(Fault(kind="status", status=503, shop="alder"))
    before, began = sandbox.journal.count(shop="alder"), time.monotonic()
    meanwhile: list[float] = []
    while (minutes := (time.monotonic() - began) / MINUTE) < MINUTES:
        results = stage.sync(**settings).results()
        assert {r["state"] for r in results if r["tenant"] == "birch"} == {"succeeded"}
        assert {r["state"] for r in results if r["tenant"] == "alder"} == {"partial"}
        meanwhile.append(seconds_of(results, "birch"))
    calls = sandbox.journal.count(shop="alder") - before
    # five failures open the breaker, then one probe each time that it is half open: 36 in thirty minutes
    assert 5 < calls <= 5 + minutes + 1

    sandbox.faults.clear()
    returned = time.monotonic()
    runs = stage.finish(tenants[0], tries=30, **settings)
    recovery = (time.monotonic() - returned) / MINUTE
    slower = statistics.median(meanwhile) / statistics.median(usual)
    note(minutes=int(minutes), calls=calls, recovery_minutes=recovery, others_slower=slower)
    if FULL:  # in the short tier a minute is a second, and the start of a process nearly one
        assert calls <= 40
        assert recovery <= 2
        assert slower <= 1.1
    assert runs >= 1
    for tenant, shop in zip(tenants, (down, well), strict=True):
        stage.finish(tenant, **settings)
        assert_invariants(stage, tenant, [shop], sandbox.journal, served=of(shop))
