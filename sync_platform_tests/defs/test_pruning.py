"""What leaves Dagster's event log with age, and what must not."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from sync_platform.db.credentials import set_credential
from sync_platform.defs.pruning import Pruned, prune
from sync_platform.settings import DagsterSettings
from sync_platform_tests.defs.conftest import World, keys
from sync_platform_tests.defs.stored import stored_instance

TABLES = ("customers", "products", "transaction_items", "transactions")
RANGE = ("2026-11-18|alder", "2026-11-19|cedar")
SHORT = DagsterSettings(keep_logs_days=10, keep_superseded_days=20)
LATER = timedelta(days=30)


@pytest.fixture
def instance(tmp_path: Path, empty_database_url: str) -> Iterator[dg.DagsterInstance]:
    with stored_instance(tmp_path, empty_database_url) as instance:
        yield instance


def events(world: World, run_id: str) -> Counter[str]:
    records = world.instance.get_records_for_run(run_id, limit=5000).records
    return Counter(r.event_log_entry.dagster_event.event_type_value for r in records if r.event_log_entry.dagster_event)


def statuses(world: World, table: str) -> dict[str, str]:
    key = dg.AssetKey(["blaze", table])
    definition = world.defs.resolve_asset_graph().get(key).partitions_def
    wanted = keys(["2026-11-18", "2026-11-19"], list(world.tenants))
    found = world.instance.get_status_by_partition(key, wanted, definition) or {}
    return {name: state.name for name, state in found.items() if state is not None}


def shown(world: World) -> dict[str, object]:
    """What the pages of assets, checks and runs are made of."""
    found: dict[str, object] = {"runs": [(run.run_id, run.status) for run in world.instance.get_runs()]}
    for table in TABLES:
        key = dg.AssetKey(["blaze", table])
        latest = world.instance.fetch_materializations(key, limit=1000).records
        newest: dict[str | None, int] = {}
        for record in latest:
            newest[record.partition_key] = max(newest.get(record.partition_key, 0), record.storage_id)
        found[table] = (statuses(world, table), newest, world.instance.get_latest_materialization_event(key))
    checks = world.instance.event_log_storage.get_asset_check_execution_history
    graph = world.defs.resolve_asset_graph()
    found["checks"] = {key: [record.status for record in checks(key, limit=10)] for key in graph.asset_check_keys}
    return found


def test_pruning_deletes_what_nobody_looks_at_and_keeps_every_state(world: World):
    """Issue 3, scale: after a superseded run and a failed one; the dry run tells exactly what is deleted."""
    assert world.run(*RANGE).success
    assert world.run(*RANGE).success
    _wrong_key(world, "birch")
    failed = world.run(*RANGE)
    assert not failed.success
    before, now = shown(world), datetime.now(UTC)

    assert prune(world.instance, SHORT, now, delete=True) == Pruned(), "nothing is old enough"
    only_logs = prune(world.instance, SHORT, now + timedelta(days=15), delete=False)
    assert only_logs.logs > 0
    assert only_logs.superseded == 0

    told = prune(world.instance, SHORT, now + LATER, delete=False)
    assert shown(world) == before, "a dry run deletes nothing"
    # each partition was planned three times; birch's last plan is its state, and it was materialised only twice
    assert told.superseded == len(TABLES) * (4 * (3 + 2) + 2 * (2 + 1))
    assert prune(world.instance, SHORT, now + LATER, delete=True) == told
    assert shown(world) == before
    assert prune(world.instance, SHORT, now + LATER, delete=True) == Pruned(), "safe to repeat"
    left = events(world, failed.run_id)
    assert left["PIPELINE_START"] == left["PIPELINE_FAILURE"] == 1
    assert left["ASSET_CHECK_EVALUATION"] == left["ASSET_CHECK_EVALUATION_PLANNED"] > 0
    assert not {name for name in left if name.startswith(("STEP_", "ENGINE_", "RESOURCE_", "LOGS_"))}


def test_a_run_that_is_not_finished_keeps_all_its_events(world: World):
    """Its worker, the daemon and a person watching it look at them, however old they are."""
    result = world.run("2026-11-18|alder")
    reopened = world.instance.create_run_for_job(
        world.defs.resolve_job_def("sync_blaze"), status=dg.DagsterRunStatus.STARTED
    )
    world.instance.report_engine_event("still at work", reopened)
    counted = events(world, reopened.run_id)
    assert counted["ENGINE_EVENT"] == 1
    assert prune(world.instance, SHORT, datetime.now(UTC) + LATER, delete=True).logs > 0
    assert events(world, reopened.run_id) == counted
    assert not events(world, result.run_id)["STEP_START"]


def test_the_job_of_the_schedule_prunes_by_the_settings(world: World, monkeypatch):
    """The age comes from the settings: a day."""
    monkeypatch.setenv("SYNC_PLATFORM_DAGSTER__KEEP_LOGS_DAYS", "1")
    assert world.run("2026-11-18|alder").success
    result = world.defs.resolve_job_def("prune_dagster").execute_in_process(instance=world.instance)
    assert result.success
    lines = [r.event_log_entry.user_message for r in world.instance.get_records_for_run(result.run_id).records]
    assert "0 log rows and 0 superseded events deleted" in lines


def _wrong_key(world: World, name: str) -> None:
    set_credential(
        world.platform.database, world.platform.keyring, world.tenants[name].id, source="blaze", environment="stage",
        account=name, secrets={"partner_key": "demo-partner-key", "shop_key": "wrong-demo-key"},
        settings={"base_url": world.sandbox.url},
    )  # fmt: skip
