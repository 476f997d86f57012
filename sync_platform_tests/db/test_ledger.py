"""The run ledger (SYS-10, SYS-11, HTTP-11)."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from sync_platform.core.counters import Counters
from sync_platform.core.errors import Cancelled, InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.ledger import (
    RunStart,
    add_batch,
    add_progress,
    cancel_run,
    count_calls,
    extend_lease,
    find_run,
    finish_run,
    list_runs,
    start_run,
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


def test_a_started_run_is_written_down_with_all_that_was_asked(database: Database, tenant: Tenant):
    """SYS-10."""
    run = find_run(database, tenant.id, start_run(database, customers(tenant, dagster_run_id="d1", planned=7), LEASE))
    assert (run.source, run.entity, run.kind, run.window) == ("blaze", "customers", "manual", WINDOW)
    assert (run.state, run.stage, run.actor, run.dagster_run_id, run.planned) == (
        "running",
        "starting",
        "cli:ann",
        "d1",
        7,
    )
    assert run.counters == Counters()
    assert run.finished_at is None
    assert run.lease_until is not None
    assert run.lease_until - run.started_at == pytest.approx(timedelta(seconds=LEASE), abs=timedelta(seconds=1))


def test_a_run_without_a_window_has_none(database: Database, tenant: Tenant):
    """SYS-10."""
    assert find_run(database, tenant.id, start_run(database, customers(tenant, window=None), LEASE)).window is None


def test_batches_add_up_and_calls_are_those_of_the_run_so_far(database: Database, tenant: Tenant):
    """SYS-10, SYS-11, HTTP-11: counters are added, calls and bytes are absolute."""
    run_id = start_run(database, customers(tenant), LEASE)
    calls = {"GET /members": {"200": 3, "503": 1}, "GET /store": {"200": 1}}
    progress(database, tenant, run_id, planned=30)
    progress(database, tenant, run_id, stage="more", calls=calls, received_bytes=2000)
    run = find_run(database, tenant.id, run_id)
    assert run.counters == BATCH + BATCH
    assert run.counters.balanced
    assert (run.stage, run.done, run.planned, run.bytes, run.api_calls) == ("more", 20, 30, 2000, 5)
    assert run.calls == calls


def test_a_call_is_counted_before_it_leaves_and_older_counts_take_nothing_back(database: Database, tenant: Tenant):
    """HTTP-11, I6: the reader ahead counts while a batch with an older count is on its way."""
    run_id = start_run(database, customers(tenant), LEASE)
    count_calls(database, tenant.id, run_id, {"GET /members": {"200": 4, "unanswered": 1}})
    progress(database, tenant, run_id, calls={"GET /members": {"200": 3}})
    run = find_run(database, tenant.id, run_id)
    assert (run.api_calls, run.calls) == (5, {"GET /members": {"200": 4, "unanswered": 1}})
    progress(database, tenant, run_id, calls={"GET /members": {"200": 5}})
    assert find_run(database, tenant.id, run_id).calls == {"GET /members": {"200": 5}}


def test_no_call_leaves_for_a_run_that_has_ended(database: Database, tenant: Tenant, other_tenant: Tenant):
    """F-04, I6: the count of a finished run is its count for ever; nor does a tenant count in another's run."""
    run_id = start_run(database, customers(tenant), LEASE)
    count_calls(database, tenant.id, run_id, {"GET /members": {"unanswered": 1}})
    cancel_run(database, tenant.id, run_id)
    with pytest.raises(Cancelled):
        count_calls(database, tenant.id, run_id, {"GET /members": {"200": 1, "unanswered": 1}})
    assert find_run(database, tenant.id, run_id).api_calls == 1
    second = start_run(database, customers(tenant), LEASE)
    with pytest.raises(Cancelled):
        count_calls(database, other_tenant.id, second, {"GET /members": {"unanswered": 1}})


def test_a_batch_is_noted_once(database: Database, tenant: Tenant):
    """SYS-09: whoever repeats a batch whose commit was not confirmed learns that it is there."""
    run_id = start_run(database, customers(tenant), LEASE)
    for batch, expected in ((1, True), (1, False), (3, True), (2, False)):
        with database.transaction(tenant.id) as conn:
            assert add_batch(conn, tenant.id, run_id, batch) is expected
    cancel_run(database, tenant.id, run_id)
    with pytest.raises(Cancelled), database.transaction(tenant.id) as conn:
        add_batch(conn, tenant.id, run_id, 4)


def test_a_batch_without_calls_leaves_the_calls_alone(database: Database, tenant: Tenant):
    """HTTP-11."""
    run_id = start_run(database, customers(tenant), LEASE)
    progress(database, tenant, run_id, calls={})
    assert find_run(database, tenant.id, run_id).calls == {}
    progress(database, tenant, run_id)
    progress(database, tenant, run_id, calls={})
    assert find_run(database, tenant.id, run_id).calls == {"GET /members": {"200": 1}}


def test_progress_of_a_batch_that_fails_is_not_counted(database: Database, tenant: Tenant):
    """SYS-11: counters and rows commit together."""
    run_id = start_run(database, customers(tenant), LEASE)

    def batch() -> None:
        with database.transaction(tenant.id) as conn:
            add_progress(
                conn, tenant.id, run_id, stage="x", done=1, counters=BATCH, calls={}, received_bytes=1, lease_seconds=1
            )
            conn.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        batch()
    assert find_run(database, tenant.id, run_id).counters == Counters()


def test_a_finished_run_tells_its_end_and_what_was_not_counted_yet(database: Database, tenant: Tenant):
    """SYS-10, HTTP-11."""
    run_id = start_run(database, customers(tenant), LEASE)
    progress(database, tenant, run_id)
    run = finish_run(
        database,
        tenant.id,
        run_id,
        "partial",
        error_class="CircuitOpen",
        error_message="wait",
        report={"suppressed": {"email": 2}},
        calls={"GET /members": {"200": 1, "timeout": 1}},
        received_bytes=1005,
    )
    assert (run.state, run.error_class, run.error_message) == ("partial", "CircuitOpen", "wait")
    assert (run.api_calls, run.bytes, run.report) == (2, 1005, {"suppressed": {"email": 2}})
    assert run.calls == {"GET /members": {"200": 1, "timeout": 1}}
    assert (run.lease_until, run.stage) == (None, "members")
    assert run.finished_at is not None
    assert run == find_run(database, tenant.id, run_id)


@pytest.mark.parametrize("state", ["succeeded", "partial", "failed", "cancelled"])
def test_a_run_that_does_not_balance_is_failed_whatever_was_asked(database: Database, tenant: Tenant, state):
    """SYS-11."""
    run_id = start_run(database, customers(tenant), LEASE)
    progress(database, tenant, run_id, counters=replace(BATCH, fetched=11))
    run = finish_run(database, tenant.id, run_id, state, error_message="first cause " + "x" * 2000)
    assert (run.state, run.error_class) == ("failed", "LedgerUnbalanced")
    assert run.error_message is not None
    assert "fetched 11, accounted for 10" in run.error_message
    assert "before that: first cause" in run.error_message
    assert len(run.error_message) <= 1000


def test_rows_changed_without_being_fetched_do_not_unbalance_a_run(database: Database, tenant: Tenant):
    """SYS-11: deleted, revived and suppressed stand beside the identity."""
    run_id = start_run(database, customers(tenant), LEASE)
    progress(database, tenant, run_id, counters=Counters(deleted=3, revived=2, suppressed=1))
    run = finish_run(database, tenant.id, run_id, "succeeded")
    assert run.state == "succeeded"
    assert run.counters == Counters(deleted=3, revived=2, suppressed=1)


def test_an_error_message_is_redacted_and_bounded(database: Database, tenant: Tenant):
    """SEC-22, HTTP-08."""
    run_id = start_run(database, customers(tenant), LEASE)
    secret = "canary-7d1f"
    message = f"{'x' * 990} partner_key={secret} postgresql://u:{secret}@h/d"
    run = finish_run(database, tenant.id, run_id, "failed", error_class="VendorRejected", error_message=message)
    assert run.error_message is not None
    assert len(run.error_message) == 1000
    assert "canary" not in run.error_message


def test_a_finished_run_is_history(database: Database, tenant: Tenant):
    """SYS-10: append-only."""
    run_id = start_run(database, customers(tenant), LEASE)
    done = finish_run(database, tenant.id, run_id, "succeeded")
    assert finish_run(database, tenant.id, run_id, "failed", error_class="Late", report={"a": 1}) == done
    with pytest.raises(Cancelled):
        progress(database, tenant, run_id)
    with pytest.raises(Refused, match="succeeded"):
        cancel_run(database, tenant.id, run_id)
    with pytest.raises(psycopg.errors.RestrictViolation), database.transaction(tenant.id) as conn:
        conn.execute("update platform.sync_runs set fetched = 1 where id = %s", (run_id,))


def test_runs_are_listed_newest_first_narrowed_and_bounded(database: Database, tenant: Tenant):
    """SYS-10."""
    ids = []
    for n in range(6):
        ids.append(start_run(database, customers(tenant, entity="even" if n % 2 == 0 else "odd"), LEASE))
        finish_run(database, tenant.id, ids[-1], "failed" if n == 3 else "succeeded")
    assert [run.id for run in list_runs(database, tenant.id, limit=4)] == ids[:1:-1]
    assert [run.id for run in list_runs(database, tenant.id, limit=9, entity="odd", state="failed")] == [ids[3]]
    assert list_runs(database, tenant.id, limit=9, source="crm") == []
    assert len(list_runs(database, tenant.id, limit=-1)) == 1


def test_a_tenant_neither_sees_nor_stops_anothers_runs(database: Database, tenant: Tenant, other_tenant: Tenant):
    """TEN-05."""
    run_id = start_run(database, customers(tenant), LEASE)
    assert list_runs(database, other_tenant.id, limit=9) == []
    assert extend_lease(database, other_tenant.id, [run_id], LEASE) == []
    with pytest.raises(InvalidRequest, match="runs list"):
        cancel_run(database, other_tenant.id, run_id)
    with pytest.raises(InvalidRequest):
        finish_run(database, other_tenant.id, run_id, "failed")
    with pytest.raises(Cancelled):
        progress(database, other_tenant, run_id)
    values = "(tenant_id, source, entity, kind, actor) values (%s, 'blaze', 'customers', 'manual', 'x')"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(other_tenant.id) as conn:
        conn.execute(f"insert into platform.sync_runs {values}", (tenant.id,))  # type: ignore[arg-type]


def test_an_unknown_run_is_refused(database: Database, tenant: Tenant):
    with pytest.raises(InvalidRequest):
        find_run(database, tenant.id, 1 << 40)
    with pytest.raises(InvalidRequest):
        find_run(database, uuid.uuid4(), 1)
