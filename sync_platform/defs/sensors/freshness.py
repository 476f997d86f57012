"""Finds tenants that stopped syncing, whatever runs or does not run (DAG-11, OPS-02)."""

import time

import dagster as dg

from sync_platform.db.tenants import directory
from sync_platform.defs.assets.blaze import ASSETS, asset_key
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.quality import Finding, Scope, judge

SECONDS = 8.0  # a tick has to end within 10 s (DAG-11)
LISTED = 50


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def blaze_freshness(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]
) -> dg.SensorResult | dg.SkipReason:
    """Reports the ``freshness`` check of each table over all active tenants, failing with the names of stale ones."""
    started = time.monotonic()
    found: dict[str, list[Finding]] = {}
    with platform.open() as opened:
        tenants = directory(opened.database)
        today = opened.clock().date()
        for table in (table for asset in ASSETS for table in asset.tables):
            found[table] = []
            for tenant in tenants:
                if time.monotonic() - started > SECONDS:
                    return dg.SkipReason(f"{len(tenants)} tenants are too many for one tick; nothing was judged")
                found[table] += judge(opened, Scope(tenant, table, today, today, None), ("freshness",))
    if not tenants:
        return dg.SkipReason("there is no active tenant")
    return dg.SensorResult(asset_events=[_evaluation(table, findings) for table, findings in found.items()])


def _evaluation(table: str, findings: list[Finding]) -> dg.AssetCheckEvaluation:
    stale = [finding for finding in findings if not finding.passed]
    rows = [dg.TableRecord({"tenant": f.tenant, "finding": f.detail}) for f in stale[:LISTED]]
    return dg.AssetCheckEvaluation(
        asset_key=asset_key(table),
        check_name="freshness",
        passed=not stale,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"tenants": len(findings), "failing": len(stale)}
        | ({"findings": dg.MetadataValue.table(rows)} if rows else {}),
    )
