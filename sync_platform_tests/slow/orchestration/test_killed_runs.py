"""A run worker that is killed: its run is ended and retried, and the ledger tells the truth (DAG-12)."""

import os
import re
import signal
from pathlib import Path

import pytest

from sync_platform.db.ledger import list_runs
from sync_platform_tests.slow.orchestration.rows import same_as_command
from sync_platform_tests.slow.orchestration.stage import Stage
from sync_platform_tests.slow.orchestration.web_server import range_tags, wait_for


def worker_of(stage: Stage, run_id: str) -> int:
    """The process that executes a run: its events name it."""

    def look() -> int | None:
        found = [re.search(r"\(pid: (\d+)\)", text) for text in stage.web.messages(run_id)]
        return next((int(match[1]) for match in found if match), None)

    return wait_for("the run's process", look, 100)


def parent_of(process: int) -> int:
    """The code server that started it."""
    return int(re.findall(r"^PPid:\s+(\d+)", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)[0])


def slow_run(stage: Stage, tenant: str) -> tuple[str, int]:
    """A run over a week that is in the middle of its requests: its id and its process."""
    stage.wait_for_command()
    stage.forget_journal()
    stage.faults({"kind": "latency", "seconds": 4, "shop": tenant, "after": 2})
    days = stage.days([tenant])
    run_id = stage.web.launch(range_tags(f"{days[0]}|{tenant}", f"{days[-1]}|{tenant}"), job="sync_blaze")
    worker = worker_of(stage, run_id)
    wait_for("requests of the run", lambda: len(stage.journal(tenant)) > 1 or None, 60)
    return run_id, worker


def retried(stage: Stage, run_id: str, seconds: float) -> None:
    """The killed run ends within 3 minutes as failed, its retry as good; no ledger row is left running."""
    assert stage.web.finished(run_id, seconds)["status"] == "FAILURE"

    def look() -> str | None:
        found = stage.web.runs(tags=[{"key": "dagster/parent_run_id", "value": run_id}])
        return found[0]["runId"] if found else None

    retry = wait_for("the daemon's retry", look, 60)
    assert stage.web.finished(retry)["status"] == "SUCCESS"


def states(stage: Stage, tenant: str) -> set[str]:
    """States of the ledger's rows of a tenant."""
    return {row.state for row in list_runs(stage.platform.database, stage.tenant(tenant).id, limit=100)}


@pytest.mark.usefixtures("backfill")
def test_a_killed_worker_is_noticed_and_its_run_retried(stage: Stage):
    """DAG-12, SYS-19: the retry need not wait for the dead writer's lease."""
    run_id, worker = slow_run(stage, "hazel")
    os.kill(worker, signal.SIGKILL)
    stage.faults()
    retried(stage, run_id, 170)
    assert states(stage, "hazel") == {"failed", "succeeded"}
    same_as_command(stage, "hazel", stage.days(["hazel"]))


def test_a_worker_killed_together_with_its_code_server_is_noticed_by_its_lease(stage: Stage, backfill: str):
    """DAG-12: nobody is left to tell; the sensor sees that the ledger's lease has expired."""
    # other runs of the same code server would be interrupted, and other tests want to see the backfill's as it is
    stage.web.backfill_finished(backfill)
    run_id, worker = slow_run(stage, "holly")
    os.kill(parent_of(worker), signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    stage.faults()
    retried(stage, run_id, 170)
    assert states(stage, "holly") == {"failed", "succeeded"}
    same_as_command(stage, "holly", stage.days(["holly"]))
