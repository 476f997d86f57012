"""The assets of a cut-over, by tenant: comparison, production that follows staging, and what people read."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.db.field_map import SCHEMA, field_map
from sync_platform.defs.assets.blaze import BLAZE, asset_key
from sync_platform.defs.assets.fetched import BACKFILL
from sync_platform.defs.assets.tenant_work import Metadata, work_through_tenants
from sync_platform.defs.assets.work import SCHEDULE_TAG
from sync_platform.defs.comparison_metadata import comparison_metadata, following_metadata
from sync_platform.defs.partitions import TENANT_PARTITIONS
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.comparison import compare
from sync_platform.sync.following import follow
from sync_platform.sync.platform import Platform
from sync_platform.sync.production import customer_classes, production_rows

CUT_OVER, PRODUCTION, ANALYTICS = "cut_over", "production", "analytics"

WorkOfRun = Callable[[dg.DagsterRun, Platform, Tenant], Metadata]

# what a person bought decides values of the person; lines take shop and day from their receipt
ALSO_READ = {"customers": ("transactions",), "transaction_items": ("transactions",)}

# A step asks for all keys above it. Of days and tenants these are as many as the grid has cells. Of 300 tenants and a
# year, this mapping lists them once per process, in 2 s; the one by tenant makes them anew for each step, in 6 s.
ALL_DAYS = dg.AllPartitionMapping()

METRICS = dg.AssetKey([ANALYTICS, "customer_metrics"])


def comparison_key(table: str) -> dg.AssetKey:
    """``analytics/customers_comparison``: the key is the view."""
    return dg.AssetKey([ANALYTICS, f"{table}_comparison"])


def production_key(table: str) -> dg.AssetKey:
    """``public/customers``."""
    return dg.AssetKey([SCHEMA, table])


def _build(
    key: dg.AssetKey, group: str, text: str, deps: Sequence[dg.AssetDep], work: WorkOfRun
) -> dg.AssetsDefinition:
    spec = dg.AssetSpec(
        key,
        deps=deps,
        group_name=group,
        kinds={"postgres"},
        owners=["team:data-platform"],
        code_version="1",
        description=text,
        metadata={"dagster/table_name": ".".join(key.path)},
    )

    @dg.multi_asset(name="_".join(key.path), specs=[spec], partitions_def=TENANT_PARTITIONS, backfill_policy=BACKFILL)
    def body(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[PlatformSource]
    ) -> dg.MaterializeResult[Any]:
        return work_through_tenants(context, platform, partial(work, context.run))

    return body


def _comparison(table: str) -> dg.AssetsDefinition:
    def work(run: dg.DagsterRun, platform: Platform, tenant: Tenant) -> Metadata:
        actor = run.tags.get(SCHEDULE_TAG, "dagster")
        (result,) = compare(platform, tenant, [table], actor=actor, dagster_run_id=run.run_id)
        return comparison_metadata(result)

    deps = [dg.AssetDep(asset_key(name), partition_mapping=ALL_DAYS) for name in (table, *ALSO_READ.get(table, ()))]
    text = f"{SCHEMA}.{table} and {BLAZE}.{table} side by side, field by field."
    return _build(comparison_key(table), CUT_OVER, text, deps, work)


def _production(table: str) -> dg.AssetsDefinition:
    def work(_: dg.DagsterRun, platform: Platform, tenant: Tenant) -> Metadata:
        return following_metadata(follow(platform, tenant, [table]), production_rows(platform, tenant, table))

    text = f"What the shop works with. Promoted fields follow {BLAZE}.{table}; all others stay as they are."
    return _build(production_key(table), PRODUCTION, text, [dg.AssetDep(comparison_key(table))], work)


def _metrics() -> dg.AssetsDefinition:
    def work(_: dg.DagsterRun, platform: Platform, tenant: Tenant) -> Metadata:
        return customer_classes(platform, tenant)

    deps = [dg.AssetDep(production_key(table)) for table in ("customers", "transactions")]
    text = "Lifetime value, visits, risk and importance of each customer: a view over production."
    return _build(METRICS, ANALYTICS, text, deps, work)


def cut_over_assets() -> Sequence[dg.AssetsDefinition]:
    """Comparison and production of every table of the field map, and what is derived from them."""
    return [*map(_comparison, field_map()), *map(_production, field_map()), _metrics()]
