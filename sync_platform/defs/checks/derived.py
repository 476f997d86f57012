"""The derived values as an asset check: the view against a second implementation, one result for all tenants."""

import dagster as dg

from sync_platform.defs.assets.cut_over import METRICS
from sync_platform.defs.checks.tenants import tenants_of_check
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.derived_values import SAMPLE, derived_agreement

LISTED = 20


@dg.asset_check(
    asset=METRICS,
    name="derived_values",
    description=f"A second implementation finds the same values for up to {SAMPLE} customers of each tenant.",
)
def derived_values(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[PlatformSource]
) -> dg.AssetCheckResult:
    """DAG-20. A difference is a mistake of ours in the view, or somebody has replaced it."""
    with platform.open() as opened:
        found = [derived_agreement(opened, tenant) for tenant in tenants_of_check(context, opened)]
    rows = [
        dg.TableRecord({"tenant": one.tenant, "customer": member, "differs_in": ", ".join(names)})
        for one in found
        for member, names in one.differing.items()
    ]
    customers = sum(one.customers for one in found)
    metadata: dict[str, dg.MetadataValue] = {"customers": dg.IntMetadataValue(customers)}
    if rows:
        metadata["differences"] = dg.MetadataValue.table(rows[:LISTED])
    remedy = "restore the views with `sync-platform db upgrade --again`"
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(rows)} of {customers} customers differ; {remedy}"
        if rows
        else f"{customers} customers agree",
        metadata=metadata,
    )
