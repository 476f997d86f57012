"""Launches the handling of events that wait (MX-22, MX-23, CRM-11, DAG-11). It asks nothing of a source."""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.event_jobs import handle_crm_events, handle_mx_events
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.schedules import IN_PROGRESS
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source
from sync_platform.sync.waiting_events import WaitingEvents, waiting_events

SECONDS = 6.0  # a tick has to end within 10 s (DAG-11)
AT_ONCE = 1000  # tenants that one statement looks at
# How long the same events rest after a run that did not get rid of them; twice as long after each further one.
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
# what a run was launched for
EVENTS_TAG = "sync_platform/events"


def look(
    platform: Platform,
    tenants: Sequence[Tenant],
    source: Source,
    after: str,
    seconds: float,
    elapsed: Callable[[], float],
) -> tuple[list[WaitingEvents], str]:
    """Who waits, and the tenant to go on after; blank where everybody was looked at. It begins after ``after``, and a
    lost cursor only begins elsewhere."""
    started = elapsed()
    by_slug = sorted(tenants, key=lambda tenant: (tenant.slug <= after, tenant.slug))
    found: list[WaitingEvents] = []
    for number in range(0, len(by_slug), AT_ONCE):
        if number and elapsed() - started > seconds:
            return found, by_slug[number - 1].slug
        found += waiting_events(platform, by_slug[number : number + AT_ONCE], source)
    return found, ""


def _sensor(name: str, source: Source, job: dg.JobDefinition) -> dg.SensorDefinition:
    @dg.sensor(name=name, job_name=job.name, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
    def events(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SensorResult:
        return _tick(context, platform, source, job)

    return events


def _tick(
    context: dg.SensorEvaluationContext, platform: PlatformSource, source: Source, job: dg.JobDefinition
) -> dg.SensorResult:
    """One run for all tenants with events that are due, and none while one is under way.

    The run key is made of what waits and of how many runs were launched for just that: the same tick twice launches
    nothing twice, and what a run that died has left behind is not forgotten.
    """
    instance = context.instance
    if instance.get_runs_count(dg.RunsFilter(job_name=job.name, statuses=IN_PROGRESS)):
        return dg.SensorResult(skip_reason="events are being handled", cursor=context.cursor)
    with platform.open() as opened:
        found, after = look(opened, directory(opened.database), source, context.cursor or "", SECONDS, time.monotonic)
        now = opened.clock().timestamp()
    if not found:
        return dg.SensorResult(skip_reason="nothing waits", cursor=after)
    what = hashlib.blake2b("\n".join(sorted(one.mark for one in found)).encode(), digest_size=12).hexdigest()
    before = instance.get_run_records(dg.RunsFilter(job_name=job.name, tags={EVENTS_TAG: what}))
    pause = min(PAUSE * 2 ** min(len(before), 10), LONGEST_PAUSE).total_seconds()
    if before and now - max(record.create_timestamp.timestamp() for record in before) < pause:
        return dg.SensorResult(skip_reason=f"{len(before)} runs left the same events behind", cursor=after)
    [op] = job.nodes
    request = dg.RunRequest(
        run_key=f"{what}/{len(before)}",
        run_config={"ops": {op.name: {"config": {"tenants": [one.tenant for one in found]}}}},
        tags={EVENTS_TAG: what},
    )
    return dg.SensorResult(run_requests=[request], cursor=after)


mx_merchant_events = _sensor("mx_merchant_events", "mx_merchant", handle_mx_events)
crm_events = _sensor("crm_events", "crm", handle_crm_events)
