"""Jobs: what is launched together. All tables of a vendor go in one run; a run costs seconds before our first line."""

import dagster as dg

from sync_platform.defs.assets.blaze import asset_key
from sync_platform.defs.pruning import prune_dagster

sync_blaze = dg.define_asset_job(
    "sync_blaze",
    selection=dg.AssetSelection.groups("blaze"),
    description="Everything of Blaze for the chosen days and tenants.",
)

sync_blaze_sales = dg.define_asset_job(
    "sync_blaze_sales",
    selection=dg.AssetSelection.assets(*map(asset_key, ("customers", "transactions", "transaction_items"))),
    description="Members and receipts of the open days.",
)

sync_blaze_products = dg.define_asset_job(
    "sync_blaze_products",
    selection=dg.AssetSelection.assets(asset_key("products")),
    description="Products that changed.",
)

JOBS = (sync_blaze, sync_blaze_sales, sync_blaze_products, prune_dagster)
