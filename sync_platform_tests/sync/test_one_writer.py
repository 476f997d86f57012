"""One writer per tenant, source and entity; and what happens to a run that loses its place."""

import threading
from typing import Any

import pytest

from sync_platform.core.errors import AlreadyRunning, LedgerUnbalanced
from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import cancel_run, start_run
from sync_platform.db.pool import Database
from sync_platform.db.run_row import RunStart
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync import loading
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Progress
from sync_platform.sync.write import write_batch
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.syncing import ask, one, sync
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, assert_tables_equal_truth, ledger


def start(database: Database, tenant: Tenant, lease: float, entity: str = "customers") -> int:
    return start_run(database, RunStart(tenant.id, "blaze", entity, "manual", None, "somebody"), lease)


def test_a_second_start_is_refused_with_the_id_of_the_writer(
    platform: Platform, owner: Tenant, sandbox: BlazeSandbox
) -> None:
    """SYS-19: nothing is read, nothing is left in the ledger."""
    running = start(platform.database, owner, 90)
    result = sync(platform, owner, "customers")
    assert (result.state, result.reports) == ("refused", ())
    assert isinstance(result.error, AlreadyRunning)
    assert result.error.run_id == running
    assert str(running) in str(result.error)
    assert sandbox.journal.count() == 0
    assert len(ledger(platform.database, owner)) == 1


def test_another_entity_is_not_in_the_way(platform: Platform, owner: Tenant) -> None:
    """SYS-19: nor are lookups that somebody else refreshes."""
    start(platform.database, owner, 90)
    start(platform.database, owner, 90, "lookups")
    assert sync(platform, owner, "products").state == "succeeded"


def test_an_expired_lease_is_taken_over(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-19, I9: its process died; the ledger says so."""
    dead = start(platform.database, owner, -1)
    assert sync(platform, owner, "customers").state == "succeeded"
    found = one(platform.database, owner, "select state, error_class from platform.sync_runs where id = %s", dead)
    assert found == ("failed", "LeaseExpired")
    assert_tables_equal_truth(platform.database, owner, [shop], ["customers"])


def test_two_starts_at_the_same_moment_give_one_run(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-19: the other is refused, whoever wins; the tables are right."""
    states: list[str] = []
    barrier = threading.Barrier(2)

    def run() -> None:
        barrier.wait()
        states.append(sync(platform, owner, "customers").state)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) in (["refused", "succeeded"], ["succeeded", "succeeded"])
    assert_accounted(platform.database, owner)
    assert_tables_equal_truth(platform.database, owner, [shop], ["customers"])


def test_a_run_cancelled_in_the_middle_writes_no_further_batch(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """F-04: the batch after the cancellation is rolled back whole; the next run goes on."""
    small = make_platform(sync={"batch_records": 1}, blaze={"page_size": 20})
    batches: list[int] = []

    def cancel(progress: Progress) -> None:
        batches.append(progress.done)
        if len(batches) == 3:
            running = one(small.database, owner, "select min(id) from platform.sync_runs where state = 'running'")
            cancel_run(small.database, owner.id, running[0])

    result = sync_blaze(small, ask(owner, "transactions", small, 7), cancel)
    assert result.state == "cancelled"
    assert [report.state for report in result.reports] == ["cancelled", "cancelled"]
    stored = one(small.database, owner, "select count(*) from blaze.transactions")
    assert stored == (batches[2],)
    assert sync(small, owner, "transactions", 7).state == "succeeded"
    assert sync(small, owner, "transactions").state == "succeeded"
    assert_tables_equal_truth(small.database, owner, [shop], ["transactions"])
    assert_accounted(small.database, owner)


def test_a_batch_that_cannot_be_written_does_not_move_the_position(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SYS-09, SYS-11: position and rows commit together or not at all."""
    small = make_platform(sync={"batch_records": 1}, blaze={"page_size": 20})
    whole, calls = write_batch, 0

    def fails_once(*args: Any, **values: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise LedgerUnbalanced("another number of rows was written")
        return whole(*args, **values)

    with monkeypatch.context() as patch:
        patch.setattr(loading, "write_batch", fails_once)
        result = sync(small, owner, "transactions")
    assert (result.state, type(result.error).__name__) == ("failed", "LedgerUnbalanced")
    assert sync(small, owner, "transactions").state == "succeeded"
    assert_tables_equal_truth(small.database, owner, [shop], ["transactions"])


def test_a_stopped_run_makes_no_further_call(make_platform: MakePlatform, owner: Tenant, sandbox: BlazeSandbox) -> None:
    """F-04, HTTP-11: the reader that is ahead of the loader is stopped with it, and its calls are counted."""
    small = make_platform(sync={"batch_records": 1}, blaze={"page_size": 10})

    def stop(_: Progress) -> None:
        small.stopping.set()

    sync_blaze(small, ask(owner, "transactions", small), stop)
    before = sandbox.journal.count()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch" and thread.is_alive()]
    assert sandbox.journal.count() == before
    assert_calls_match(sandbox.journal, ledger(small.database, owner))
