"""One path for one partition, a range, or many tenants: merge days, work through tenants, record what is done."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg
import structlog

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import day_ranges
from sync_platform.db.run_row import RunKind
from sync_platform.db.tenants import directory
from sync_platform.defs.checks.blaze import check_results
from sync_platform.defs.metadata import day_chart, run_metadata, sample_table
from sync_platform.defs.partitions import PartitionKey, by_tenant, open_days
from sync_platform.defs.recorder import NO_EVENTS_OF_ITS_OWN, Recorder, done_before
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.facts import CHART_DAYS, filled, sample_rows, table_facts
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Entity, Progress, SyncRequest, SyncResult

FULL_TAG = "sync_platform/full"
SCHEDULE_TAG = "dagster/schedule_name"
BACKFILL_TAG = "dagster/backfill"
OPEN_DAYS_TAG = "sync_platform/open_days"

Assets = Mapping[str, dg.AssetKey]

log = structlog.get_logger("sync_platform")


def sync_partitions(
    context: dg.AssetExecutionContext, source: PlatformSource, entity: Entity, assets: Assets
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
    """Sync the run's partitions and record each finished one; fail at the end naming the tenants that are not.

    Checks are yielded in between, so that they judge also after a part has failed.
    """
    keys = [PartitionKey.parse(key) for key in context.partition_keys]
    if not keys:
        raise dg.Failure("the run has no partitions; a range has to begin before it ends", allow_retries=False)
    with source.open() as platform:
        recorders = {table: Recorder(context, asset) for table, asset in assets.items()}
        done = _carry_on(context, assets, recorders, keys)
        days = by_tenant(key for key in keys if str(key) not in done)
        tenants = {tenant.slug: tenant for tenant in directory(platform.database) if tenant.slug in days}
        wanted = _begun(context, platform, tenants, days)
        failed = {slug: _not_active(slug) for slug in days if slug not in tenants and not _scheduled(context)}
        try:
            for result in sync_many(platform, _work(context, entity, tenants, wanted), _log_progress):
                slug = result.request.tenant.slug
                if result.finished:
                    _record(platform, result, wanted[slug], recorders)
                else:
                    failed[slug] = f"{result.state}: {result.error}"
                    context.log.warning(f"{slug} {entity}: {failed[slug]}")
        finally:
            for recorder in recorders.values():
                recorder.flush()
        for table, asset in assets.items():
            yield from check_results(platform, asset, table, list(tenants.values()), wanted, context.run.run_id)
    if failed:
        shown = dict(sorted(failed.items())[:100])
        raise dg.Failure(
            f"{len(failed)} of {len(days)} tenants are not synced: {', '.join(shown)}",
            metadata={slug: str(reason)[:500] for slug, reason in shown.items()},
        )
    for asset in assets.values():
        yield dg.MaterializeResult(asset_key=asset, metadata=NO_EVENTS_OF_ITS_OWN)


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


def _begun(
    context: dg.AssetExecutionContext, platform: Platform, tenants: Mapping[str, Tenant], days: Mapping[str, list[date]]
) -> dict[str, list[date]]:
    """Days that have begun in the tenant's zone; of a schedule's range, those that are open there.

    A schedule asks for one range over tenants of all zones, so it names days that some of them have closed long ago.
    """
    now = platform.clock()
    wanted: dict[str, list[date]] = {}
    for slug, tenant in tenants.items():
        open_now = open_days(tenant, now)
        only_open = context.run.tags.get(OPEN_DAYS_TAG) == "true"
        wanted[slug] = [day for day in days[slug] if day <= open_now[-1] and (not only_open or day in open_now)]
    return {slug: found for slug, found in wanted.items() if found}


def _work(
    context: dg.AssetExecutionContext, entity: Entity, tenants: Mapping[str, Tenant], wanted: Mapping[str, list[date]]
) -> list[list[SyncRequest]]:
    full = context.run.tags.get(FULL_TAG) == "true"
    return [
        [
            SyncRequest(
                tenant=tenants[slug],
                entity=entity,
                days=tuple(day_ranges(days)),
                kind=_kind(context),
                actor=context.run.tags.get(SCHEDULE_TAG, "dagster"),
                dagster_run_id=context.run.run_id,
                full=full,
            )
        ]
        for slug, days in wanted.items()
    ]


def _kind(context: dg.AssetExecutionContext) -> RunKind:
    if _scheduled(context):
        return "scheduled"
    return "backfill" if BACKFILL_TAG in context.run.tags else "manual"


def _scheduled(context: dg.AssetExecutionContext) -> bool:
    return SCHEDULE_TAG in context.run.tags


def _not_active(slug: str) -> str:
    return f"{slug} is not an active tenant; see `sync-platform tenant list`"


def _record(platform: Platform, result: SyncResult, days: Sequence[date], recorders: Mapping[str, Recorder]) -> None:
    """Materialisation events of one tenant. The last day carries a sample and a chart; each day its own row count."""
    tenant, last = result.request.tenant, days[-1]
    for report in result.reports:
        first = min(days[0], last - timedelta(days=CHART_DAYS - 1))
        facts = table_facts(platform, tenant, report.entity, first, last)
        shown = run_metadata(result, report, facts.newest, platform.clock())
        for day in days:
            extra: dict[str, Any] = {"dagster/partition_row_count": facts.rows.get(day, 0)}
            if day == last:
                chart = [last - timedelta(days=n) for n in reversed(range(CHART_DAYS))]
                extra["rows_per_day"] = day_chart(filled(facts.rows, chart))
                if rows := sample_rows(platform, tenant, report.entity, day):
                    extra["sample"] = sample_table(rows)
            recorders[report.entity].add(PartitionKey(day, tenant.slug), {**shown, **extra})


def _log_progress(progress: Progress) -> None:
    """To the run's standard output: every line of ``context.log`` would be kept in the event log for ever."""
    log.info("progress", tenant=progress.tenant, entity=progress.entity, done=progress.done)
