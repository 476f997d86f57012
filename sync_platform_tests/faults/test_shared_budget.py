"""A call limit that the source enforces, and keys that are shared: by processes, and by tenants."""

from collections.abc import Sequence

import pytest

from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.journal import Entry
from sync_platform.sandbox.shop import Shop
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered

# ten thousand calls in five minutes, on a smaller scale
LIMIT, PERIOD = 200, 10
SETTINGS = {
    "BLAZE__CALLS_PER_PERIOD": str(LIMIT),
    "BLAZE__PERIOD_SECONDS": str(PERIOD),
    # a process that is put aside between its grant and its call starts it later than it was counted
    "BLAZE__USAGE_CEILING": "0.95",
    "BLAZE__PAGE_SIZE": "1",
    "SYNC__TENANT_WORKERS": "1",
}


def most_in_a_period(entries: Sequence[Entry]) -> int:
    """Calls in the fullest sliding period, by the source's clock."""
    times = sorted(entry.at for entry in entries)
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - PERIOD:
            first += 1
        most = max(most, last - first + 1)
    return most


def shops_of(stage: Stage, calls: int, *names: str) -> list[Shop]:
    """Shops behind the same partner key, each with as many receipts as calls are to be made."""
    return [small_shop(name, stage.seed, transactions=calls, members=20, products=10) for name in names]


@pytest.mark.timeout(300)
@seeded(short=1, full=3)
def test_three_processes_stay_below_the_limit_and_use_it(stage: Stage, note: Note, seed: int) -> None:
    """F-21: 0 answers 429, at most the limit in any sliding period, and at least 75 % of the allowed rate."""
    shops = shops_of(stage, tiered(160, 900), "alder", "birch", "cedar")
    sandbox = stage.serve(*shops, limit=CallLimit(LIMIT, PERIOD))
    tenants = [stage.connect(shop, sandbox.url) for shop in shops]
    commands = [stage.sync(tenant, "--entity", "transactions", **SETTINGS) for tenant in tenants]
    for command in commands:
        assert command.wait(250) == 0, command.said()
    entries = sandbox.journal.entries()
    times = sorted(entry.at for entry in entries)
    # while all of them had something to ask for: from the first full period to where the first one came to its end
    ends = min(max(entry.at for entry in entries if entry.shop == shop.name) for shop in shops)
    busy = [at for at in times if times[0] <= at <= ends]
    rate = len(busy) / max(ends - times[0], PERIOD) / (LIMIT / PERIOD)
    note(calls=len(entries), most_in_a_period=most_in_a_period(entries), used_of_the_rate=rate)
    assert sandbox.journal.count(status=429) == 0
    assert most_in_a_period(entries) <= LIMIT
    assert rate >= 0.75
    for tenant, shop in zip(tenants, shops, strict=True):
        # the source still enforces its limit
        stage.finish(tenant, "--entity", "products", **SETTINGS)
        stage.finish(tenant, **SETTINGS | {"BLAZE__PAGE_SIZE": "100"})
        assert_invariants(stage, tenant, [shop], sandbox.journal, served=of(shop))


@pytest.mark.timeout(300)
@seeded(short=1, full=3)
def test_a_greedy_tenant_leaves_the_other_its_share(stage: Stage, note: Note, seed: int) -> None:
    """F-36: three processes of one tenant against one of another, with the same partner key and equal weights."""
    greedy, modest = shops_of(stage, tiered(240, 900), "alder", "birch")
    sandbox = stage.serve(greedy, modest, limit=CallLimit(LIMIT, PERIOD))
    tenants = [stage.connect(shop, sandbox.url) for shop in (greedy, modest)]
    entities = [("transactions",), ("customers",), ("products",)]
    first = [stage.sync(tenants[0], "--entity", *entity, **SETTINGS) for entity in entities]
    second = stage.sync(tenants[1], "--entity", "transactions", **SETTINGS)
    for command in (*first, second):
        assert command.wait(250) == 0, command.said()
    entries = sandbox.journal.entries()
    both = [[entry.at for entry in entries if entry.shop == shop.name] for shop in (greedy, modest)]
    # the stretch in which both were asking, without the period in which the first one had all for itself
    begins, ends = max(min(times) for times in both) + PERIOD, min(max(times) for times in both)
    alder, birch = (sum(begins <= at <= ends for at in times) for times in both)
    note(greedy=alder, other=birch, seconds=ends - begins)
    assert ends - begins > PERIOD / 2
    assert birch >= 0.9 * (alder + birch) / 2
    assert sandbox.journal.count(status=429) == 0
    assert most_in_a_period(entries) <= LIMIT
