"""Bodies that are not what MX Merchant documents: pages and details, known ways, and ten thousand random ones."""

import json
from datetime import timedelta

import pytest

from sync_platform.core import errors
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform_tests.faults.clinics import (
    assert_calls_told,
    assert_clinic,
    assert_ledger_tells_the_tables,
    clinic,
    quick,
    runs_of,
    serve,
    sync,
)
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_nothing_shown
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.test_bodies import DEPTH, KINDS
from sync_platform_tests.faults.tiers import FIRST_SEED, seeded, tiered, variants
from sync_platform_tests.sync.syncing import one
from sync_platform_tests.sync.truth import assert_accounted

BODIES, PER_TEST = tiered((100, 100), (2_000, 1_000))
PATHS = ("/payment", "/invoice", "/invoice/*", "/payment/*")


@seeded(short=1, full=2)
def test_every_known_damage_of_pages_and_details_is_noticed(stage: Stage, note: Note, seed: int) -> None:
    """F-25: each kind on every thirtieth call, through the command line; what was damaged is asked for again."""
    merchant = clinic("oak", seed, payments=tiered(80, 200), invoices=tiered(40, 90))
    clinics = serve(stage, merchant)
    tenant = clinics.connect(merchant)
    clinics.server.faults.add(*(Fault(kind=kind, size=DEPTH, probability=0.03) for kind in KINDS))
    settings = {"HTTP__BREAKER_FAILURES": "30", "HTTP__TRIES": "15", "MX_MERCHANT__PAGE_SIZE": "5"}
    runs = clinics.finish(tenant, tries=3, **settings)
    hits = sum(clinics.server.faults.hits())
    note(damaged=hits, runs=runs)
    assert hits > 10
    assert_clinic(stage, tenant, [merchant], clinics.server.journal)


@variants("kind", short=("truncated", "duplicate_keys"), full=KINDS)
@pytest.mark.parametrize("where", ["/payment", "/invoice", "/invoice/*"])
def test_a_body_that_stays_damaged_is_never_partly_stored(
    stage: Stage, note: Note, kind: FaultKind, where: str
) -> None:
    """F-25: not even the records before the damage. Without its list nothing is stored; without invoices the payments
    are, and the next run begins with what is missing (MX-12)."""
    merchant = clinic("oak", stage.seed, digit_references=0.0)
    clinics = serve(stage, merchant)
    tenant = clinics.connect(merchant)
    clinics.server.faults.add(Fault(kind=kind, size=DEPTH, path=where))
    platform = quick(stage, http={"tries": 3, "breaker_failures": 1000})
    assert sync(platform, tenant).state in (("failed", "partial") if where == "/payment" else ("partial",))
    stored = 0 if where == "/payment" else len(merchant.truth("payments"))
    assert one(stage.database, tenant, "select count(*) from mx_merchant.payments") == (stored,)
    assert one(stage.database, tenant, "select count(*) from mx_merchant.invoice_items") == (0,)
    assert one(stage.database, tenant, "select count(raw_data) from mx_merchant.invoices") == (0,)
    assert one(stage.database, tenant, "select count(primary_product) from mx_merchant.payments") == (0,)
    assert_ledger_tells_the_tables(stage, tenant)
    note(damaged=sum(clinics.server.faults.hits()))
    clinics.server.faults.clear()
    assert sync(platform, tenant).finished
    assert_clinic(stage, tenant, [merchant], clinics.server.journal)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + BODIES // PER_TEST), ids=lambda seed: f"seed-{seed}")
def test_random_damage_of_any_body_crashes_nothing(stage: Stage, note: Note, seed: int) -> None:
    """F-25: 10,000 fuzzed pages and details, in this process, over HTTP, into PostgreSQL. What cannot be read is not
    stored, no error but ours comes out, and no payment belongs to an invoice that is not there."""
    clock = Clock()
    merchant = clinic("oak", seed, payments=14, invoices=6, now=clock.now, clock=clock.epoch)
    clinics = serve(stage, merchant, clock=clock.epoch)
    tenant = clinics.connect(merchant)
    platform = quick(
        stage,
        clock,
        mx_merchant={"page_size": 4, "detail_workers": 2},
        http={"breaker_failures": 100, "tries": 4},
        sync={"max_reject_share": 1.0},
    )
    clinics.server.faults.add(*(Fault(kind="fuzzed", path=path, probability=0.7) for path in PATHS))
    known = {error.__name__ for error in vars(errors).values() if isinstance(error, type)}
    states: dict[str, int] = {}
    while (bodies := sum(clinics.server.faults.hits())) < PER_TEST:
        result = sync(platform, tenant)
        states[result.state] = states.get(result.state, 0) + 1
        clock.now += timedelta(seconds=1)
        merchant.add_sale()
    assert_accounted(stage.database, tenant)
    assert {run["error_class"] for run in runs_of(stage, tenant)} - {None} <= known
    assert set(states) <= {"succeeded", "failed", "partial"}, json.dumps(states)
    assert_ledger_tells_the_tables(stage, tenant)
    assert_calls_told(stage, tenant, clinics.server.journal, lambda _: True)
    assert_nothing_shown(stage)
    note(bodies=bodies, runs=sum(states.values()))
