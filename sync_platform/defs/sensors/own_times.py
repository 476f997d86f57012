"""Launches the sync of packages for tenants with times of their own (DAG-10, DAG-11).

A sensor and no schedule: a run key of a schedule holds for one tick only, one of a sensor for ever. Each time of a
tenant is launched once, also after hours without a daemon, and a lost cursor changes nothing, as there is none.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.cron_times import last_due
from sync_platform.defs.jobs import sync_crm
from sync_platform.defs.partitions import TENANTS, range_tags, snapshot_range
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.schedules import SETTINGS
from sync_platform.sync.active_sources import with_account
from sync_platform.sync.crm_entities import SOURCE
from sync_platform.sync.crm_times import OwnTime, own_time

STATUS = dg.DefaultSensorStatus.RUNNING if SETTINGS.schedules.running else dg.DefaultSensorStatus.STOPPED


def due_requests(tenants: Sequence[tuple[Tenant, OwnTime]], now: datetime) -> Iterator[dg.RunRequest]:
    """A run for each tenant whose packages were not read since the last of its times. Of several times that were missed
    one is made up for: packages are read as they are now."""
    for tenant, own in tenants:
        due = last_due(own.cron, tenant.zone, now)
        if own.read_at is None or own.read_at < due:
            yield dg.RunRequest(
                run_key=f"{due:%Y-%m-%dT%H:%M}/{tenant.slug}",
                tags=range_tags(*snapshot_range([tenant], now), [tenant.slug]),
            )


@dg.sensor(job_name=sync_crm.name, minimum_interval_seconds=300, default_status=STATUS)
def crm_packages_own_times(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]
) -> dg.SensorResult:
    """Packages of tenants whose account at the CRM has the setting ``cron``, which is meant in the tenant's zone."""
    known = set(context.instance.get_dynamic_partitions(TENANTS))
    with platform.open() as opened:
        active = [tenant for tenant in directory(opened.database) if tenant.slug in known]
        customers = with_account(opened, active, SOURCE)
        timed = [(tenant, own) for tenant in customers if (own := own_time(opened, tenant)) is not None]
        now = opened.clock()
    found = list(due_requests(timed, now))
    if not found:
        return dg.SensorResult(skip_reason=f"{len(timed)} tenants have times of their own, none of them is due")
    return dg.SensorResult(run_requests=found)
