"""Runs that a person launches in the browser: one partition, a range of tenants, a retry, a cancellation."""

import pytest

from sync_platform.db.ledger import list_runs
from sync_platform_tests.slow.orchestration.rows import same_as_command
from sync_platform_tests.slow.orchestration.stage import Stage
from sync_platform_tests.slow.orchestration.web_server import (
    TABLES,
    TERMINATE,
    partition_tags,
    range_tags,
    wait_for,
)

RANGE = ("dogwood", "elm", "fir")


@pytest.mark.usefixtures("backfill")
def test_one_partition_launched_on_the_asset_page_fills_the_same_rows_as_the_command(stage: Stage):
    """DAG-04, DAG-12: both runs of one tenant end well, and the limit per tenant keeps them one after another."""
    day = stage.days(["gorse"])[-2]  # a day that is over: at midnight the open one is empty
    products = stage.web.launch(partition_tags(day, "gorse"), assets=["products"])
    everything = stage.web.launch(partition_tags(day, "gorse"), assets=TABLES)
    runs = [stage.web.finished(run_id) for run_id in (products, everything)]
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    first, second = sorted(runs, key=lambda run: run["startTime"])
    assert first["endTime"] <= second["startTime"]
    same_as_command(stage, "gorse", [day])
    for table in TABLES:
        good, bad = stage.web.statuses(table)
        assert {key for key in good if key.endswith("|gorse")} == {f"{day}|gorse"}
        assert not [key for key in bad if key.endswith("|gorse")]


@pytest.mark.usefixtures("backfill")
def test_a_tenant_with_a_wrong_key_fails_alone_and_the_retry_touches_only_it(stage: Stage):
    """Design section 6, TEN-12: in a range over tenants; a retry "from failure" after the key was mended."""
    days = stage.days(RANGE, 3)
    tags = range_tags(f"{days[0]}|dogwood", f"{days[-1]}|fir")
    failed = stage.web.finished(stage.web.launch(tags, job="sync_blaze"))
    assert failed["status"] == "FAILURE"
    assert any("1 of 3 tenants are not synced: elm" in text for text in stage.web.messages(failed["runId"]))
    for table in TABLES:
        good, bad = stage.web.statuses(table)
        assert {key for key in bad if key.split("|")[1] in RANGE} == {f"{day}|elm" for day in days}
        assert good >= {f"{day}|{tenant}" for day in days for tenant in ("dogwood", "fir")}

    stage.mend("elm")
    stage.wait_for_command()
    stage.forget_journal()
    retried = stage.web.finished(stage.web.retry(failed["runId"]))
    assert retried["status"] == "SUCCESS"
    assert stage.journal("elm")
    assert stage.journal("dogwood") == stage.journal("fir") == []
    for tenant in RANGE:
        same_as_command(stage, tenant, days)
    assert not [key for key in stage.web.statuses("transactions")[1] if key.split("|")[1] in RANGE]


def test_a_cancelled_run_stops_at_its_next_page_and_says_so_in_the_ledger(stage: Stage):
    """F-04: nothing is left running; what is committed stays."""
    stage.wait_for_command()
    stage.forget_journal()
    stage.faults({"kind": "latency", "seconds": 0.7, "shop": "gorse"})
    days = stage.days(["gorse"])
    run_id = stage.web.launch(range_tags(f"{days[0]}|gorse", f"{days[-1]}|gorse"), job="sync_blaze")
    wait_for("a request of gorse's run", lambda: stage.journal("gorse") or None, 60)
    assert stage.web.ask(TERMINATE, runId=run_id)["__typename"] == "TerminateRunSuccess"
    assert stage.web.finished(run_id)["status"] == "CANCELED"
    stage.faults()
    ledger = list_runs(stage.platform.database, stage.tenant("gorse").id, limit=20)
    assert {row.state for row in ledger} <= {"cancelled", "succeeded"}
    assert "cancelled" in {row.state for row in ledger}
