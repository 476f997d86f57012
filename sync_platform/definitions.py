"""The whole code location on one page: what Dagster loads (workspace.yaml)."""

from typing import Any

import dagster as dg

from sync_platform.defs.assets.blaze import blaze_assets
from sync_platform.defs.assets.crm import crm_assets
from sync_platform.defs.assets.cut_over import cut_over_assets
from sync_platform.defs.assets.mx_merchant import mx_merchant_assets
from sync_platform.defs.assets.purchases import import_purchase_files
from sync_platform.defs.checks.derived import derived_values
from sync_platform.defs.checks.gate import gate_checks
from sync_platform.defs.jobs import JOBS
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.schedules import SCHEDULES
from sync_platform.defs.sensors.events import crm_events, mx_merchant_events
from sync_platform.defs.sensors.failures import dead_runs, failed_runs
from sync_platform.defs.sensors.freshness import table_freshness
from sync_platform.defs.sensors.outbox import outbox_messages
from sync_platform.defs.sensors.own_times import crm_packages_own_times
from sync_platform.defs.sensors.purchase_files import purchase_files
from sync_platform.defs.sensors.tenants import tenant_partitions


def build_defs(**overrides: Any) -> dg.Definitions:
    """All definitions; ``overrides`` replace resources by name, for tests."""
    return dg.Definitions(
        assets=[
            *(*blaze_assets(), *mx_merchant_assets(), *crm_assets()),
            *(*cut_over_assets(), import_purchase_files),
        ],
        asset_checks=[*gate_checks(), derived_values],
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=[
            *(tenant_partitions, failed_runs, dead_runs, table_freshness),
            *(mx_merchant_events, crm_events, crm_packages_own_times),
            *(purchase_files, outbox_messages),
        ],
        resources={"platform": PlatformSource()} | overrides,
        executor=dg.in_process_executor,
    )


defs = build_defs()
