"""Sensors: partitions follow tenants, failures are told, dead runs are ended, stale tenants are found."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from sync_platform.db.blaze_tables import TABLES as BLAZE
from sync_platform.db.ledger import RunStart, find_run, finish_run, start_run
from sync_platform.db.tenants import set_tenant_state
from sync_platform.defs.partitions import RANGE_END, RANGE_START, TENANTS
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.sensors.failures import dead_runs, failed_runs
from sync_platform.defs.sensors.freshness import KEYS, Survey, survey, table_freshness
from sync_platform.defs.sensors.tenants import busy_tenants, changes, tenant_partitions
from sync_platform.sync.platform import Platform
from sync_platform_tests.defs.accounts import account_of

SLUGS = st.lists(st.integers(10, 40).map(str), unique=True, max_size=15)


@dg.job
def nothing() -> None:
    """A run to look at."""


@pytest.fixture
def source(platform: Platform) -> PlatformSource:
    @contextmanager
    def opened() -> Iterator[Platform]:
        yield platform

    return PlatformSource(opened)


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, source: PlatformSource) -> Any:
    """What one evaluation returns."""
    return sensor(dg.build_sensor_context(instance=instance, resources={"platform": source}))


@given(present=SLUGS, known=SLUGS, busy=SLUGS)
def test_partitions_follow_the_registry_and_never_leave_under_a_run(present, known, busy):
    """DAG-11, TEN-01: a key with a run in flight is never deleted; an empty registry deletes nothing."""
    added, gone = changes(present, known, busy)
    assert added == [slug for slug in known if slug not in present]
    assert not set(gone) & set(busy)
    assert not set(gone) & set(known)
    assert set(gone) == (set(present) - set(known) - set(busy) if known else set())


def test_a_tenant_is_busy_while_a_run_of_its_partition_or_range_is_not_finished(instance):
    """DAG-11: a range reaches over the tenants between its ends; one with an unknown end at least over its ends."""
    present = ["a1", "b2", "c3", "d4", "e5"]
    ranged = {RANGE_START: "2026-11-18|b2", RANGE_END: "2026-11-20|d4"}
    run = instance.create_run_for_job(nothing, tags=ranged, status=DagsterRunStatus.STARTED)
    instance.create_run_for_job(nothing, tags={"dagster/partition": "2026-11-18|e5"}, status=DagsterRunStatus.STARTED)
    instance.create_run_for_job(nothing, tags={"dagster/partition": "2026-11-18|a1"}, status=DagsterRunStatus.SUCCESS)
    assert busy_tenants(instance, present) == {"b2", "c3", "d4", "e5"}
    assert busy_tenants(instance, ["b2"]) == {"b2", "d4", "e5"}
    instance.report_run_canceled(run)
    assert busy_tenants(instance, present) == {"e5"}
    instance.create_run_for_job(nothing, tags={"dagster/partition": "a1"}, status=DagsterRunStatus.STARTED)
    of_tenants = {RANGE_START: "b2", RANGE_END: "c3"}
    instance.create_run_for_job(nothing, tags=of_tenants, status=DagsterRunStatus.STARTED)
    assert busy_tenants(instance, present) == {"a1", "b2", "c3", "e5"}, "also of runs that are partitioned by tenant"


def test_the_tenant_sensor_asks_for_new_keys_in_order_of_addition_and_keeps_suspended_ones(
    instance,
    source,
    make_tenant,
    platform,
):
    """DAG-11, TEN-01."""
    assert isinstance(tick(tenant_partitions, instance, source), dg.SkipReason)
    tenants = [make_tenant(slug) for slug in ("zebra", "alder", "birch")]
    set_tenant_state(platform.database, tenants[1].id, "suspended")
    instance.add_dynamic_partitions(TENANTS, ["gone", "alder"])
    (added, gone) = tick(tenant_partitions, instance, source).dynamic_partitions_requests
    assert added.partition_keys == ["zebra", "birch"]
    assert gone.partition_keys == ["gone"]
    busy = instance.create_run_for_job(
        nothing, tags={"dagster/partition": "2026-11-18|gone"}, status=DagsterRunStatus.STARTED
    )
    (only,) = tick(tenant_partitions, instance, source).dynamic_partitions_requests
    assert only.partition_keys == ["zebra", "birch"]
    assert busy.run_id


def ledger_row(platform: Platform, tenant: Any, run_id: str, entity: str = "customers", lease: float = 90) -> int:
    start = RunStart(tenant.id, "blaze", entity, "scheduled", None, "test", run_id)
    return start_run(platform.database, start, lease)


def test_a_run_whose_lease_expired_is_ended_and_one_that_still_writes_is_not(
    instance,
    source,
    platform,
    make_tenant,
):
    """DAG-12: also where another writer has closed the dead one's row already (SYS-19)."""
    alder, birch = make_tenant("alder"), make_tenant("birch")
    runs = {
        name: instance.create_run_for_job(nothing, status=DagsterRunStatus.STARTED).run_id
        for name in ("dead", "taken over", "alive", "no row")
    }
    dead_row = ledger_row(platform, alder, runs["dead"], lease=0)
    ledger_row(platform, birch, runs["taken over"], "products", lease=0)
    successor = ledger_row(platform, birch, runs["no row"], "products")
    finish_run(platform.database, birch.id, successor, "succeeded")
    ledger_row(platform, alder, runs["alive"], "transactions", lease=0)
    ledger_row(platform, birch, runs["alive"], "transactions")
    tick(dead_runs, instance, source)
    statuses = {name: instance.get_run_by_id(run_id).status.value for name, run_id in runs.items()}
    assert statuses == {"dead": "FAILURE", "taken over": "FAILURE", "alive": "STARTED", "no row": "STARTED"}
    assert find_run(platform.database, alder.id, dead_row).error_class == "LeaseExpired"


def test_a_run_that_died_with_no_row_open_is_known_by_its_silence(instance, source, clock, make_tenant):
    """DAG-12."""
    make_tenant("alder")
    run = instance.create_run_for_job(nothing, status=DagsterRunStatus.STARTED)
    instance.report_engine_event("a sign of life", run)
    (heard,) = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    clock.forward((heard.event_log_entry.timestamp - clock.epoch()) / 60 + 14)
    tick(dead_runs, instance, source)
    assert instance.get_run_by_id(run.run_id).status == DagsterRunStatus.STARTED
    clock.forward(2)
    tick(dead_runs, instance, source)
    assert instance.get_run_by_id(run.run_id).status == DagsterRunStatus.FAILURE


def test_a_failed_run_is_one_log_line_without_secrets_and_its_ledger_rows_are_closed(
    instance,
    source,
    platform,
    make_tenant,
):
    """DAG-11, SEC-22."""

    @dg.op
    def breaks(_context) -> None:
        raise dg.Failure("postgresql://loader:invented-pw@db/x refused; partner_key=abc123")

    @dg.job
    def broken() -> None:
        breaks()

    result = broken.execute_in_process(instance=instance, raise_on_error=False)
    alder = make_tenant("alder")
    row = ledger_row(platform, alder, result.run_id)
    with capture_logs() as lines:
        failed_runs(
            dg.build_run_status_sensor_context(
                sensor_name="failed_runs",
                dagster_event=result.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=result.dagster_run,
                resources={"platform": source},
            ).for_run_failure()
        )
    (line,) = [line for line in lines if line["event"] == "run_failed"]
    assert (line["run_id"], line["ledger_runs_closed"]) == (result.run_id, [row])
    assert "invented-pw" not in str(line)
    assert "abc123" not in str(line)
    assert find_run(platform.database, alder.id, row).state == "failed"


def test_freshness_names_the_stale_tenants_of_each_table(instance, source, platform, make_tenant):
    """OPS-02, DAG-11: suspended tenants are nobody's concern, and neither are sources that one does without."""
    assert tick(table_freshness, instance, source).asset_events == []
    fresh, stale, away = make_tenant("alder"), make_tenant("birch"), make_tenant("cedar")
    assert tick(table_freshness, instance, source).asset_events == [], "nobody has an account"
    for tenant in (fresh, stale, away):
        account_of(platform.database, tenant, "blaze")
    account_of(platform.database, stale, "mx_merchant")
    set_tenant_state(platform.database, away.id, "suspended")
    for table in BLAZE:
        finish_run(platform.database, fresh.id, ledger_row(platform, fresh, "r", table), "succeeded")
    events = tick(table_freshness, instance, source).asset_events
    assert [event.asset_key for event in events] == [key for key in KEYS.values() if key.path[0] != "crm"]
    for event in events:
        assert not event.passed
        judged = 2 if event.asset_key.path[0] == "blaze" else 1
        assert (event.metadata["tenants"].value, event.metadata["failing"].value) == (judged, 1)
        assert [row.data["tenant"] for row in event.metadata["findings"].records] == ["birch"]


@given(per_tick=st.integers(1, 5), number=st.integers(0, 7))
def test_a_survey_that_needs_several_ticks_judges_every_tenant_once(monkeypatch_freshness, per_tick, number):
    """DAG-11: a tick ends in time whatever the number of tenants, and nobody is forgotten."""
    seen = monkeypatch_freshness
    seen.clear()
    tenants = [type("T", (), {"slug": f"t{n}"})() for n in reversed(range(number))]
    cursor: str | None = None
    for _ in range(20):
        ticks = iter(map(float, range(1000)))
        now = Survey.resumed(cursor)
        complete = survey(None, tenants, now, per_tick, partial(next, ticks))
        cursor = now.model_dump_json()
        if complete:
            break
    assert complete
    assert seen == sorted(tenant.slug for tenant in tenants)
    assert now.judged == number
    assert Survey.resumed("not a cursor") == Survey.resumed(None) == Survey()


@pytest.fixture(scope="module")
def monkeypatch_freshness() -> Iterator[list[str]]:
    """Whom a survey judges, without a database."""
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Survey, "add", _noting(seen))
        yield seen


def _noting(seen: list[str]) -> Any:
    def add(self: Survey, _platform: Any, tenant: Any) -> None:
        seen.append(tenant.slug)
        self.after = tenant.slug
        self.judged += 1

    return add
