"""Events of a run: each finished partition once, plans that were not meant taken back, retries of retries."""

from collections import Counter
from typing import Any

import dagster as dg
import pytest

from sync_platform.core.errors import AlreadyRunning
from sync_platform.db.credentials import set_credential
from sync_platform.db.ledger import RunStart, find_run, list_runs, start_run
from sync_platform.db.tenants import set_tenant_state
from sync_platform_tests.defs.conftest import World, keys

DAYS = ["2026-11-18", "2026-11-19"]
TABLES = ("customers", "products", "transaction_items", "transactions")
RANGE = ("2026-11-18|alder", "2026-11-19|cedar")
RETRY = {"dagster/is_resume_retry": "true"}


def events(world: World, run_id: str) -> Counter[str]:
    records = world.instance.get_records_for_run(run_id, limit=5000).records
    return Counter(r.event_log_entry.dagster_event.event_type_value for r in records if r.event_log_entry.dagster_event)


def statuses(world: World, table: str, wanted: list[str]) -> dict[str, str]:
    key = dg.AssetKey(["blaze", table])
    definition = world.defs.resolve_asset_graph().get(key).partitions_def
    found = world.instance.get_status_by_partition(key, wanted, definition) or {}
    return {name: state.name for name, state in found.items() if state is not None}


def put_key(world: World, name: str, key: str) -> None:
    set_credential(
        world.platform.database, world.platform.keyring, world.tenants[name].id, source="blaze", environment="stage",
        account=name, secrets={"partner_key": "demo-partner-key", "shop_key": key},
        settings={"base_url": world.sandbox.url},
    )  # fmt: skip


@pytest.mark.parametrize("batch", ["500", "0"])
def test_a_run_writes_one_event_per_partition_and_table_and_one_per_check(world: World, monkeypatch, batch):
    """DAG-04, design section 7: events are what a range run costs. With and without batches."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", batch)
    result = world.run(*RANGE)
    assert result.success
    counted = events(world, result.run_id)
    assert counted["ASSET_MATERIALIZATION"] == len(DAYS) * 3 * len(TABLES)
    assert counted["ASSET_MATERIALIZATION_PLANNED"] == len(DAYS) * 3 * len(TABLES)
    assert counted["ASSET_OBSERVATION"] == 0
    assert counted["ASSET_CHECK_EVALUATION"] == counted["ASSET_CHECK_EVALUATION_PLANNED"]
    for table in TABLES:
        record = world.instance.get_asset_records([dg.AssetKey(["blaze", table])])[0]
        assert record.asset_entry.last_run_id == result.run_id
        assert record.asset_entry.last_materialization is not None


def test_a_retry_of_a_retry_knows_what_the_first_run_has_finished(world: World):
    """TEN-12: each retry records its parent's partitions again, so its own retry need only look at it."""
    put_key(world, "birch", "wrong-key")
    put_key(world, "cedar", "wrong-key")
    first = world.run(*RANGE)
    put_key(world, "birch", "birch-shop-key")
    second = world.run(*RANGE, tags={"dagster/parent_run_id": first.run_id, **RETRY})
    assert not second.success
    assert world.materialised("customers", second.run_id) == keys(DAYS, ["alder", "birch"])
    put_key(world, "cedar", "cedar-shop-key")
    world.sandbox.journal.clear()
    third = world.run(*RANGE, tags={"dagster/parent_run_id": second.run_id, **RETRY})
    assert third.success
    assert {entry.shop for entry in world.sandbox.journal.entries()} == {"cedar"}
    for table in TABLES:
        assert world.materialised(table, third.run_id) == keys(DAYS, ["alder", "birch", "cedar"])
        assert statuses(world, table, keys(DAYS, list(world.tenants))) == dict.fromkeys(
            keys(DAYS, list(world.tenants)), "MATERIALIZED"
        )
    carried = {
        str(event.partition)
        for record in world.instance.fetch_materializations(dg.AssetKey(["blaze", "customers"]), limit=100).records
        if (event := record.asset_materialization) and record.run_id == third.run_id
        if "carried_from_run" in event.metadata
    }
    assert carried == set(keys(DAYS, ["alder", "birch"]))


def test_keys_of_a_range_that_are_not_due_are_not_shown_as_failed(world: World):
    """Design section 6: at 18:30 UTC the 21st has begun in Sydney only; a closed day keeps what it was."""
    assert world.run("2026-11-20|cedar").success
    put_key(world, "birch", "wrong-key")
    tags = {"dagster/schedule_name": "s", "sync_platform/open_days": "2026-11-20T18:07:00+00:00"}
    failed = world.run("2026-11-20|alder", "2026-11-21|cedar", tags=tags)
    assert not failed.success
    wanted = keys(["2026-11-20", "2026-11-21"], list(world.tenants))
    for table in TABLES:
        assert statuses(world, table, wanted) == {
            "2026-11-20|alder": "MATERIALIZED",
            "2026-11-20|birch": "FAILED",
            "2026-11-20|cedar": "MATERIALIZED",
            "2026-11-21|cedar": "MATERIALIZED",
        }
        record = world.instance.get_asset_records([dg.AssetKey(["blaze", table])])[0]
        assert record.asset_entry.last_run_id == failed.run_id


def test_a_scheduled_range_retried_on_another_day_still_means_the_days_of_its_tick(world: World, clock):
    """DAG-10: otherwise the retry would be green and do nothing."""
    tags = {"dagster/schedule_name": "s", "sync_platform/open_days": "2026-11-20T18:07:00+00:00"}
    clock.forward(24 * 60)
    assert world.run("2026-11-20|alder", "2026-11-21|cedar", tags=tags).success
    assert world.materialised("transactions") == ["2026-11-20|alder", "2026-11-20|birch", "2026-11-21|cedar"]


def test_a_tenant_that_is_unknown_or_suspended_fails_a_run_by_hand_and_is_skipped_by_a_schedule(world: World):
    """TEN-01."""
    set_tenant_state(world.platform.database, world.tenants["birch"].id, "suspended")
    world.instance.add_dynamic_partitions("tenants", ["ghost"])
    result = world.run("2026-11-18|alder", "2026-11-18|ghost")
    (message, *_) = {str(e.step_failure_data.error) for e in result.all_events if e.is_step_failure}
    assert "2 of 4 tenants are not synced: birch, ghost" in message
    assert world.materialised("customers") == ["2026-11-18|alder", "2026-11-18|cedar"]
    assert world.run("2026-11-18|alder", "2026-11-18|ghost", tags={"dagster/schedule_name": "s"}).success


def test_a_schedule_leaves_an_entity_that_is_being_written_to_the_other_run(world: World):
    """SYS-19: skipped for a schedule, refused with the id of the running one for a person."""
    alder = world.tenants["alder"]
    start = RunStart(alder.id, "blaze", "products", "manual", None, "test", "somebody")
    writer = start_run(world.platform.database, start, 90)
    scheduled = world.run("2026-11-20|alder", "2026-11-20|birch", tags={"dagster/schedule_name": "s"})
    assert scheduled.success
    assert world.materialised("products") == ["2026-11-20|birch"]
    by_hand = world.run("2026-11-20|alder")
    assert not by_hand.success
    data: Any = next(e.step_failure_data for e in by_hand.all_events if e.is_step_failure)
    assert str(AlreadyRunning(writer, "blaze/products")) in str(data.user_failure_data)


def test_of_two_runs_of_one_tick_the_first_works_and_the_other_does_nothing(world: World):
    """F-06: two schedulers may create a run each; a retry has the same key and works."""
    tick = {"dagster/schedule_name": "s", "dagster/run_key": "2026-11-20T18:07/alder"}
    first = world.run("2026-11-20|alder", "2026-11-20|birch", tags=tick)
    calls = len(list(world.sandbox.journal.entries()))
    other = world.run("2026-11-20|alder", "2026-11-20|birch", tags=tick)
    assert first.success
    assert other.success
    assert len(list(world.sandbox.journal.entries())) == calls > 0
    assert world.materialised("customers", other.run_id) == []
    assert world.materialised("customers", first.run_id) == ["2026-11-20|alder", "2026-11-20|birch"]
    assert set(statuses(world, "customers", ["2026-11-20|alder", "2026-11-20|birch"]).values()) == {"MATERIALIZED"}
    retry = world.run("2026-11-20|alder", tags={**tick, "dagster/parent_run_id": first.run_id})
    assert world.materialised("customers", retry.run_id) == ["2026-11-20|alder"]
    next_tick = world.run("2026-11-20|alder", tags={**tick, "dagster/run_key": "2026-11-20T19:07/alder"})
    assert world.materialised("customers", next_tick.run_id) == ["2026-11-20|alder"]


def test_a_retry_does_not_wait_for_the_lease_of_the_run_that_it_replaces(world: World):
    """DAG-12: the dead run's ledger rows are closed first; its process, should it live on, is refused."""
    alder = world.tenants["alder"]
    rows = [
        start_run(world.platform.database, RunStart(alder.id, "blaze", entity, "manual", None, "test", "dead-run"), 90)
        for entity in ("products", "customers", "transactions")
    ]
    retry = world.run("2026-11-20|alder", tags={"dagster/parent_run_id": "dead-run", **RETRY})
    assert retry.success
    assert {find_run(world.platform.database, alder.id, row).error_class for row in rows} == {"RunEnded"}


def test_an_interrupted_step_stops_its_workers_and_leaves_no_row_running(world: World, monkeypatch):
    """F-04: whatever ends the step, the other tenants' workers stop at their next page."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sync_platform.defs.assets.passes._record", interrupted)
    assert not world.run(*RANGE).success
    for tenant in world.tenants.values():
        found = {row.state for row in list_runs(world.platform.database, tenant.id, limit=50)}
        assert found <= {"succeeded", "cancelled"}


def test_one_asset_can_be_launched_without_its_checks(world: World):
    """DAG-22: as an asset's page does; one fetch fills both tables, so both are recorded."""
    job = world.defs.resolve_implicit_global_asset_job_def()
    result = job.get_subset(asset_selection={dg.AssetKey(["blaze", "transactions"])}, asset_check_selection=set())
    tags = {"dagster/partition": "2026-11-18|alder"}
    assert result.execute_in_process(instance=world.instance, tags=tags).success
    assert world.materialised("transactions") == world.materialised("transaction_items") == ["2026-11-18|alder"]
    assert world.materialised("customers") == []
