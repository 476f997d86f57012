"""Two schedulers at work on the same ticks: Dagster's own loop, twice, on one instance in PostgreSQL."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from cryptography.fernet import Fernet
from dagster import DagsterRunStatus
from dagster._core.scheduler.instigation import ScheduleInstigatorData
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.controller import create_daemon_grpc_server_registry
from dagster._scheduler.scheduler import launch_scheduled_runs

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.defs.assets.work import repeats_another
from sync_platform_tests.defs.accounts import account_of
from sync_platform_tests.defs.stored import stored_instance
from sync_platform_tests.faults.tiers import tiered

pytestmark = pytest.mark.timeout(1200)

TICKS = tiered(6, 100)
NAME = "blaze_sales_hourly"
WORKSPACE = str(Path(__file__).parents[2] / "workspace.yaml")
QUIET = logging.getLogger("sync_platform_tests.schedulers")


@contextmanager
def code_location(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    """The workspace as a daemon has it; its code server has ended before the next test begins."""
    target = WorkspaceFileTarget([WORKSPACE])
    with (
        create_daemon_grpc_server_registry(instance) as registry,
        WorkspaceProcessContext(instance, target, grpc_server_registry=registry) as context,
    ):
        yield context
    registry.wait_for_processes()


def one_tick(context: WorkspaceProcessContext, at: datetime, together: threading.Barrier, errors: list[str]) -> None:
    """A scheduler that wakes at this moment, together with the other one."""
    together.wait(60)
    for found in launch_scheduled_runs(context, QUIET, at, iteration_times={}):
        if found is not None and hasattr(found, "message"):
            errors.append(str(found.message))


def test_two_schedulers_never_make_a_tick_work_twice(
    database_url: str,
    database: Database,
    make_tenant: Callable[..., Tenant],
    new_database: Callable[..., str],
    drop_database: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """F-06: in 100 ticks (short tier: 6) each chunk of tenants has one run that works, however many were created."""
    tenants = []
    for slug in ("alder", "birch", "cedar"):
        account_of(database, make_tenant(slug), "blaze")
        tenants.append(slug)
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", database_url)
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", f'["{Fernet.generate_key().decode()}"]')
    monkeypatch.setenv("SYNC_PLATFORM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SYNC_PLATFORM_SYNC__TENANTS_PER_RUN", "2")
    first = datetime.now(UTC).replace(minute=7, second=0, microsecond=0) - timedelta(hours=TICKS)
    url = new_database("sp_two_schedulers")
    works: Counter[str] = Counter()
    created = 0
    try:
        with (
            stored_instance(tmp_path, url) as instance,
            code_location(instance) as one,
            code_location(instance) as other,
        ):
            instance.add_dynamic_partitions("tenants", tenants)
            _switch_on(instance, one, first)
            for number in range(TICKS):
                at = first + timedelta(hours=number, seconds=1)
                errors: list[str] = []
                together = threading.Barrier(2)
                schedulers = [threading.Thread(target=one_tick, args=(c, at, together, errors)) for c in (one, other)]
                for scheduler in schedulers:
                    scheduler.start()
                for scheduler in schedulers:
                    scheduler.join(120)
                assert not errors
                for run in instance.get_runs(dg.RunsFilter(statuses=[DagsterRunStatus.QUEUED])):
                    created += 1
                    works[run.tags["dagster/run_key"]] += not repeats_another(instance, run)
                    instance.report_run_canceled(run)  # or the next tick is skipped
    finally:
        drop_database("sp_two_schedulers")
    assert len(works) == 2 * TICKS, "three tenants, two of them in a run"
    assert set(works.values()) == {1}
    assert created >= len(works)


def _switch_on(instance: dg.DagsterInstance, context: WorkspaceProcessContext, since: datetime) -> None:
    (location,) = context.create_request_context().code_locations
    (repository,) = location.get_repositories().values()
    schedule = repository.get_schedule(NAME)
    state = instance.start_schedule(schedule)
    data = state.instigator_data
    assert isinstance(data, ScheduleInstigatorData)
    begun = ScheduleInstigatorData(data.cron_schedule, (since - timedelta(minutes=1)).timestamp())
    instance.update_instigator_state(state.with_data(begun))
