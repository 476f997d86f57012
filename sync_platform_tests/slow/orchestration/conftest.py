"""One stage for all tests of this folder: Dagster's processes cost ten seconds to start."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from sync_platform_tests.slow.orchestration.shops import ZONES
from sync_platform_tests.slow.orchestration.stage import BACKFILLED, LATER, Stage, open_stage
from sync_platform_tests.slow.orchestration.web_server import (
    BACKFILL,
    REEXECUTE_BACKFILL,
    TABLES,
    asset_key,
    wait_for,
)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share the stage: one worker, and more time than other tests."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("dagster"))
            item.add_marker(pytest.mark.timeout(240))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the processes had to say."""
    report = yield
    stage = getattr(item, "funcargs", {}).get("stage")
    if report.failed and isinstance(stage, Stage):
        report.sections.append(("processes", stage.logs()))
    return report


@pytest.fixture(scope="session")
def stage(template: str, new_database: Callable[..., str], drop_database: Callable[[str], None]) -> Iterator[Stage]:
    """Everything runs, and the sensor has made partitions of the tenants."""
    mark = uuid.uuid4().hex[:8]
    names = [f"sp_slow_{mark}_{what}" for what in ("platform", "reference", "dagster")]
    urls = [new_database(names[0], template), new_database(names[1], template), new_database(names[2])]
    folder = Path(tempfile.mkdtemp(prefix="sync_platform-slow-"))
    try:
        with open_stage(folder, *urls) as stage:
            known = len(ZONES) - 1
            assert LATER not in stage.web.tenants()
            wait_for("partitions of the tenants", lambda: len(stage.web.tenants()) == known or None, 60)
            yield stage
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for name in names:
            drop_database(name)


@pytest.fixture(scope="session")
def backfill(stage: Stage) -> str:
    """A backfill of 3 tenants x 7 days that has been asked for; the daemon looks every 30 s. Birch has a wrong key."""
    days = stage.days(BACKFILLED)
    params = {
        "assetSelection": [asset_key(table) for table in TABLES],
        "partitionNames": [f"{day}|{tenant}" for day in days for tenant in BACKFILLED],
        "tags": [],
    }
    answer = stage.web.ask(BACKFILL, backfillParams=params)
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


@pytest.fixture(scope="session")
def retried_backfill(stage: Stage, backfill: str) -> str:
    """The backfill is over, with birch failed; birch has the right key now, and "from failure" was asked for.

    Other tests go on meanwhile.
    """
    assert stage.web.backfill_finished(backfill) == "COMPLETED_FAILED"
    birch = {f"{day}|birch" for day in stage.days(BACKFILLED)}
    others = {f"{day}|{tenant}" for day in stage.days(BACKFILLED) for tenant in ("alder", "cedar")}
    for table in TABLES:
        good, bad = stage.web.statuses(table)
        assert {key for key in bad if key.split("|")[1] in BACKFILLED} == birch
        assert good >= others
    stage.mend("birch")
    stage.wait_for_command()
    stage.forget_journal()
    parameters = {"parentRunId": backfill, "strategy": "FROM_FAILURE"}
    answer = stage.web.ask(REEXECUTE_BACKFILL, reexecutionParams=parameters)
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])
