"""Jobs: what is launched together. All tables of a vendor go in one run; a run costs seconds before our first line."""

from datetime import UTC, datetime

import dagster as dg

from sync_platform.defs.assets.blaze import asset_key
from sync_platform.defs.assets.cut_over import ANALYTICS, CUT_OVER, PRODUCTION
from sync_platform.defs.audit_jobs import anchor_audit_job
from sync_platform.defs.event_jobs import handle_crm_events, handle_mx_events
from sync_platform.defs.import_jobs import import_purchases, purge_imports_job
from sync_platform.defs.mx_jobs import recategorise
from sync_platform.defs.promotion_jobs import promote_field, roll_back_field
from sync_platform.settings import load_settings

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

sync_mx_merchant = dg.define_asset_job(
    "sync_mx_merchant",
    selection=dg.AssetSelection.groups("mx_merchant"),
    description="Payments of MX Merchant for the chosen days and tenants, with their invoices.",
)

sync_crm = dg.define_asset_job(
    "sync_crm",
    selection=dg.AssetSelection.groups("crm"),
    description="Packages of all profiles of the chosen tenants as the CRM has them now; the day is today.",
)

compare_blaze = dg.define_asset_job(
    "compare_blaze",
    selection=dg.AssetSelection.groups(CUT_OVER, PRODUCTION, ANALYTICS),
    description="Compares production with Blaze, asks the gate of every field, and carries on what is promoted.",
)


@dg.op
def prune_event_log(context: dg.OpExecutionContext) -> None:
    """Delete what the settings do not keep."""
    from sync_platform.defs.pruning import prune  # here: SQLAlchemy and alembic, a fifth of the time of all definitions

    done = prune(context.instance, load_settings().dagster, datetime.now(UTC), delete=True)
    context.log.info(f"{done.logs} log rows and {done.superseded} superseded events deleted")


@dg.job(description="Deletes what Dagster's event log need not keep; see the settings.")
def prune_dagster() -> None:
    """One statement after another; it may run beside everything else."""
    prune_event_log()


JOBS = (
    sync_blaze,
    sync_blaze_sales,
    sync_blaze_products,
    sync_mx_merchant,
    handle_mx_events,
    recategorise,
    sync_crm,
    handle_crm_events,
    compare_blaze,
    promote_field,
    roll_back_field,
    prune_dagster,
    import_purchases,
    purge_imports_job,
    anchor_audit_job,
)
