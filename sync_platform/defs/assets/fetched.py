"""The asset of a fetch: one step that fills all its tables, by day and tenant."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.assets.passes import sync_partitions
from sync_platform.defs.checks.synced import check_specs
from sync_platform.defs.metadata import column_schema
from sync_platform.defs.partitions import DAY_TENANT
from sync_platform.defs.resources import PlatformSource

# One run per slice of a backfill: the body merges days into windows, whatever the slice.
BACKFILL = dg.BackfillPolicy.single_run()


def fetched(fetch: Fetch) -> dg.AssetsDefinition:
    """The tables of a fetch as assets with their checks."""

    @dg.multi_asset(
        name=fetch.name,
        specs=[_spec(fetch, table) for table in fetch.tables],
        check_specs=[spec for key in fetch.assets.values() for spec in check_specs(key)],
        partitions_def=DAY_TENANT,
        backfill_policy=BACKFILL,
        pool=fetch.pool,
        can_subset=True,  # a page may leave the checks out of its selection
        op_tags={"dagster/priority": str(fetch.priority)},
    )
    def sync(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[PlatformSource]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        yield from sync_partitions(context, platform, fetch)

    return sync


def _spec(fetch: Fetch, table: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        fetch.key(table),
        group_name=fetch.source,
        kinds={"postgres"},
        owners=["team:data-platform"],
        code_version="1",
        description=fetch.tables[table],
        metadata={
            "dagster/table_name": f"{fetch.source}.{table}",
            "dagster/column_schema": column_schema(fetch.targets[table]),
        },
    )
