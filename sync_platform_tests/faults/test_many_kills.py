"""A worker for many tenants that is killed again and again, or asked to stop."""

import time

import pytest

from sync_platform.db.tenants import set_tenant_state
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import FULL, seeded, tiered
from sync_platform_tests.sync.truth import ledger

TENANTS = tiered(4, 8)
KILL_EVERY, KILL_FOR = 2.0, tiered(8.0, 60.0)
# the undisturbed run has to be long enough to be killed often
LATENCY = tiered(0.1, 0.8)
SETTINGS = {"BLAZE__PAGE_SIZE": "10", "SYNC__BATCH_RECORDS": "20", "SYNC__TENANT_WORKERS": str(TENANTS)}


@pytest.mark.timeout(900)
@seeded(short=1, full=1)
def test_a_worker_that_is_killed_every_two_seconds_gets_through(stage: Stage, note: Note, seed: int) -> None:
    """F-03: eight tenants, killed every 2 s for 60 s; none is lost, and it takes at most three times as long. Leases
    of killed runs are waited for, as they are in production."""
    shops = [small_shop(f"shop-{number}", seed + number, sales_per_day=tiered(5, 20)) for number in range(TENANTS)]
    sandbox = stage.serve(*shops)
    sandbox.faults.add(Fault(kind="latency", seconds=LATENCY))
    calm = [stage.connect(shop, sandbox.url, f"calm-{shop.name}") for shop in shops]
    began = time.monotonic()
    stage.finish(**SETTINGS)
    usual = time.monotonic() - began
    for tenant in calm:
        set_tenant_state(stage.database, tenant.id, "suspended")
    sandbox.journal.clear()

    tenants = [stage.connect(shop, sandbox.url) for shop in shops]
    began, kills = time.monotonic(), 0
    while time.monotonic() - began < KILL_FOR:
        command = stage.sync(**SETTINGS)
        time.sleep(KILL_EVERY)
        kills += command.running
        command.kill()
    runs = stage.finish(tries=20, **SETTINGS)
    taken = time.monotonic() - began
    note(kills=kills, runs_after=runs, times_undisturbed=taken / usual)
    assert kills >= tiered(2, 20)
    if FULL:
        assert taken <= 3 * usual
    for tenant, shop in zip(tenants, shops, strict=True):
        stage.finish(tenant, **SETTINGS)
        assert_invariants(stage, tenant, [shop], sandbox.journal, served=of(shop), unsent=kills)
        ends = {(run["state"], run["error_class"]) for run in ledger(stage.database, tenant)}
        assert ends <= {("succeeded", None), ("failed", "LeaseExpired")}


@seeded(short=1, full=10)
def test_sigterm_stops_at_the_next_page(stage: Stage, note: Note, seed: int) -> None:
    """F-04: within 5 s, ``cancelled``; the next run goes on where it stopped."""
    shop = small_shop("alder", seed, members=100, sales_per_day=30)
    sandbox = stage.serve(shop)
    requests, url = stage.proxy_before(sandbox)
    tenant = stage.connect(shop, url)
    sandbox.faults.add(Fault(kind="latency", seconds=0.2))
    asked = stage.rng.randint(8, 20)
    command = stage.sync(tenant, BLAZE__PAGE_SIZE="20", SYNC__BATCH_RECORDS="40")
    until = time.monotonic() + 60
    while requests.sent < asked and command.running and time.monotonic() < until:
        time.sleep(0.01)
    command.terminate()
    began = time.monotonic()
    code = command.wait()
    stopped = time.monotonic() - began
    note(stopped_after_s=stopped)
    assert code in (1, 3)
    assert stopped <= 5
    assert "cancelled" in {run["state"] for run in ledger(stage.database, tenant)}
    sandbox.faults.clear()
    stage.finish(tenant)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
