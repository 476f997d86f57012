"""What a person sees: the page of an asset and the page of a run, in a real browser."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from sync_platform_tests.slow.orchestration.rows import rows
from sync_platform_tests.slow.orchestration.stage import Stage
from sync_platform_tests.slow.orchestration.web_server import range_tags, wait_for

TENANT = "dogwood"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 30_000
UNDER_WAY = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


@pytest.fixture(scope="module")
def run_id(stage: Stage, retried_backfill: str) -> str:
    """A run over a week of one tenant, which is over."""
    days = stage.days([TENANT])
    tags = range_tags(f"{days[0]}|{TENANT}", f"{days[-1]}|{TENANT}")
    run = stage.web.finished(stage.web.launch(tags, job="sync_blaze"))
    assert run["status"] == "SUCCESS"
    return str(run["runId"])


@pytest.fixture
def page() -> Iterator[Page]:
    """The browser of the distribution: nothing is downloaded."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 1300})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def keep(page: Page, name: str) -> None:
    """A picture for people, where one is wanted. Not named like a setting: an unknown one is refused."""
    folder = os.environ.get("SCREENSHOTS_DIR")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(1500)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_the_asset_page_shows_row_count_checks_and_partitions(stage: Stage, run_id: str, page: Page):
    """DAG-06, DAG-20: the partition's own row count, the counters of its run, a chart; all checks pass."""
    day = stage.days([TENANT])[-1]
    number = len(rows(stage.platform, TENANT, "transactions", [day]))
    page.goto(f"{stage.web.url}/assets/blaze/transactions?partition={day}%7C{TENANT}&view=partitions")
    expect(page.get_by_text("dagster/partition_row_count")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("rows_per_day").first).to_be_visible()
    row = page.locator("tr", has_text="dagster/partition_row_count")
    expect(row).to_contain_text(str(number))
    keep(page, "asset-partition")
    # the page shows the latest execution of a check: while any run is under way, that one's, which has no verdict yet
    wait_for("the end of all runs", lambda: not stage.web.runs(statuses=UNDER_WAY) or None, 150)
    page.goto(f"{stage.web.url}/assets/blaze/transactions?view=checks")
    for name in ("accounting", "references", "uniqueness"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Passed").first).to_be_visible(timeout=PATIENCE)
    keep(page, "asset-checks")
    page.goto(f"{stage.web.url}/assets/blaze/transactions?view=overview")
    expect(page.get_by_text("Receipts as Blaze has them", exact=False).first).to_be_visible(timeout=PATIENCE)
    keep(page, "asset-overview")


def test_the_run_page_shows_its_steps_and_that_it_went_well(stage: Stage, run_id: str, page: Page):
    """DAG-04: one run for all tables of the vendor."""
    page.goto(f"{stage.web.url}/runs/{run_id}")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=PATIENCE)
    for step in ("blaze_products", "blaze_customers", "blaze_transactions"):
        expect(page.get_by_text(re.compile(f"^{step}$")).first).to_be_visible()
    keep(page, "run")
