"""The assets of Blaze: one path for one partition, a range and many tenants; partial success per partition."""

from typing import Any

import dagster as dg
import pytest

from sync_platform.db.credentials import set_credential
from sync_platform_tests.defs.conftest import World, keys

TABLES = ["customers", "products", "transaction_items", "transactions"]
DAYS = ["2026-11-18", "2026-11-19", "2026-11-20"]


def counts(world: World, tenant: str) -> dict[str, int]:
    with world.platform.database.transaction(world.tenants[tenant].id) as conn:
        return {
            table: conn.execute(f"select count(*) from blaze.{table}").fetchone()[0]  # type: ignore[arg-type, index]
            for table in TABLES
        }


def test_one_partition_loads_its_day_and_nothing_else(world: World) -> None:
    """DAG-04: a single key is a range of one."""
    result = world.run("2026-11-18|alder")
    assert result.success
    assert all(world.materialised(table) == ["2026-11-18|alder"] for table in TABLES)
    with world.platform.database.transaction(world.tenants["alder"].id) as conn:
        days = conn.execute("select distinct business_day::text from blaze.transactions").fetchall()
    assert days == [("2026-11-18",)]
    assert counts(world, "birch")["transactions"] == 0


def test_a_range_over_days_and_tenants_materialises_every_partition_once(world: World) -> None:
    """DAG-04, design section 6: exactly one event per partition and table, each with its own row count."""
    result = world.run("2026-11-18|alder", "2026-11-20|cedar")
    assert result.success
    for table in TABLES:
        assert world.materialised(table) == keys(DAYS, list(world.tenants))
    per_day: dict[str, Any] = {}
    for record in world.instance.fetch_materializations(dg.AssetKey(["blaze", "transactions"]), limit=100).records:
        event = record.asset_materialization
        assert event is not None
        per_day[str(event.partition)] = event.metadata["dagster/partition_row_count"].value
    with world.platform.database.transaction(world.tenants["birch"].id) as conn:
        stored = dict(conn.execute("select business_day::text, count(*) from blaze.transactions group by 1").fetchall())
    assert {day: per_day[f"{day}|birch"] for day in DAYS} == {day: stored.get(day, 0) for day in DAYS}


def test_a_second_run_of_the_same_range_writes_nothing(world: World) -> None:
    """SYS-05, DAG-04."""
    assert world.run("2026-11-18|alder", "2026-11-20|cedar").success
    assert world.run("2026-11-18|alder", "2026-11-20|cedar").success
    with world.platform.database.transaction(world.tenants["alder"].id) as conn:
        rows = conn.execute(
            "select entity, inserted, updated, deleted, fetched = unchanged + duplicate_in_batch"
            " from platform.sync_runs where entity <> 'lookups' order by id desc limit 4"
        ).fetchall()
    assert sorted(row[0] for row in rows) == TABLES
    assert all(row[1:] == (0, 0, 0, True) for row in rows)


def test_a_tenant_that_fails_fails_alone_and_a_retry_touches_only_its_partitions(world: World) -> None:
    """Design section 6, TEN-12: finished partitions are recorded, the run fails naming the rest."""
    secrets = {"partner_key": "demo-partner-key", "shop_key": "wrong-shop-key"}
    _new_keys(world, "birch", secrets)
    failed = world.run("2026-11-18|alder", "2026-11-20|cedar")
    assert not failed.success
    assert world.materialised("transactions") == keys(DAYS, ["alder", "cedar"])
    failures = [e for e in failed.all_events if e.is_step_failure]
    assert all("birch" in str(e.step_failure_data.user_failure_data) for e in failures)
    assert all("wrong-shop-key" not in str(e) for e in failed.all_events)
    status = _status(world, "transactions")
    assert {key for key, state in status.items() if state == "FAILED"} == set(keys(DAYS, ["birch"]))

    _new_keys(world, "birch", {**secrets, "shop_key": "birch-shop-key"})
    world.sandbox.journal.clear()
    parent = {"dagster/parent_run_id": failed.run_id, "dagster/is_resume_retry": "true"}
    retried = world.run("2026-11-18|alder", "2026-11-20|cedar", tags=parent)
    assert retried.success
    assert {entry.shop for entry in world.sandbox.journal.entries()} == {"birch"}
    assert set(_status(world, "transactions").values()) == {"MATERIALIZED"}


def test_checks_judge_every_table_and_pass_on_good_data(world: World) -> None:
    """DAG-20: also in a range run; findings name tenants."""
    result = world.run("2026-11-18|alder", "2026-11-20|cedar")
    judged = world.checks(result)
    assert {name.split(".")[1] for name in judged} == {
        "accounting", "rejects", "freshness", "volume", "uniqueness", "references", "drift",
    }  # fmt: skip
    assert [name for name, passed in judged.items() if not passed] == []


def test_checks_fail_when_the_tables_are_wrong(world: World) -> None:
    """DAG-20: a check that cannot fail is none. Lines vanish, an SKU is doubled, a required field is missing."""
    assert world.run("2026-11-18|alder").success
    with world.platform.database.transaction(world.tenants["alder"].id) as conn:
        conn.execute(
            "update blaze.transaction_items set deleted_at = now() where order_item_id ="
            " (select min(order_item_id) from blaze.transaction_items)"
        )
        conn.execute("update blaze.products set sku = 'SAME' where sku is not null")
        conn.execute(
            "insert into platform.schema_drift (tenant_id, source, entity, path, kind, detail)"
            " values (%s, 'blaze', 'customers', 'id', 'missing_field', 'required')",
            (world.tenants["alder"].id,),
        )
    judged = world.checks(world.run("2026-11-18|alder"))
    failing = {name for name, passed in judged.items() if not passed}
    assert failing >= {"transaction_items.references", "products.uniqueness", "customers.drift"}


def test_checks_judge_what_is_stored_when_a_part_of_the_run_fails(world: World) -> None:
    """DAG-20: one failing tenant must not silence the checks."""
    _new_keys(world, "birch", {"partner_key": "demo-partner-key", "shop_key": "wrong-shop-key"})
    judged = world.checks(world.run("2026-11-18|alder", "2026-11-18|cedar"))
    assert judged["customers.freshness"] is False
    assert judged["customers.accounting"] is True


def test_no_personal_value_and_no_secret_is_in_events_or_metadata(world: World) -> None:
    """DAG-06, SEC-22: nothing of a member, no key, in any event of the run."""
    result = world.run("2026-11-18|alder", "2026-11-20|alder")
    assert result.success
    text = str([str(record.event_log_entry) for record in _records(world, result.run_id)])
    with world.platform.database.transaction(world.tenants["alder"].id) as conn:
        people = conn.execute("select name, email, phone, street_address from blaze.customers").fetchall()
    assert people
    for value in {value for row in people for value in row if value and len(value) > 5}:
        assert value not in text
    assert "alder-shop-key" not in text
    assert "demo-partner-key" not in text


def test_a_range_that_ends_before_it_begins_is_refused(world: World) -> None:
    """Dagster makes an empty list of it, and a green run."""
    result = world.run("2026-11-20|alder", "2026-11-18|alder")
    assert not result.success


def test_a_day_that_has_not_begun_for_a_tenant_is_not_recorded_for_it(world: World) -> None:
    """Design section 6: the calendar runs ahead; Sydney has 21 November while Los Angeles has the 20th."""
    result = world.run("2026-11-21|alder", "2026-11-21|cedar")
    assert result.success
    assert world.materialised("customers") == ["2026-11-21|cedar"]


def _new_keys(world: World, name: str, secrets: dict[str, str]) -> None:
    platform = world.platform
    set_credential(
        platform.database, platform.keyring, world.tenants[name].id, source="blaze", environment="stage", account=name,
        secrets=secrets, settings={"base_url": world.sandbox.url},
    )  # fmt: skip


def _status(world: World, table: str) -> dict[str, str]:
    key = dg.AssetKey(["blaze", table])
    partitions = world.defs.resolve_asset_graph().get(key).partitions_def
    wanted = keys(DAYS, list(world.tenants))
    found = world.instance.get_status_by_partition(key, wanted, partitions)
    return {name: state.name if state else "MISSING" for name, state in (found or {}).items()}


def _records(world: World, run_id: str) -> Any:
    return world.instance.get_records_for_run(run_id, limit=5000).records


@pytest.mark.parametrize("job", ["sync_blaze", "sync_blaze_sales", "sync_blaze_products"])
def test_each_job_resolves_to_its_assets(world: World, job: str) -> None:
    """DAG-22."""
    tables = {key.path[-1] for key in world.defs.resolve_job_def(job).asset_layer.selected_asset_keys}
    expected = {"sync_blaze": set(TABLES), "sync_blaze_products": {"products"}}
    assert tables == expected.get(job, set(TABLES) - {"products"})
