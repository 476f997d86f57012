"""Pages of MX Merchant that are not those that were asked for, and lists that grow while they are read."""

import random
from datetime import timedelta

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform_tests.faults.clinics import Clinics, assert_clinic, clinic, quick, secrets_of, serve, sync
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import FIRST_SEED, seeded, tiered
from sync_platform_tests.faults.trouble import wrong_pages

RUNS = tiered(8, 200)
PER_TEST = tiered(4, 50)
DAYS = 6
# a page has up to ten records; some clinics are paid more often between two pages than a page holds
MOST = (1, 1, 2, 3, 5, 8, 20, 500)
TIMES = 12


@pytest.mark.parametrize("where", ["/payment", "/invoice"])
@seeded(short=1, full=10)
def test_wrong_pages_of_either_list_lose_nothing(stage: Stage, note: Note, seed: int, where: str) -> None:
    """F-26: pages twice, not at all, too short, too long; counts of 0, of a million, shrinking. A clean run later all
    is right."""
    merchant = clinic("oak", seed, payments=150, invoices=70, unpaid_invoices=30)
    clinics = serve(stage, merchant)
    tenant = clinics.connect(merchant)
    clinics.server.faults.add(*wrong_pages(where))
    platform = quick(stage, mx_merchant={"page_size": 10})
    assert sync(platform, tenant).state in ("succeeded", "failed", "partial")
    hits = sum(clinics.server.faults.hits())
    clinics.server.faults.clear()
    assert sync(platform, tenant, verify=True).finished
    note(wrong_pages=hits)
    assert hits > 0  # a count of 0 may end a list of invoices early
    assert_clinic(stage, tenant, [merchant], clinics.server.journal)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + RUNS, PER_TEST), ids=lambda seed: f"seed-{seed}")
def test_what_is_paid_between_two_pages_is_not_lost(stage: Stage, note: Note, seed: int) -> None:
    """F-27: seeded runs. Behind any page of either list 1 to 500 things happen: sales, instalments, refunds,
    batches that close, voids, chargebacks; a clean run a day later, and every payment is there, as it is now, with
    its invoice. In this process, over HTTP, into PostgreSQL."""
    changes = sum(one_run(stage, own) for own in range(seed, seed + PER_TEST))
    note(runs=PER_TEST, changes_between_pages=changes)


def one_run(stage: Stage, seed: int) -> int:
    """One clinic, read while it changes, and again a day later. The number of changes."""
    rng = random.Random(seed)
    clock = Clock()
    first_day = clock.now.date() - timedelta(days=DAYS - 1)
    merchant = clinic(
        f"clinic-{seed}", seed, seed % 1_000_000, payments=50, invoices=22, days=DAYS, first_day=first_day,
        now=clock.now, clock=clock.epoch,
    )  # fmt: skip
    platform = quick(stage, clock, mx_merchant={"page_size": rng.randint(2, 10), "batch_payments": rng.randint(1, 40)})
    stage.tenants, stage.secrets = {}, secrets_of(merchant)
    with MxSandbox([merchant], seed=seed, clock=clock.epoch) as server:
        tenant = Clinics(stage, server).connect(merchant)
        where = rng.choice(("/payment", "/payment", "/invoice", "*"))
        rows = rng.randint(1, rng.choice(MOST))
        server.faults.add(Fault(kind="mutate", rows=rows, path=where, times=TIMES))
        sync(platform, tenant, DAYS + 1)
        [hits] = server.faults.hits()
        server.faults.clear()
        for _ in range(2):
            clock.now += timedelta(days=1)
            last = sync(platform, tenant, DAYS + 4)
            if last.finished:
                break
        assert last.finished, (seed, last.error)
        # nothing tells of a change of an invoice that was paid before
        assert_clinic(stage, tenant, [merchant], server.journal, lagging=True)
    return hits * rows
