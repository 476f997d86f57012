"""Bodies that are not what the vendor documents: known ways, and ten thousand random ones."""

import json
from datetime import timedelta

import pytest

from sync_platform.core import errors
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import (
    assert_calls_counted,
    assert_invariants,
    assert_nothing_shown,
)
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import FIRST_SEED, seeded, tiered, variants
from sync_platform_tests.sync.syncing import one, sync
from sync_platform_tests.sync.truth import assert_accounted, ledger

KINDS: tuple[FaultKind, ...] = (
    "truncated", "html", "empty", "wrong_content_type", "wrong_charset", "bom", "duplicate_keys", "nan", "deep",
)  # fmt: skip
DEPTH = 10_000
BODIES, PER_TEST = tiered((300, 300), (10_000, 1_000))
ENTITIES = {"customers": "/members", "transactions": "/transactions", "products": "/products*"}


@seeded(short=1, full=10)
def test_every_known_damage_is_noticed_and_the_page_asked_for_again(stage: Stage, note: Note, seed: int) -> None:
    """F-25: each kind on every eighth call, through the command line; what was damaged is retried, and all is there."""
    shop = small_shop("alder", seed, members=60, products=60, sales_per_day=15)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(*(Fault(kind=kind, size=DEPTH, probability=0.03) for kind in KINDS))
    runs = stage.finish(tenant, tries=3, BLAZE__PAGE_SIZE="5", HTTP__BREAKER_FAILURES="20", HTTP__TRIES="15")
    hits = sandbox.faults.hits()
    note(damaged=sum(hits), runs=runs)
    assert sum(hits) > 10
    # a damaged answer is a failed call: it is made again
    damaged = [entry for entry in sandbox.journal.entries() if entry.faults]
    assert all(sandbox.journal.count(endpoint=entry.endpoint) > 1 for entry in damaged)
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@variants("kind", short=("truncated", "duplicate_keys"), full=KINDS)
def test_a_page_that_stays_damaged_is_never_partly_stored(stage: Stage, note: Note, kind: FaultKind) -> None:
    """F-25: nothing of it, not even the records before the damage; once the source is well again, all is there."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(Fault(kind=kind, size=DEPTH, path="/members"))
    assert sync(stage.platform(), tenant, "customers").state in ("failed", "partial")
    assert one(stage.database, tenant, "select count(*) from blaze.customers") == (0,)
    note(tries=sandbox.journal.count(endpoint="/members"))
    assert sandbox.journal.count(endpoint="/members") > 1
    sandbox.faults.clear()
    platform = stage.platform(http={"breaker_open_for": 0.001})
    assert sync(platform, tenant, "customers").state == "succeeded"
    assert_invariants(stage, tenant, [shop], sandbox.journal, tables=["customers"])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + BODIES // PER_TEST), ids=lambda seed: f"seed-{seed}")
def test_random_damage_crashes_nothing_and_stores_no_half_page(stage: Stage, note: Note, seed: int) -> None:
    """F-25: 10,000 fuzzed bodies, in this process, over HTTP, into PostgreSQL. A damaged page that is a page all the
    same is stored as it says; any other is not stored, and no error but ours comes out of it."""
    shop = small_shop("alder", seed, members=8, products=6, sales_per_day=1, days=6)
    clock = Clock()
    sandbox = stage.serve(shop, clock=clock.epoch)
    tenant = stage.connect(shop, sandbox.url)
    # a breaker that is open lets no body through
    http = {"breaker_failures": 100, "breaker_open_for": 0.001, "tries": 6}
    platform = stage.platform(clock, blaze={"page_size": 4}, http=http, sync={"max_reject_share": 1.0})
    sandbox.faults.add(*(Fault(kind="fuzzed", path=path) for path in ENTITIES.values()))
    known = {error.__name__ for error in vars(errors).values() if isinstance(error, type)}
    states: dict[str, int] = {}
    while (bodies := sum(sandbox.faults.hits())) < PER_TEST:
        for entity in ENTITIES:
            result = sync(platform, tenant, entity, 9)
            states[result.state] = states.get(result.state, 0) + 1
        clock.now += timedelta(seconds=1)
    assert_accounted(stage.database, tenant)
    ended = {run["error_class"] for run in ledger(stage.database, tenant)}
    assert ended - {None} <= known
    for entity in ENTITIES:
        stored = one(stage.database, tenant, f"select count(*) from blaze.{entity}")
        inserted = "select coalesce(sum(inserted), 0)::int from platform.sync_runs where entity = %s"
        assert stored == one(stage.database, tenant, inserted, entity)
    note(bodies=bodies, runs=sum(states.values()))
    assert set(states) <= {"succeeded", "failed", "partial"}, json.dumps(states)
    assert_calls_counted(stage.database, tenant, sandbox.journal, lambda _: True)
    assert_nothing_shown(stage)
