"""Schedules: one range run per chunk of tenants, never one run per tenant (DAG-10).

Chunks of one tick need no jitter: the pool of the vendor lets two of them run, and each works on few tenants at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

import dagster as dg
from dagster import DagsterRunStatus

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.assets.work import FULL_TAG, OPEN_DAYS_TAG, PLATFORM_TIME_TAG
from sync_platform.defs.audit_jobs import audit_anchor_daily
from sync_platform.defs.import_jobs import purge_imports_job
from sync_platform.defs.jobs import (
    compare_blaze,
    prune_dagster,
    sync_blaze,
    sync_blaze_products,
    sync_blaze_sales,
    sync_crm,
    sync_mx_merchant,
)
from sync_platform.defs.partitions import RANGE_END, RANGE_START, TENANTS, open_days, range_tags, snapshot_range
from sync_platform.defs.resources import PlatformSource
from sync_platform.settings import load_settings
from sync_platform.sync.active_sources import with_account
from sync_platform.sync.crm_times import at_platform_time
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source

IN_PROGRESS = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]

Platforms = dg.ResourceParam[PlatformSource]
Requests = Callable[[Iterator[list[Tenant]], datetime], Iterator[dg.RunRequest]]
Among = Callable[[Platform, list[Tenant]], list[Tenant]]


def chunks(partitions: Sequence[str], tenants: Sequence[Tenant], size: int) -> Iterator[list[Tenant]]:
    """Active tenants in chunks of neighbours in the order of the partition set, which is the order of addition.

    A range runs from the first to the last key of a chunk; what lies between and is not active is skipped by the run.
    """
    active = {tenant.slug: tenant for tenant in tenants}
    known = [active[slug] for slug in partitions if slug in active]
    for start in range(0, len(known), size):
        yield known[start : start + size]


def open_day_requests(chunked: Iterator[list[Tenant]], tick: datetime) -> Iterator[dg.RunRequest]:
    """Runs over the open days of each chunk. The tick is part of the run key: a run key is spent for ever."""
    for chunk in chunked:
        days = sorted({day for tenant in chunk for day in open_days(tenant, tick)})
        yield _request(days[0], days[-1], chunk, tick, {OPEN_DAYS_TAG: tick.isoformat()})


def trailing_requests(chunked: Iterator[list[Tenant]], tick: datetime, days: int) -> Iterator[dg.RunRequest]:
    """Runs over the days before today, in every zone: what was sold changes long after (BLZ-08, MX-03)."""
    for chunk in chunked:
        last = min(tick.astimezone(tenant.zone).date() for tenant in chunk) - timedelta(days=1)
        yield _request(last - timedelta(days=days - 1), last, chunk, tick, {FULL_TAG: "true"})


def snapshot_requests(chunked: Iterator[list[Tenant]], tick: datetime) -> Iterator[dg.RunRequest]:
    """Runs over each tenant's today, for those who have no times of their own (CRM-13)."""
    for chunk in chunked:
        yield _request(*snapshot_range(chunk, tick), chunk, tick, {PLATFORM_TIME_TAG: "true"})


def compare_requests(chunked: Iterator[list[Tenant]], tick: datetime) -> Iterator[dg.RunRequest]:
    """One run over all tenants: each check has one result, and it is about everybody."""
    slugs = [tenant.slug for chunk in chunked for tenant in chunk]
    if slugs:
        tags = {RANGE_START: slugs[0], RANGE_END: slugs[-1]}
        yield dg.RunRequest(run_key=f"{tick.astimezone(UTC):%Y-%m-%dT%H:%M}", tags=tags)


def _request(first: date, last: date, chunk: list[Tenant], tick: datetime, tags: dict[str, str]) -> dg.RunRequest:
    slugs = [tenant.slug for tenant in chunk]
    return dg.RunRequest(
        run_key=f"{tick.astimezone(UTC):%Y-%m-%dT%H:%M}/{slugs[0]}",
        tags={**range_tags(first, last, slugs), **tags},
    )


def _tick(
    context: dg.ScheduleEvaluationContext,
    opener: PlatformSource,
    name: str,
    requests: Requests,
    source: Source | None,
    among: Among,
) -> list[dg.RunRequest] | dg.SkipReason:
    """Ask for the active tenants that have an account at ``source``, if it is one of a source; for some ``among`` them.

    Skip while runs of the same schedule are in progress: they would only meet the writers' lock.
    """
    running = context.instance.get_run_records(
        dg.RunsFilter(tags={"dagster/schedule_name": name}, statuses=IN_PROGRESS), limit=1
    )
    if running:
        return dg.SkipReason(f"run {running[0].dagster_run.run_id} of the last tick is still in progress")
    with opener.open() as platform:
        tenants = directory(platform.database)
        if source is not None:
            tenants = among(platform, with_account(platform, tenants, source))
        size = platform.settings.sync.tenants_per_run
    partitions = context.instance.get_dynamic_partitions(TENANTS)
    found = list(requests(chunks(partitions, tenants, size), context.scheduled_execution_time))
    return found or dg.SkipReason(f"there is no active tenant{f' with an account at {source}' if source else ''}")


SETTINGS = load_settings()
STATUS = dg.DefaultScheduleStatus.RUNNING if SETTINGS.schedules.running else dg.DefaultScheduleStatus.STOPPED


def _everybody(_: Platform, tenants: list[Tenant]) -> list[Tenant]:
    return tenants


def _schedule(
    name: str,
    job: str,
    cron: str,
    requests: Requests,
    text: str,
    source: Source | None = None,
    among: Among = _everybody,
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job_name=job,
        cron_schedule=cron,
        execution_timezone=SETTINGS.schedules.zone,
        default_status=STATUS,
        description=text,
    )
    def tick(context: dg.ScheduleEvaluationContext, platform: Platforms) -> list[dg.RunRequest] | dg.SkipReason:
        return _tick(context, platform, name, requests, source, among)

    return tick


blaze_sales_hourly = _schedule(
    "blaze_sales_hourly",
    sync_blaze_sales.name,
    SETTINGS.schedules.blaze_sales,
    open_day_requests,
    "Members and receipts of the open day of every tenant.",
    "blaze",
)

blaze_products_every_5_minutes = _schedule(
    "blaze_products_every_5_minutes",
    sync_blaze_products.name,
    SETTINGS.schedules.blaze_products,
    open_day_requests,
    "Products that changed since the last run, of every tenant.",
    "blaze",
)

blaze_trailing_weekly = _schedule(
    "blaze_trailing_weekly",
    sync_blaze.name,
    SETTINGS.schedules.blaze_trailing,
    partial(trailing_requests, days=SETTINGS.blaze.trailing_days),
    "The last 30 days again, and the whole catalogue of products: late refunds, voids, edits and deletions.",
    "blaze",
)

mx_payments_every_15_minutes = _schedule(
    "mx_payments_every_15_minutes",
    sync_mx_merchant.name,
    SETTINGS.schedules.mx_payments,
    open_day_requests,
    "Payments of the open day of every tenant, with their invoices.",
    "mx_merchant",
)

mx_trailing_daily = _schedule(
    "mx_trailing_daily",
    sync_mx_merchant.name,
    SETTINGS.schedules.mx_trailing,
    partial(trailing_requests, days=SETTINGS.mx_merchant.trailing_days),
    "The last 30 days again: payments are settled, voided and charged back late.",
    "mx_merchant",
)

crm_packages_daily = _schedule(
    "crm_packages_daily",
    sync_crm.name,
    SETTINGS.crm.cron,
    snapshot_requests,
    "Packages of every tenant without times of its own, and the copy of the CRM's customers.",
    "crm",
    at_platform_time,
)

blaze_compare_hourly = _schedule(
    "blaze_compare_hourly",
    compare_blaze.name,
    SETTINGS.schedules.blaze_compare,
    compare_requests,
    "Production and Blaze side by side, of every tenant; closed gates are warnings here.",
)

prune_daily = dg.ScheduleDefinition(
    name="dagster_prune_daily",
    job=prune_dagster,
    cron_schedule=SETTINGS.schedules.prune,
    execution_timezone=SETTINGS.schedules.zone,
    default_status=STATUS,
    description="Old rows of Dagster's event log.",
)

import_purge_hourly = dg.ScheduleDefinition(
    name="import_purge_hourly",
    job=purge_imports_job,
    cron_schedule=SETTINGS.schedules.import_purge,
    execution_timezone=SETTINGS.schedules.zone,
    default_status=STATUS,
    description="Files, listed errors and messages of imports that need not be kept.",
)

SCHEDULES = (
    blaze_sales_hourly,
    blaze_products_every_5_minutes,
    blaze_trailing_weekly,
    mx_payments_every_15_minutes,
    mx_trailing_daily,
    crm_packages_daily,
    blaze_compare_hourly,
    prune_daily,
    import_purge_hourly,
    audit_anchor_daily,
)
