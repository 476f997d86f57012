"""What a run asks of the use case: its tags, the days that are due, one request per tenant."""

from collections.abc import Mapping
from datetime import date, datetime

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import day_ranges
from sync_platform.db.run_row import RunKind
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.partitions import open_days
from sync_platform.defs.recorder import PARENT_RUN
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import SyncRequest

FULL_TAG = "sync_platform/full"
# its value is the tick: a retry tomorrow still means the days that were open then
OPEN_DAYS_TAG = "sync_platform/open_days"
SCHEDULE_TAG = "dagster/schedule_name"
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


def requests_for(
    context: dg.AssetExecutionContext, fetch: Fetch, tenants: Mapping[str, Tenant], due: DaysByTenant
) -> list[list[SyncRequest]]:
    """One request per tenant over all its days."""
    full = context.run.tags.get(FULL_TAG) == "true"
    return [
        [
            SyncRequest(
                tenant=tenants[slug],
                entity=fetch.entity,
                source=fetch.source,
                days=tuple(day_ranges(days)),
                kind=_kind(context),
                actor=context.run.tags.get(SCHEDULE_TAG, "dagster"),
                dagster_run_id=context.run.run_id,
                full=full,
            )
        ]
        for slug, days in due.items()
    ]


def scheduled(context: dg.AssetExecutionContext) -> bool:
    """Whether nobody is waiting for this run."""
    return SCHEDULE_TAG in context.run.tags


def not_active(slug: str) -> str:
    """Why nothing is done for a partition of a tenant who is suspended or gone."""
    return f"{slug} is not an active tenant; see `sync-platform tenant list`"


def repeats_another(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether an older run has the same run key: two schedulers were at work on one tick (F-06).

    Each looks for a run of the tick before it creates one, and both may find none. Of such runs the first one works.
    A retry has the key of the run that it retries, and is none.
    """
    tags = run.tags
    if SCHEDULE_TAG not in tags or RUN_KEY_TAG not in tags or PARENT_RUN in tags:
        return False
    same = dg.RunsFilter(tags={name: tags[name] for name in (SCHEDULE_TAG, RUN_KEY_TAG)})
    first = instance.get_run_records(same, order_by="id", ascending=True, limit=1)
    return bool(first) and first[0].dagster_run.run_id != run.run_id


def _kind(context: dg.AssetExecutionContext) -> RunKind:
    if scheduled(context):
        return "scheduled"
    return "backfill" if BACKFILL_TAG in context.run.tags else "manual"
