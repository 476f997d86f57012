"""Workers of imports: one per batch, stopped at any stage, replaced where they die (CSV-03, CSV-04, CSV-13, CSV-17)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sync_platform.core.errors import Refused
from sync_platform.db.import_batches import claim_batch, find_batch, list_batches, progress
from sync_platform.db.pool import Database
from sync_platform.sync.import_run import run_batch
from sync_platform.sync.imports import cancel_import
from sync_platform_tests.sync.importing import do_import, in_ledger, load_references, purchase_file, run, small, submit

STAGES = ("parsing", "grouping", "validating", "inserting", "finishing")


@pytest.fixture(autouse=True)
def references(database, tenant):
    load_references(database, tenant)


@pytest.fixture
def ledger_locked(platform, tenant):
    """Somebody else is writing this tenant's ledger, until ``set``."""
    taken, leave = threading.Event(), threading.Event()

    def hold():
        with platform.database.transaction(tenant.id) as conn:
            conn.execute("select purchases.lock_ledger()")
            taken.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(60)
    yield leave
    leave.set()
    thread.join()


@pytest.mark.parametrize("stage", STAGES)
def test_an_import_is_cancelled_at_any_stage(platform, tenant, stage):
    """CSV-33: nothing of it is in the ledger, and its file is gone."""

    def cancel(now):
        if now.stage == stage:
            cancel_import(platform, tenant, now.batch_id, "no longer wanted")

    batch = do_import(platform, tenant, purchase_file(200), on_progress=cancel).batch
    assert (batch.state, batch.problem, batch.stored_as) == ("cancelled", "no longer wanted", None)
    assert in_ledger(platform.database, tenant) == (0, 0, 0)
    assert list((platform.settings.data_dir / "imports").iterdir()) == []
    assert do_import(platform, tenant, purchase_file(200)).batch.state == "completed"


def test_an_import_that_waits_is_cancelled_and_an_ended_one_is_not(platform, tenant):
    """CSV-33."""
    batch = submit(platform, tenant, small(1))
    assert cancel_import(platform, tenant, batch.id).batch.state == "cancelled"
    assert run_batch(platform, tenant) is None
    with pytest.raises(Refused, match="has ended"):
        cancel_import(platform, tenant, batch.id)


def test_a_statement_that_waits_does_not_keep_a_cancelled_import_alive(platform, tenant, ledger_locked):
    """CSV-33: the lock is still held when the import ends."""
    batch = submit(platform, tenant, small(1))
    grouping = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            run, platform, tenant, batch.id, lambda now: grouping.set() if now.stage == "grouping" else None
        )
        grouping.wait(60)
        cancel_import(platform, tenant, batch.id)
        assert running.result(timeout=60).batch.state == "cancelled"
    assert not ledger_locked.is_set()


def test_a_worker_does_not_wait_for_a_statement_when_it_is_asked_to_stop(make_platform, tenant, ledger_locked):
    """CSV-03."""
    platform = make_platform()
    batch = submit(platform, tenant, small(1))
    stop = threading.Timer(0.3, platform.stopping.set)
    stop.start()
    assert run(platform, tenant, batch.id).batch.state == "processing"
    assert not ledger_locked.is_set()
    ledger_locked.set()
    assert run(make_platform(), tenant).batch.state == "completed"


def test_an_import_that_takes_too_long_fails(make_platform, tenant, ledger_locked):
    """CSV-13: in the middle of a statement."""
    platform = make_platform(imports={"deadline_minutes": 0.02})
    batch = do_import(platform, tenant, small(1)).batch
    assert batch.state == "failed"
    assert "took longer than 0.02 minutes" in batch.problem
    assert not ledger_locked.is_set()


def test_a_worker_that_is_asked_to_stop_leaves_the_import_to_the_next(make_platform, tenant):
    """CSV-03: at once, not when the lease has run out."""
    stopped = make_platform()
    batch = submit(stopped, tenant, purchase_file(200))

    def stop(now):
        if now.stage == "validating":
            stopped.stopping.set()

    left = run(stopped, tenant, batch.id, stop).batch
    assert left.state == "processing"
    assert in_ledger(stopped.database, tenant) == (0, 0, 0)
    taken = run(make_platform(), tenant).batch
    assert (taken.id, taken.state, taken.attempts) == (batch.id, "completed", 2)
    assert in_ledger(stopped.database, tenant)[1] == 200


def test_a_last_sign_of_life_does_not_keep_a_stopped_import_from_the_next_worker(make_platform, tenant, monkeypatch):
    """CSV-03: the lease ends after the watch has, however slow its last statement is."""
    stopped, alive = make_platform(), threading.Event()
    batch = submit(stopped, tenant, purchase_file(200))

    def slow(*arguments, **values):
        alive.set()
        time.sleep(0.3)
        progress(*arguments, **values)

    def stop(now):
        if now.stage == "validating":
            alive.clear()
            assert alive.wait(10)
            stopped.stopping.set()

    with monkeypatch.context() as patched:
        patched.setattr("sync_platform.sync.import_watch.progress", slow)
        assert run(stopped, tenant, batch.id, stop).batch.state == "processing"
    assert run(make_platform(), tenant).batch.state == "completed"


def test_the_batch_of_a_dead_worker_is_taken_over_by_who_brings_the_file_again(platform, tenant):
    """CSV-03, F-02: it ends once; whoever comes waits for the lease of the dead."""
    batch = submit(platform, tenant, purchase_file(50))
    claim_batch(platform.database, tenant.id, lease_seconds=1, tenant_parallel=1, parallel=4)
    waiting = replace(platform, sleep=lambda _: time.sleep(0.1))
    result = do_import(waiting, tenant, purchase_file(50))
    assert (result.new, result.batch.id, result.batch.state, result.batch.attempts) == (False, batch.id, "completed", 2)
    assert in_ledger(platform.database, tenant)[1] == 50


def test_a_worker_whose_batch_was_taken_over_writes_nothing(platform, tenant):
    """CSV-03: the late one is told at its end at the latest."""
    batch = submit(platform, tenant, purchase_file(50))

    def lose(now):
        if now.stage == "finishing":
            with platform.database.transaction(tenant.id) as conn:
                past = "lease_until = clock_timestamp() - interval '1 second'"
                conn.execute(f"update purchases.bulk_import_batches set {past}")
                conn.execute(f"update platform.import_slots set {past}")
            claim_batch(platform.database, tenant.id, lease_seconds=60, tenant_parallel=1, parallel=4)

    assert run(platform, tenant, batch.id, lose).batch.state == "processing"
    assert in_ledger(platform.database, tenant) == (0, 0, 0)


def test_progress_is_seen_by_others_while_the_import_runs(platform, tenant, ledger_locked):
    """CSV-04: rows, stage and lease are written apart from the data."""
    batch = submit(platform, tenant, purchase_file(300))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, platform, tenant, batch.id)
        until = time.monotonic() + 60
        while (now := find_batch(platform.database, tenant.id, batch.id)).stage != "grouping":
            assert time.monotonic() < until
            time.sleep(0.02)
        assert (now.state, now.rows) == ("processing", 300)
        assert now.lease_until is not None
        ledger_locked.set()
        assert running.result(timeout=60).batch.state == "completed"


def test_an_error_of_ours_ends_the_import_and_is_heard_of(platform, tenant):
    """CSV-11."""

    def break_(now):
        if now.stage == "inserting":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        do_import(platform, tenant, small(1), on_progress=break_)
    [batch] = list_batches(platform.database, tenant.id)
    assert (batch.state, batch.problem) == ("failed", "internal error (ZeroDivisionError); nothing was written")
    assert in_ledger(platform.database, tenant) == (0, 0, 0)


def test_an_import_whose_connection_is_lost_is_done_again(platform, tenant):
    """CSV-11: a restart of the database in the middle of it."""
    lost: list[object] = []

    def lose(now):
        if now.stage == "inserting" and not lost:
            lost.append(now)
            with platform.database.transaction() as conn:
                conn.execute("reset role")
                conn.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                    " and pid <> pg_backend_pid() and state = 'idle in transaction'"
                )

    waiting = replace(platform, database=Database(platform.settings.database_url.get_secret_value(), wait=30))
    with waiting.database:
        batch = do_import(waiting, tenant, purchase_file(200), on_progress=lose).batch
    assert (batch.state, batch.attempts, len(lost)) == ("completed", 1, 1)
    assert in_ledger(platform.database, tenant)[1] == 200
