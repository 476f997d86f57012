"""The assets of Blaze: customers, transactions with their items, and products, by day and tenant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from sync_platform.db.blaze_tables import TABLES
from sync_platform.defs.assets.passes import sync_partitions
from sync_platform.defs.checks.blaze import check_specs
from sync_platform.defs.metadata import column_schema
from sync_platform.defs.partitions import DAY_TENANT
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.request import Entity

GROUP = "blaze"
POOL = "blaze_api"

# One run per slice of a backfill: the body merges days into windows, whatever the slice.
BACKFILL = dg.BackfillPolicy.single_run()


@dataclass(frozen=True)
class BlazeAsset:
    """One row per fetch: the entity that is read and the tables it fills. ``priority`` orders the steps of a run."""

    entity: Entity
    tables: tuple[str, ...]
    description: str
    priority: int


ASSETS = (
    # lines take flower type and strain from products, but a failing product must not stop a receipt: no dependency
    BlazeAsset("products", ("products",), "Products as Blaze has them, by day of their last change.", 3),
    BlazeAsset("customers", ("customers",), "Members as Blaze has them, by day of their last change.", 2),
    BlazeAsset(
        "transactions",
        ("transactions", "transaction_items"),
        "Receipts and their lines as Blaze has them, by day of completion.",
        1,
    ),
)


def asset_key(table: str) -> dg.AssetKey:
    """``blaze/customers``: the key is the table."""
    return dg.AssetKey([GROUP, table])


def _spec(asset: BlazeAsset, table: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(table),
        group_name=GROUP,
        kinds={"postgres"},
        owners=["team:data-platform"],
        code_version="1",
        description=asset.description,
        metadata={"dagster/table_name": f"{GROUP}.{table}", "dagster/column_schema": column_schema(TABLES[table])},
    )


def _build(asset: BlazeAsset) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"blaze_{asset.entity}",
        specs=[_spec(asset, table) for table in asset.tables],
        check_specs=[spec for table in asset.tables for spec in check_specs(asset_key(table), table)],
        partitions_def=DAY_TENANT,
        backfill_policy=BACKFILL,
        pool=POOL,
        can_subset=True,  # a page may leave the checks out of its selection
        op_tags={"dagster/priority": str(asset.priority)},
    )
    def sync(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[PlatformSource]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        yield from sync_partitions(context, platform, asset.entity, {t: asset_key(t) for t in asset.tables})

    return sync


def blaze_assets() -> Sequence[dg.AssetsDefinition]:
    """All assets of this vendor."""
    return [_build(asset) for asset in ASSETS]
