"""One path for one partition, a range, or many tenants: merge days, work through tenants, record what is done."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import dagster as dg
import structlog

from sync_platform.core.errors import AlreadyRunning
from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.assets.results import results
from sync_platform.defs.assets.work import (
    PLATFORM_TIME_TAG,
    days_of,
    due_days,
    not_active,
    repeats_another,
    requests_for,
    scheduled,
    snapshot_days,
)
from sync_platform.defs.checks.synced import check_results
from sync_platform.defs.day_chart import DAYS, WEEK, day_chart
from sync_platform.defs.metadata import run_metadata, sample_table
from sync_platform.defs.partitions import PartitionKey, by_tenant
from sync_platform.defs.recorder import NO_EVENTS_OF_ITS_OWN, Recorder, done_before, parent_run, take_back_plan
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.active_sources import with_account
from sync_platform.sync.crm_times import at_platform_time
from sync_platform.sync.dead_runs import close_rows_of
from sync_platform.sync.facts import table_facts
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Progress, SyncResult, no_progress

Assets = Mapping[str, dg.AssetKey]
SHOWN_FAILURES = 100

log = structlog.get_logger("sync_platform")


def sync_partitions(
    context: dg.AssetExecutionContext, source: PlatformSource, fetch: Fetch
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
    """Sync the run's partitions and record each finished one; fail at the end naming the tenants that are not.

    Checks are yielded in between, so that they judge also after a part has failed. One fetch fills all its tables, so
    all of them are recorded, also where only one of them was selected.
    """
    entity, assets = fetch.entity, fetch.assets
    gc.freeze()  # what was imported stays: the collector need not look through it while records come and go
    keys = [PartitionKey.parse(key) for key in context.partition_keys]
    if not keys:
        raise dg.Failure("the run has no partitions; a range has to begin before it ends", allow_retries=False)
    with source.open() as platform:
        recorders = {table: Recorder(context, asset) for table, asset in assets.items()}
        done = _carry_on(context, assets, recorders, keys)
        days = by_tenant(key for key in keys if str(key) not in done)
        tenants = _tenants(context, platform, fetch, days)
        if (parent := parent_run(context)) is not None:  # it has ended, or there would be no retry
            close_rows_of(platform, parent, tenants.values())
        asked = {} if repeats_another(context.instance, context.run) else tenants
        missed: dict[str, list[date]] = {}
        if fetch.snapshot:
            due, missed = snapshot_days(context, platform, asked, days, done)
        else:
            due = due_days(context, platform, asked, days)
        failed = {slug: not_active(slug) for slug in days if slug not in tenants and not scheduled(context)}
        owed = {str(PartitionKey(day, slug)) for slug in failed for day in days[slug]}
        # what a snapshot has missed is asked for as well: the use case says why it cannot be had
        work = requests_for(context, fetch, tenants, due, missed)
        try:
            # a tick's lines, one per tenant and table, would be kept as its output; nobody watches it
            told = no_progress if scheduled(context) else _log_progress
            with closing(results(platform, work, told, patient=fetch.snapshot)) as found:
                for result in found:
                    slug, these = result.request.tenant.slug, days_of(result.request)
                    for warning in result.warnings:
                        context.log.warning(f"{slug} {entity}: {warning}")
                    if result.finished:
                        _record(platform, result, these, recorders, fetch)
                        done |= {str(PartitionKey(day, slug)) for day in these}
                    elif scheduled(context) and isinstance(result.error, AlreadyRunning) and not fetch.snapshot:
                        context.log.info(f"{slug} {entity} is left to the other run: {result.error}")  # SYS-19
                    else:
                        failed.setdefault(slug, f"{result.state}: {result.error}")
                        owed |= {str(PartitionKey(day, slug)) for day in these}
                        context.log.warning(f"{slug} {entity}: {result.state}: {result.error}")
        finally:
            for recorder in recorders.values():
                recorder.flush()
        chosen = context.selected_asset_check_keys
        for asset in assets.values():
            yield from check_results(platform, asset, list(tenants.values()), due, context.run.run_id, chosen)
    if failed:
        for asset in assets.values():
            take_back_plan(context, asset, [key for key in keys if str(key) not in done | owed], min(owed))
        shown = dict(sorted(failed.items())[:SHOWN_FAILURES])
        raise dg.Failure(
            f"{len(failed)} of {len(days)} tenants are not synced: {', '.join(shown)}",
            metadata={slug: str(reason)[:500] for slug, reason in shown.items()},
        )
    for asset in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=asset, metadata=NO_EVENTS_OF_ITS_OWN)


def _tenants(
    context: dg.AssetExecutionContext, platform: Platform, fetch: Fetch, days: Mapping[str, Sequence[date]]
) -> dict[str, Tenant]:
    """Active tenants of the run. The range of a schedule reaches over some who have no account at this source, or times
    of their own there; whoever names one by hand is told."""
    found = [tenant for tenant in directory(platform.database) if tenant.slug in days]
    if scheduled(context):
        found = with_account(platform, found, fetch.source)
    if PLATFORM_TIME_TAG in context.run.tags:
        found = at_platform_time(platform, found)
    return {tenant.slug: tenant for tenant in found}


def _carry_on(
    context: dg.AssetExecutionContext, assets: Assets, recorders: Mapping[str, Recorder], keys: Sequence[PartitionKey]
) -> set[str]:
    """Partitions that the run which this one retries has finished for all tables; recorded again, not done again."""
    done = {table: done_before(context, asset) for table, asset in assets.items()}
    common = set.intersection(*(set(found) for found in done.values()))
    for table, recorder in recorders.items():
        for key in keys:
            if str(key) in common:
                recorder.add(key, done[table][str(key)])
        recorder.flush()
    return common


def _record(
    platform: Platform, result: SyncResult, days: Sequence[date], recorders: Mapping[str, Recorder], fetch: Fetch
) -> None:
    """Materialisation events of one tenant. The last day carries a sample and a chart; each day its own row count."""
    tenant, last = result.request.tenant, days[-1]
    first = min(days[0], last - timedelta(days=DAYS + WEEK - 1))
    names = {report.entity: f"{fetch.source}.{report.entity}" for report in result.reports}
    facts = table_facts(platform, tenant, list(names.values()), first, last)
    for report in result.reports:
        found = facts[names[report.entity]]
        shown = run_metadata(result, report, found.newest, platform.clock())
        for day in days:
            extra: dict[str, Any] = {"dagster/partition_row_count": found.rows.get(day, 0)}
            if day == last:
                if not fetch.snapshot:
                    extra["rows_per_day"] = day_chart(found.rows, last)
                if found.sample:
                    extra["sample"] = sample_table(found.sample)
            recorders[report.entity].add(PartitionKey(day, tenant.slug), {**shown, **extra})


def _log_progress(progress: Progress) -> None:
    """To the run's standard output: every line of ``context.log`` would be kept in the event log for ever."""
    log.info("progress", tenant=progress.tenant, entity=progress.entity, done=progress.done)
