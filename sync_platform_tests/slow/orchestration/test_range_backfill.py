"""A backfill of 3 tenants x 7 days, of which one fails at first."""

import pytest

from sync_platform_tests.slow.orchestration.rows import same_as_command
from sync_platform_tests.slow.orchestration.stage import BACKFILLED, Stage
from sync_platform_tests.slow.orchestration.web_server import TABLES


def keys(stage: Stage, *tenants: str) -> set[str]:
    """Partitions of the backfill."""
    return {f"{day}|{tenant}" for day in stage.days(BACKFILLED) for tenant in tenants}


@pytest.mark.usefixtures("retried_backfill")
def test_a_backfill_shows_exactly_the_partitions_of_the_failing_tenant_as_failed(stage: Stage, backfill: str):
    """Design section 6, TEN-12, DAG-12: seen by the fixture; the others have the same rows as after the command."""
    for tenant in ("alder", "cedar"):
        same_as_command(stage, tenant, stage.days(BACKFILLED))
    runs = stage.web.runs(tags=[{"key": "dagster/backfill", "value": backfill}])
    assert sorted(run["status"] for run in runs) == ["FAILURE", "SUCCESS", "SUCCESS"]
    for moment in (run["startTime"] for run in runs):
        assert sum(run["startTime"] <= moment < run["endTime"] for run in runs) <= 2, "the pool lets two runs work"


def test_its_retry_touches_only_them_and_fills_the_same_rows_as_the_command(stage: Stage, retried_backfill: str):
    """DAG-04."""
    assert stage.web.backfill_finished(retried_backfill) == "COMPLETED_SUCCESS"
    assert stage.journal("birch")
    assert stage.journal("alder") == stage.journal("cedar") == []
    for table in TABLES:
        good, bad = stage.web.statuses(table)
        assert good >= keys(stage, *BACKFILLED)
        assert not bad & keys(stage, *BACKFILLED)
    same_as_command(stage, "birch", stage.days(BACKFILLED))
