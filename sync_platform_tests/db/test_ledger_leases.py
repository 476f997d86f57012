"""One writer per tenant, source and entity: places, leases, cancellation (SYS-19, F-04)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync_platform.core.counters import Counters
from sync_platform.core.errors import AlreadyRunning, Cancelled, InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.ledger import (
    RunStart,
    add_progress,
    cancel_run,
    extend_lease,
    find_run,
    finish_run,
    list_runs,
    reap_expired,
    start_run,
    start_runs,
)
from sync_platform.db.pool import Database

DAY = datetime(2026, 3, 8, tzinfo=UTC)
WINDOW = Window(DAY, DAY + timedelta(days=7))
LEASE = 90
BATCH = Counters(fetched=10, inserted=4, updated=1, unchanged=2, stale=1, duplicate_in_batch=1, quarantined=1)


def customers(tenant: Tenant, **changes: object) -> RunStart:
    return replace(RunStart(tenant.id, "blaze", "customers", "manual", WINDOW, "cli:ann"), **changes)


def progress(database: Database, tenant: Tenant, run_id: int, **changes: object) -> None:
    values = {
        "stage": "members",
        "done": 10,
        "counters": BATCH,
        "calls": {"GET /members": {"200": 1}},
        "received_bytes": 1000,
        "lease_seconds": LEASE,
        **changes,
    }
    with database.transaction(tenant.id) as conn:
        add_progress(conn, tenant.id, run_id, **values)


def expire(database: Database, tenant: Tenant, run_id: int) -> None:
    with database.transaction(tenant.id) as conn:
        conn.execute("update platform.sync_runs set lease_until = now() - interval '1 s' where id = %s", (run_id,))


def test_a_second_start_is_refused_with_the_id_of_the_first(database: Database, tenant: Tenant):
    """SYS-19."""
    first = start_run(database, customers(tenant), LEASE)
    with pytest.raises(AlreadyRunning, match=f"blaze/customers is being written by run {first}") as refused:
        start_run(database, customers(tenant), LEASE)
    assert refused.value.run_id == first


def test_other_entities_and_tenants_do_not_wait(database: Database, tenant: Tenant, other_tenant: Tenant):
    """SYS-19."""
    start_run(database, customers(tenant), LEASE)
    start_run(database, customers(tenant, entity="products"), LEASE)
    start_run(database, customers(other_tenant), LEASE)


def test_a_finished_run_makes_way(database: Database, tenant: Tenant):
    """SYS-19."""
    finish_run(database, tenant.id, start_run(database, customers(tenant), LEASE), "succeeded")
    start_run(database, customers(tenant), LEASE)


def test_a_dry_run_neither_waits_nor_blocks(database: Database, tenant: Tenant):
    """SYS-19."""
    start_run(database, customers(tenant, kind="dry_run"), LEASE)
    start_run(database, customers(tenant), LEASE)
    start_run(database, customers(tenant, kind="dry_run"), LEASE)


def test_lines_start_with_their_receipts_or_not_at_all(database: Database, tenant: Tenant):
    """SYS-19."""
    both = [customers(tenant, entity=entity) for entity in ("transactions", "transaction_items")]
    blocker = start_run(database, both[1], LEASE)
    with pytest.raises(AlreadyRunning):
        start_runs(database, both, LEASE)
    assert [run.id for run in list_runs(database, tenant.id, limit=10)] == [blocker]
    finish_run(database, tenant.id, blocker, "succeeded")
    receipts, lines = start_runs(database, both, LEASE)
    assert find_run(database, tenant.id, receipts).parent_id is None
    assert find_run(database, tenant.id, lines).parent_id == receipts


def test_runs_of_two_tenants_cannot_start_together(database: Database, tenant: Tenant, other_tenant: Tenant):
    with pytest.raises(InvalidRequest):
        start_runs(database, [customers(tenant), customers(other_tenant)], LEASE)
    with pytest.raises(InvalidRequest):
        start_runs(database, [], LEASE)


def test_a_run_whose_process_died_is_closed_and_its_place_taken(database: Database, tenant: Tenant):
    """SYS-19: the lock has a lease."""
    dead = start_run(database, customers(tenant), LEASE)
    expire(database, tenant, dead)
    alive = start_run(database, customers(tenant), LEASE)
    closed = find_run(database, tenant.id, dead)
    assert (closed.state, closed.error_class) == ("failed", "LeaseExpired")
    assert closed.finished_at is not None
    with pytest.raises(Cancelled):
        progress(database, tenant, dead)
    assert find_run(database, tenant.id, alive).state == "running"


def test_a_late_writer_whose_place_nobody_took_goes_on(database: Database, tenant: Tenant):
    """SYS-19: a long pause alone costs nothing."""
    run_id = start_run(database, customers(tenant), LEASE)
    expire(database, tenant, run_id)
    progress(database, tenant, run_id)
    with pytest.raises(AlreadyRunning):
        start_run(database, customers(tenant), LEASE)


def test_a_cancelled_run_stops_at_its_next_batch_and_keeps_what_it_did(database: Database, tenant: Tenant):
    """F-04."""
    run_id = start_run(database, customers(tenant), LEASE)
    progress(database, tenant, run_id)
    assert cancel_run(database, tenant.id, run_id).state == "cancelled"
    with pytest.raises(Cancelled, match="was not written"):
        progress(database, tenant, run_id)
    assert find_run(database, tenant.id, run_id).counters == BATCH
    start_run(database, customers(tenant), LEASE)


@pytest.mark.parametrize("named", [0, 1])
def test_receipts_and_lines_are_cancelled_together(database: Database, tenant: Tenant, named: int):
    """F-04."""
    ids = start_runs(database, [customers(tenant), customers(tenant, entity="lines")], LEASE)
    other = start_run(database, customers(tenant, entity="products"), LEASE)
    cancel_run(database, tenant.id, ids[named])
    assert {run.id: run.state for run in list_runs(database, tenant.id, limit=9)} == {
        ids[0]: "cancelled",
        ids[1]: "cancelled",
        other: "running",
    }


def test_the_heartbeat_extends_the_lease_and_tells_which_runs_are_lost(database: Database, tenant: Tenant):
    """SYS-19."""
    first, second = (start_run(database, customers(tenant, entity=e), 1) for e in ("a", "b"))
    before = find_run(database, tenant.id, first).lease_until
    assert extend_lease(database, tenant.id, [first, second], LEASE) == [first, second]
    after = find_run(database, tenant.id, first).lease_until
    assert before is not None
    assert after is not None
    assert after - before > timedelta(seconds=LEASE - 10)
    cancel_run(database, tenant.id, second)
    assert extend_lease(database, tenant.id, [first, second], LEASE) == [first]


def test_a_shorter_lease_never_shortens_one_that_is_granted(database: Database, tenant: Tenant):
    """SYS-19."""
    run_id = start_run(database, customers(tenant), 900)
    before = find_run(database, tenant.id, run_id).lease_until
    extend_lease(database, tenant.id, [run_id], 1)
    progress(database, tenant, run_id, lease_seconds=1)
    assert find_run(database, tenant.id, run_id).lease_until == before


def test_dead_runs_are_reaped_where_nothing_is_started_any_more(
    database: Database, tenant: Tenant, other_tenant: Tenant
):
    """SYS-19."""
    dead, alive = (start_run(database, customers(tenant, entity=e), LEASE) for e in ("a", "b"))
    foreign = start_run(database, customers(other_tenant), LEASE)
    expire(database, tenant, dead)
    expire(database, other_tenant, foreign)
    assert reap_expired(database, tenant.id) == [dead]
    assert reap_expired(database, tenant.id) == []
    assert find_run(database, tenant.id, alive).state == "running"
    assert find_run(database, other_tenant.id, foreign).state == "running"
