"""Dagster's events in PostgreSQL: a batch of plans leaves what single plans leave, in a few statements."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
import sqlalchemy as sa
from dagster_postgres import PostgresEventLogStorage

from sync_platform.db.connect import libpq_url
from sync_platform.definitions import build_defs
from sync_platform.defs.storage import BatchingEventLogStorage
from sync_platform_tests.defs.stored import stored_instance

TENANTS = [f"shop-{number:03}" for number in range(60)]
PLANNED = "select dagster_event_type, asset_key, partition from event_logs order by 1, 2 nulls first, 3 nulls first"
ASSETS = "select asset_key, last_run_id, last_materialization_timestamp is not null from asset_keys order by 1"
CHECKS = (
    "select c.asset_key, check_name, execution_status, c.partition, e.dagster_event_type from asset_check_executions c"
    " join event_logs e on e.id = c.evaluation_event_storage_id order by 1, 2"
)
RUN_ID = "0a0f6a0e-0000-4000-8000-000000000001"


@contextmanager
def statements(storage: PostgresEventLogStorage) -> Iterator[list[str]]:
    """What is sent to the database."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(storage._engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(storage._engine, "before_cursor_execute", note)


def plan_a_range(instance: dg.DagsterInstance) -> list[str]:
    """Create a run over two days of all tenants, as a schedule's tick does; the statements that it took."""
    instance.add_dynamic_partitions("tenants", TENANTS)
    tags = {
        "dagster/asset_partition_range_start": f"2026-11-18|{TENANTS[0]}",
        "dagster/asset_partition_range_end": f"2026-11-19|{TENANTS[-1]}",
    }
    job = build_defs().resolve_job_def("sync_blaze")
    with statements(instance.event_log_storage) as sent:
        instance.create_run_for_job(job, run_id=RUN_ID, tags=tags)
    return sent


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(libpq_url(url)) as connection:
        return connection.execute(statement).fetchall()


def test_plans_in_batches_leave_the_same_rows_as_one_by_one(
    tmp_path: Path, new_database: Callable[..., str], drop_database: Callable[[str], None], monkeypatch
):
    """Design section 7: 480 plans; the library's own way costs four statements each."""
    found = {}
    for name in ("one_by_one", "batched"):
        url = new_database(f"sp_plans_{name}")
        home = tmp_path / name
        home.mkdir()
        try:
            with stored_instance(home, url) as instance:
                assert isinstance(instance.event_log_storage, BatchingEventLogStorage)
                if name == "one_by_one":
                    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
                sent = plan_a_range(instance)
            found[name] = ([rows(url, statement) for statement in (PLANNED, ASSETS, CHECKS)], len(sent))
        finally:
            drop_database(f"sp_plans_{name}")
    (single, many), (batched, few) = found["one_by_one"], found["batched"]
    assert batched == single
    planned = [row for row in single[0] if row[0] == "ASSET_MATERIALIZATION_PLANNED"]
    assert len(planned) == 4 * 2 * len(TENANTS)
    assert [row[1] for row in single[1]] == [RUN_ID] * 4
    assert many > 4 * len(planned) / 2
    assert few < 120


@pytest.mark.parametrize("kind", ["log_event", "materialisation"])
def test_other_batches_are_left_to_the_library(tmp_path: Path, empty_database_url: str, kind: str):
    """Only plans are written differently."""
    with stored_instance(tmp_path, empty_database_url) as instance:

        @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b", "c"]))
        def numbers(context: dg.AssetExecutionContext) -> None:
            if kind == "log_event":
                context.log_event(dg.AssetMaterialization("numbers", partition="b", metadata={"own": 1}))

        tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
        assert dg.materialize([numbers], instance=instance, tags=tags).success
        assert instance.get_materialized_partitions(dg.AssetKey("numbers")) == {"a", "b", "c"}
