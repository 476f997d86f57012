"""Two starters at the same moment (SYS-19)."""

import threading
from collections.abc import Callable

import pytest

from sync_platform.core.counters import Counters
from sync_platform.core.errors import AlreadyRunning
from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import RunStart, add_progress, find_run, list_runs, start_run, start_runs
from sync_platform.db.pool import Database

STARTERS = 6


def at_once(work: Callable[[int], list[int]]) -> tuple[list[list[int]], list[int]]:
    """What each of the starters got, and whom the refused ones were told to wait for."""
    started: list[list[int]] = []
    refused: list[int] = []
    gate = threading.Barrier(STARTERS)

    def starter(number: int) -> None:
        gate.wait()
        try:
            started.append(work(number))
        except AlreadyRunning as error:
            refused.append(error.run_id)

    threads = [threading.Thread(target=starter, args=(n,)) for n in range(STARTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return started, refused


def run_of(tenant: Tenant, entity: str = "transactions") -> RunStart:
    return RunStart(tenant.id, "blaze", entity, "manual", None, "test")


def test_exactly_one_of_many_starters_writes(database: Database, tenant: Tenant):
    """SYS-19."""
    started, refused = at_once(lambda _: [start_run(database, run_of(tenant), 90)])
    ((winner,),) = started
    assert refused == [winner] * (STARTERS - 1)


def test_exactly_one_of_many_starters_takes_over_a_dead_run(database: Database, tenant: Tenant):
    """SYS-19."""
    dead = start_run(database, run_of(tenant), 90)
    with database.transaction(tenant.id) as conn:
        conn.execute("update platform.sync_runs set lease_until = now() - interval '1 s'")
    started, refused = at_once(lambda _: [start_run(database, run_of(tenant), 90)])
    ((winner,),) = started
    assert refused == [winner] * (STARTERS - 1)
    assert find_run(database, tenant.id, dead).error_class == "LeaseExpired"


def test_starters_of_the_same_tables_in_another_order_do_not_wait_for_each_other(database: Database, tenant: Tenant):
    """SYS-19: no deadlock, nothing half-started."""
    both = [run_of(tenant), run_of(tenant, "transaction_items")]
    started, refused = at_once(lambda n: start_runs(database, both[:: 1 if n % 2 else -1], 90))
    assert len(started) == 1
    assert set(refused) <= set(started[0])
    assert len(refused) == STARTERS - 1
    assert len(list_runs(database, tenant.id, limit=99)) == 2


def test_a_starter_waits_for_the_batch_in_flight_before_it_calls_a_run_dead(database: Database, tenant: Tenant):
    """SYS-19: the lease ran out while the batch was being written, and its commit renews it."""
    run_id = start_run(database, run_of(tenant), 90)
    with database.transaction(tenant.id) as conn:
        conn.execute("update platform.sync_runs set lease_until = now() - interval '1 s'")
    refused: list[int] = []

    def starter() -> None:
        with pytest.raises(AlreadyRunning) as error:
            start_run(database, run_of(tenant), 90)
        refused.append(error.value.run_id)

    thread = threading.Thread(target=starter)
    with database.transaction(tenant.id) as conn:
        add_progress(
            conn,
            tenant.id,
            run_id,
            stage="x",
            done=0,
            counters=Counters(),
            calls={},
            received_bytes=0,
            lease_seconds=90,
        )
        thread.start()
        waiting = "select count(*) from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))"
        while conn.execute(waiting).fetchone() == (0,):
            conn.execute("select pg_sleep(0.01)")
    thread.join()
    assert refused == [run_id]
    assert find_run(database, tenant.id, run_id).state == "running"
