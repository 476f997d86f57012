"""A backfill of 3 tenants x 7 days, of which one fails at first."""

import pytest

from sync_platform_tests.slow.orchestration.rows import same_as_command
from sync_platform_tests.slow.orchestration.stage import BACKFILLED, Stage
from sync_platform_tests.slow.orchestration.web_server import REEXECUTE_BACKFILL, TABLES


def keys(stage: Stage, *tenants: str) -> set[str]:
    """Partitions of the backfill."""
    return {f"{day}|{tenant}" for day in stage.days(BACKFILLED) for tenant in tenants}


@pytest.fixture(scope="module")
def retried(stage: Stage, backfill: str) -> str:
    """The backfill is over and was asked for again "from failure", with the right key now."""
    status = stage.web.backfill_finished(backfill)
    assert status == "COMPLETED_FAILED"
    shown = {table: stage.web.statuses(table) for table in TABLES}
    for good, bad in shown.values():
        assert {key for key in bad if key.split("|")[1] in BACKFILLED} == keys(stage, "birch")
        assert good >= keys(stage, "alder", "cedar")
    stage.mend("birch")
    stage.wait_for_command()
    stage.forget_journal()
    parameters = {"parentRunId": backfill, "strategy": "FROM_FAILURE"}
    answer = stage.web.ask(REEXECUTE_BACKFILL, reexecutionParams=parameters)
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


def test_a_backfill_shows_exactly_the_partitions_of_the_failing_tenant_as_failed(stage: Stage, retried: str):
    """Design section 6, TEN-12; the others have the same rows as after the command."""
    for tenant in ("alder", "cedar"):
        same_as_command(stage, tenant, stage.days(BACKFILLED))


def test_its_retry_touches_only_them_and_fills_the_same_rows_as_the_command(stage: Stage, retried: str):
    """DAG-04."""
    assert stage.web.backfill_finished(retried) == "COMPLETED_SUCCESS"
    assert stage.journal("birch")
    assert stage.journal("alder") == stage.journal("cedar") == []
    for table in TABLES:
        good, bad = stage.web.statuses(table)
        assert good >= keys(stage, *BACKFILLED)
        assert not bad & keys(stage, *BACKFILLED)
    same_as_command(stage, "birch", stage.days(BACKFILLED))
