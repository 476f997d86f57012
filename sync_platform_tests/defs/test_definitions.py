"""The code location as a whole: it loads without a database, quickly, and holds no secret (DAG-22, SEC-22)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from sync_platform.db.field_map import field_map
from sync_platform.definitions import build_defs
from sync_platform.defs.partitions import DAY_TENANT, TENANT_PARTITIONS
from sync_platform.defs.sensors.freshness import KEYS

PROJECT = Path(__file__).parents[2]
PROGRAM = """
import json, sys, time
started = time.perf_counter()
from sync_platform.definitions import defs
loaded = time.perf_counter() - started
heavy = sorted({"pandas", "sqlalchemy", "alembic", "rapidfuzz"} & set(sys.modules))
import dagster as dg
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
dg.Definitions.validate_loadable(defs)
snapshot = serialize_value(RepositorySnap.from_def(defs.get_repository_def()))
print(json.dumps({"seconds": loaded, "heavy": heavy, "snapshot": snapshot}))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, object]:
    """What a process without any server loads; its settings name databases that do not exist."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SYNC_PLATFORM_", "DAGSTER_"))
    }
    environment |= {
        "SYNC_PLATFORM_DATABASE_URL": "postgresql://loader:canary-password@127.0.0.1:1/nothing",
        "SYNC_PLATFORM_DAGSTER_DATABASE_URL": "postgresql+psycopg2://dagster:canary-password@127.0.0.1:1/nothing",
        "SYNC_PLATFORM_MASTER_KEYS": '["canary-master-key"]',
        "SYNC_PLATFORM_DATA_DIR": "/nonexistent/canary",
        "PYTHONPATH": str(PROJECT),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_definitions_load_without_a_database(loaded):
    """DAG-22: the time is told, with `pytest -rP`; a busy machine must not fail a test."""
    print(f"definitions loaded in {loaded['seconds']:.1f} s")
    assert "blaze_transactions" in str(loaded["snapshot"])


def test_loading_leaves_out_what_only_runs_need(loaded):
    """PERF-11: each of these costs a fifth of the time, for every code server, reload and run."""
    assert loaded["heavy"] == []


def test_nothing_that_dagster_stores_of_the_definitions_is_secret(loaded):
    """SEC-22: the snapshot is kept in Dagster's database for ever."""
    assert "canary" not in str(loaded["snapshot"])


def test_definitions_are_complete_and_resources_are_replaced_by_name():
    """DAG-01, DAG-22."""
    replaced = object()
    defs = build_defs(platform=replaced)
    dg.Definitions.validate_loadable(defs)
    assert defs.resources is not None
    assert defs.resources["platform"] is replaced
    repository = defs.get_repository_def()
    assert {schedule.name for schedule in repository.schedule_defs} == {
        "blaze_sales_hourly", "blaze_products_every_5_minutes", "blaze_trailing_weekly", "blaze_compare_hourly",
        "dagster_prune_daily", "mx_payments_every_15_minutes", "mx_trailing_daily", "crm_packages_daily",
        "import_purge_hourly", "audit_anchor_daily",
    }  # fmt: skip
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "tenant_partitions", "failed_runs", "dead_runs", "table_freshness", "mx_merchant_events", "crm_events",
        "crm_packages_own_times", "purchase_files", "outbox_messages",
    }  # fmt: skip


def test_every_synced_table_is_an_asset_that_names_it_and_has_checks():
    """DAG-01, DAG-20."""
    graph = build_defs().resolve_asset_graph()
    assert len(KEYS) == 9
    for key in KEYS.values():
        node = graph.get(key)
        assert node.metadata["dagster/table_name"] == ".".join(key.path)
        assert node.partitions_def == DAY_TENANT
        assert {key.name for key in node.check_keys} >= {"accounting", "freshness", "uniqueness"}
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_the_cut_over_is_one_path_from_staging_to_analytics():
    """DAG-01, DAG-20: comparison of what was synced, gated production, and what is read; by tenant."""
    graph = build_defs().resolve_asset_graph()
    for table, entity in field_map().items():
        comparison = graph.get(dg.AssetKey(["analytics", f"{table}_comparison"]))
        production = graph.get(dg.AssetKey(["public", table]))
        assert dg.AssetKey(["blaze", table]) in comparison.parent_keys
        assert production.parent_keys == {comparison.key}
        assert {key.name for key in production.check_keys} == {"gate_rows", *(f"gate_{name}" for name in entity.names)}
        assert comparison.partitions_def == production.partitions_def == TENANT_PARTITIONS
        assert production.backfill_policy == dg.BackfillPolicy.single_run()
    metrics = graph.get(dg.AssetKey(["analytics", "customer_metrics"]))
    assert metrics.parent_keys == {dg.AssetKey(["public", table]) for table in ("customers", "transactions")}


def test_the_instance_limits_runs_by_tags_that_dagster_really_sets():
    """DAG-12: a limit on a tag that no run carries limits nothing."""
    config = dg.config_from_files([str(PROJECT / "dagster.yaml")])
    limits = {limit["key"]: limit for limit in config["concurrency"]["runs"]["tag_concurrency_limits"]}
    definition = build_defs().resolve_asset_graph().get(dg.AssetKey(["blaze", "customers"])).partitions_def
    assert definition is not None
    tags = definition.get_tags_for_partition_key("2026-11-18|alder")
    assert set(limits) <= set(tags) | {"dagster/backfill"}
    assert limits["dagster/partition/tenant"]["value"] == {"applyLimitPerUniqueValue": True}
    assert config["run_monitoring"]["enabled"]
    assert config["run_retries"] == {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}


def test_the_instance_keeps_no_secret_in_its_file():
    """SEC-22: the database's address comes from the environment."""
    config = dg.config_from_files([str(PROJECT / "dagster.yaml")])
    assert config["storage"]["custom"]["config"]["postgres_url"] == {"env": "SYNC_PLATFORM_DAGSTER_DATABASE_URL"}
