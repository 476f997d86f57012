"""Calls that the source refuses: too many, broken servers, keys that are not good any more."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.faults.trouble import SERVER_ERRORS, broken_servers, made_with, most_in_any, storm
from sync_platform_tests.sync.truth import ledger

LIMIT, PERIOD = 60, 3


def needed(stage: Stage, sandbox: BlazeSandbox, shop: Shop, **settings: str) -> int:
    """Calls that a read of the shop takes where nothing is broken. Its journal starts anew."""
    stage.finish(stage.connect(shop, sandbox.url, f"undisturbed-{shop.name}"), **settings)
    made = sandbox.journal.count()
    sandbox.journal.clear()
    return made


@pytest.mark.timeout(600)
@seeded(short=1, full=1)
def test_a_storm_of_429_is_waited_out(stage: Stage, note: Note, seed: int) -> None:
    """F-20: half of the calls, in every form of ``Retry-After``, through the command line; the limit of calls is small
    and not exceeded either. Five minutes of such a storm are simulated in ``test_throttling``."""
    # how often a call is refused is chance: a hundred calls scatter by more than what the rule leaves, all together not
    made_of_all = needed_of_all = 0
    for storm_seed in range(seed, seed + tiered(1, 5)):
        made, undisturbed = one_storm(stage, note, storm_seed)
        made_of_all, needed_of_all = made_of_all + made, needed_of_all + undisturbed
    note(calls_to_needed=made_of_all / needed_of_all)
    assert made_of_all <= 2.2 * needed_of_all


def one_storm(stage: Stage, note: Note, seed: int) -> tuple[int, int]:
    """A shop that is read in a storm, and its invariants. How many calls that took, and how many it takes without."""
    shop = small_shop(f"shop-{seed}", seed, members=tiered(25, 120), products=10, sales_per_day=tiered(1, 3))
    sandbox = stage.serve(shop, seed=seed)
    undisturbed = needed(stage, sandbox, shop, BLAZE__PAGE_SIZE="5")
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(*storm(until=datetime.now(UTC) + timedelta(seconds=2)))
    settings = {"BLAZE__PAGE_SIZE": "5", "BLAZE__CALLS_PER_PERIOD": str(LIMIT), "BLAZE__PERIOD_SECONDS": str(PERIOD)}
    # what is given up with the usual tries, and read again by another run, is the subject of test_throttling
    patient = {"HTTP__TRIES": "14", "HTTP__BREAKER_FAILURES": "20", "HTTP__RETRY_AFTER_CAP": "5"}
    runs = stage.finish(tenant, tries=4, **(settings | patient))
    made, refused = sandbox.journal.count(), sandbox.journal.count(status=429)
    note(calls=made, refused=refused, runs=runs)
    assert refused > made // 4
    assert most_in_any(sandbox.journal.entries(), PERIOD) <= LIMIT
    assert_invariants(stage, tenant, [shop], sandbox.journal)
    return made, undisturbed


@seeded(short=1, full=5)
def test_a_source_that_fails_every_fifth_call_is_read_all_the_same(stage: Stage, note: Note, seed: int) -> None:
    """F-22: 500, 502, 503, 504, 520 to 524; every failure is retried, at most 1.5 times the calls."""
    shop = small_shop("alder", seed, members=tiered(60, 200), products=60, sales_per_day=20)
    sandbox = stage.serve(shop)
    undisturbed = needed(stage, sandbox, shop, BLAZE__PAGE_SIZE="5")
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(*broken_servers())
    # one run in twenty meets five failures in a row: then the breaker opens, which is another case
    runs = stage.finish(tenant, BLAZE__PAGE_SIZE="5", HTTP__BREAKER_FAILURES="10", HTTP__TRIES="10")
    made, failed = sandbox.journal.count(), made_with(sandbox.journal, SERVER_ERRORS)
    note(calls=made, failed=failed, runs=runs, calls_to_needed=made / undisturbed)
    assert failed > made // 10
    assert made == undisturbed + failed
    assert made <= 1.5 * undisturbed
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
def test_refused_keys_stop_one_source_and_are_not_tried_again(stage: Stage, note: Note, kind: FaultKind) -> None:
    """F-24: in the middle of a read of two tenants; no retry, the alarm at once, the other tenant is read."""
    refused, other = (small_shop(name, stage.seed) for name in ("alder", "birch"))
    sandbox = stage.serve(refused, other)
    tenants = [stage.connect(shop, sandbox.url) for shop in (refused, other)]
    sandbox.faults.add(Fault(kind=kind, shop="alder", after=20))
    command = stage.sync(BLAZE__PAGE_SIZE="5")
    assert command.wait() == 3, command.said()
    status = 401 if kind == "unauthorized" else 403
    assert sandbox.journal.count(status=status) == 1
    failed = [run for run in ledger(stage.database, tenants[0]) if run["error_class"] == "CredentialsRejected"]
    assert failed
    answered = next(entry.at for entry in sandbox.journal.entries(status=status))
    told = rejected_at(stage, tenants[0])
    assert told is not None
    assert told.timestamp() - answered <= 60
    assert rejected_at(stage, tenants[1]) is None
    note(calls_refused=1, alarm_after_s=told.timestamp() - answered)
    assert_invariants(stage, tenants[1], [other], sandbox.journal, served=of(other))
    sandbox.faults.clear()
    stage.point(tenants[0], refused, sandbox.url)
    stage.finish(tenants[0])
    assert_invariants(stage, tenants[0], [refused], sandbox.journal, served=of(refused))


def rejected_at(stage: Stage, tenant: Tenant) -> datetime | None:
    """When the alarm was raised."""
    [account] = accounts(stage.database, tenant.id, "blaze")
    return account.rejected_at
