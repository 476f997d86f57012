"""A schedule that is switched on: its tick, the tenants that come and go meanwhile."""

from typing import Any

from sync_platform_tests.slow.orchestration.rows import same_as_command
from sync_platform_tests.slow.orchestration.stage import LATER, SUSPENDED, WRONG_AT_FIRST, Stage
from sync_platform_tests.slow.orchestration.web_server import (
    REPOSITORY,
    START_SCHEDULE,
    STOP_SCHEDULE,
    TABLES,
    TICKS,
    partition_tags,
    wait_for,
)

NAME = "blaze_sales_hourly"


def test_a_tick_fills_the_open_day_of_every_active_tenant_and_a_new_tenant_gets_its_partitions(stage: Stage):
    """DAG-10, DAG-11, TEN-01: one run over all tenants; same rows as the command; nothing for a suspended tenant."""
    stage.wait_for_command()
    for slug in WRONG_AT_FIRST:  # whatever other tests have mended already
        stage.mend(slug)
    stage.forget_journal()
    stage.add(LATER)
    started = stage.web.ask(START_SCHEDULE, selector={**REPOSITORY, "scheduleName": NAME})
    assert started["__typename"] == "ScheduleStateResult", started

    def look() -> dict[str, Any] | None:
        ticks = stage.web.ask(TICKS, selector={**REPOSITORY, "name": NAME})["ticks"]
        assert not [tick for tick in ticks if tick["error"]]
        return next((tick for tick in ticks if tick["runIds"]), None)

    tick = wait_for("a tick of the schedule", look, 100)
    stage.web.ask(STOP_SCHEDULE, id=started["scheduleState"]["id"])
    (run_id,) = tick["runIds"]
    run = stage.web.finished(run_id)
    assert run["status"] == "SUCCESS"
    wait_for("partitions of the new tenant", lambda: LATER in stage.web.tenants() or None, 60)
    assert stage.web.tenants()[-1] == LATER

    today = stage.days(["iris"])[-1]
    same_sales(stage, "iris")
    for table in set(TABLES) - {"products"}:
        good, bad = stage.web.statuses(table)
        assert f"{today}|iris" in good
        assert not [key for key in good | bad if key.endswith(f"|{SUSPENDED}")]
    assert stage.journal(SUSPENDED) == []


def same_sales(stage: Stage, tenant: str) -> None:
    """The job of this schedule has no products, so lines have no names from them yet: the other job brings them."""
    products = stage.web.launch(partition_tags(stage.days([tenant])[-1], tenant), job="sync_blaze_products")
    assert stage.web.finished(products)["status"] == "SUCCESS"
    same_as_command(stage, tenant, stage.days([tenant])[-1:])
