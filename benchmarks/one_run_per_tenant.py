"""What a schedule usually looks like: one run per tenant, for the comparison."""

from collections.abc import Iterator

import dagster as dg

from sync_platform.defs.assets.blaze import blaze_assets
from sync_platform.defs.jobs import sync_blaze
from sync_platform.defs.partitions import TENANTS
from sync_platform.defs.resources import PlatformSource
from sync_platform.settings import load_settings


@dg.schedule(
    job=sync_blaze,
    cron_schedule=load_settings().schedules.blaze_sales,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def one_run_per_tenant(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """The open day of every tenant."""
    day = f"{context.scheduled_execution_time:%Y-%m-%d}"
    for tenant in context.instance.get_dynamic_partitions(TENANTS):
        key = dg.MultiPartitionKey({"day": day, "tenant": tenant})
        yield dg.RunRequest(run_key=f"{context.scheduled_execution_time:%H:%M}/{tenant}", partition_key=key)


defs = dg.Definitions(
    assets=blaze_assets(),
    jobs=[sync_blaze],
    schedules=[one_run_per_tenant],
    resources={"platform": PlatformSource()},
    executor=dg.in_process_executor,
)
