"""``sync-platform demo``: from nothing to the data of shops, clinics and clubs, the proof, and a cut-over (CLI-07)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from sync_platform.cli.demo_clinics import play_clinics
from sync_platform.cli.demo_clubs import import_profiles, play_clubs, today_of
from sync_platform.cli.demo_cut_over import play_cut_over
from sync_platform.cli.demo_purchases import play_purchases
from sync_platform.cli.demo_report import DemoReport, Row
from sync_platform.cli.output import AsJson, emit, say
from sync_platform.cli.processes import StandIns, sandbox_process
from sync_platform.cli.stage import Stage, fresh_folder, stage
from sync_platform.db.ledger import list_runs

SHOPS_JOB, CLINICS_JOB, CLUBS_JOB = "sync_blaze", "sync_mx_merchant", "sync_crm"


def demo(as_json: AsJson = False) -> None:
    """Sync 30 days of three invented shops and two clinics twice through Dagster, prove it, and replace old
    reports. Profiles of two clubs are matched with their CRM, and their packages synced twice. A shop drops two
    purchase files, and one of them is wrong.

    Works in a data folder of its own and never touches another database. Exit code 1 if anything is off.
    """
    started = time.monotonic()
    folder, settings = fresh_folder()
    with sandbox_process(folder) as urls, stage(settings, folder, urls) as ready:
        say(f"PostgreSQL and the stand-in vendors are up after {time.monotonic() - started:.0f} s")
        report = play(ready, urls)
    emit(report.as_data(), as_json, report.text(time.monotonic() - started))
    if not report.good:
        raise typer.Exit(1)


def play(ready: Stage, urls: StandIns) -> DemoReport:
    """Two runs over all days and tenants, what came of them, and a field promoted and taken back."""
    report, today = DemoReport(), today_of(ready)
    import_profiles(ready, urls.crm)
    with _environment(ready):
        for number in (1, 2):
            checks: dict[str, bool] = {}
            for job, tenants, (first, last) in (
                (SHOPS_JOB, ready.tenants, ready.days),
                (CLINICS_JOB, ready.clinics, ready.days),
                (CLUBS_JOB, ready.clubs, (today, today)),  # a CRM shows what is there now, and no other day
            ):
                began = time.monotonic()
                checks |= _dagster_run(job, first.isoformat(), last.isoformat(), list(tenants))
                seconds = time.monotonic() - began
                say(f"run {number}, {job} over {first} to {last} and {len(tenants)} tenants: {seconds:.0f} s")
            report.add_run(_rows(ready, report), checks)
        purchases = play_purchases(ready, _dagster_dropped_files)
    report.compare_with_source(ready, urls.blaze)
    report.add_clinics(play_clinics(ready, urls.mx_merchant))
    report.add_clubs(play_clubs(ready, urls.crm))
    report.add_purchases(purchases)
    report.add_cut_over(play_cut_over(ready, urls.blaze))
    return report


def _dagster_run(job: str, first: str, last: str, tenants: list[str]) -> dict[str, bool]:
    """Whether the run and its checks passed. Imported here: Dagster takes seconds, and no other command needs it."""
    from sync_platform.definitions import defs
    from sync_platform.defs.local_run import run_range

    return {f"{job}.{name}": passed for name, passed in run_range(defs, job, first, last, tenants).items()}


def _dagster_dropped_files() -> dict[str, bool]:
    from sync_platform.definitions import defs
    from sync_platform.defs.local_run import run_dropped_files

    return run_dropped_files(defs)


def _rows(ready: Stage, report: DemoReport) -> list[Row]:
    """The ledger rows that are new since the last run."""
    known = {(row.tenant, row.run.id) for rows in report.runs for row in rows}
    rows = [
        Row(slug, run)
        for slug, tenant in ready.by_slug().items()
        for run in list_runs(ready.platform.database, tenant.id, limit=50)
        if (slug, run.id) not in known
    ]
    return sorted(rows, key=lambda row: (row.tenant, row.run.entity))


@contextmanager
def _environment(ready: Stage) -> Iterator[None]:
    """Dagster's instance and the resource of the assets find the stage through the environment, as a child would."""
    before: dict[str, Any] = dict(os.environ)
    os.environ.update(ready.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
