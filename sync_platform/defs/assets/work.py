"""What a run asks of the use case: its tags, the days that are due, one request per tenant."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import day_ranges
from sync_platform.db.run_row import RunKind
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.partitions import PartitionKey, open_days
from sync_platform.defs.recorder import PARENT_RUN
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import SyncRequest

FULL_TAG = "sync_platform/full"
# its value is the tick: a retry tomorrow still means the days that were open then
OPEN_DAYS_TAG = "sync_platform/open_days"
# its range reaches over tenants with times of their own, whose turn it is not
PLATFORM_TIME_TAG = "sync_platform/platform_time"
SCHEDULE_TAG = "dagster/schedule_name"
SENSOR_TAG = "dagster/sensor_name"
RUN_KEY_TAG = "dagster/run_key"
BACKFILL_TAG = "dagster/backfill"

DaysByTenant = Mapping[str, list[date]]


def due_days(
    context: dg.AssetExecutionContext, platform: Platform, tenants: Mapping[str, Tenant], days: DaysByTenant
) -> dict[str, list[date]]:
    """Days that have begun in the tenant's zone; of a schedule's range, those that were open there at its tick.

    A schedule asks for one range over tenants of all zones, so it names days that some of them have closed long ago.
    """
    now = platform.clock()
    tick = context.run.tags.get(OPEN_DAYS_TAG)
    at = datetime.fromisoformat(tick) if tick else None
    due: dict[str, list[date]] = {}
    for slug, tenant in tenants.items():
        today = now.astimezone(tenant.zone).date()
        found = [day for day in days[slug] if day <= today and (at is None or day in open_days(tenant, at))]
        if found:
            due[slug] = found
    return due


def snapshot_days(
    context: dg.AssetExecutionContext,
    platform: Platform,
    tenants: Mapping[str, Tenant],
    days: DaysByTenant,
    done: Collection[str],
) -> tuple[dict[str, list[date]], dict[str, list[date]]]:
    """Each tenant's today, and the days that are over, which somebody asked for in vain.

    The range of a schedule holds the days of all zones, and those that begin before the run may: one of them is enough,
    also one of those that are ``done`` by the run that this one retries.
    """
    now = platform.clock()
    served = {PartitionKey.parse(key).tenant for key in done}
    due: dict[str, list[date]] = {}
    missed: dict[str, list[date]] = {}
    for slug, tenant in tenants.items():
        today = now.astimezone(tenant.zone).date()
        if today in days[slug]:
            due[slug] = [today]
        past = [day for day in days[slug] if day < today]
        if past and not (scheduled(context) and (slug in due or slug in served)):
            missed[slug] = past
    return due, missed


def requests_for(
    context: dg.AssetExecutionContext, fetch: Fetch, tenants: Mapping[str, Tenant], *days: DaysByTenant
) -> list[list[SyncRequest]]:
    """One request per tenant over all its days; of several kinds of days, one after the other."""
    full = context.run.tags.get(FULL_TAG) == "true"
    return [
        [
            SyncRequest(
                tenant=tenants[slug],
                entity=fetch.entity,
                source=fetch.source,
                days=tuple(day_ranges(of[slug])),
                kind=_kind(context),
                actor=launcher(context.run.tags) or "dagster",
                dagster_run_id=context.run.run_id,
                full=full,
            )
            for of in days
            if slug in of
        ]
        for slug in dict.fromkeys(slug for of in days for slug in of)
    ]


def days_of(request: SyncRequest) -> list[date]:
    """All days of its ranges."""
    return [first + timedelta(days=n) for first, last in request.days for n in range((last - first).days + 1)]


def launcher(tags: Mapping[str, str]) -> str | None:
    """The schedule or sensor that launched a run; None where a person did."""
    return tags.get(SCHEDULE_TAG) or tags.get(SENSOR_TAG)


def scheduled(context: dg.AssetExecutionContext) -> bool:
    """Whether nobody is waiting for this run."""
    return launcher(context.run.tags) is not None


def not_active(slug: str) -> str:
    """Why nothing is done for a partition of a tenant who is suspended or gone."""
    return f"{slug} is not an active tenant; see `sync-platform tenant list`"


def repeats_another(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether an older run has the same run key: two daemons were at work on one tick (F-06).

    Each looks for a run of the tick before it creates one, and both may find none. Of such runs the first one works.
    A retry has the key of the run that it retries, and is none.
    """
    tags = run.tags
    names = [name for name in (SCHEDULE_TAG, SENSOR_TAG) if name in tags]
    if not names or RUN_KEY_TAG not in tags or PARENT_RUN in tags:
        return False
    same = dg.RunsFilter(tags={name: tags[name] for name in (*names, RUN_KEY_TAG)})
    first = instance.get_run_records(same, order_by="id", ascending=True, limit=1)
    return bool(first) and first[0].dagster_run.run_id != run.run_id


def _kind(context: dg.AssetExecutionContext) -> RunKind:
    if scheduled(context):
        return "scheduled"
    return "backfill" if BACKFILL_TAG in context.run.tags else "manual"
