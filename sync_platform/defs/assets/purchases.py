"""The assets of purchase imports, by day of arrival and tenant (DAG-01, CSV-17, CSV-18).

A run that the sensor launched imports what waits for its tenant and records the days that this touched. Any other run
imports nothing: it counts what is there and judges it again. So a backfill repeats no import.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg

from sync_platform.core.errors import ConfigurationError, VendorUnavailable
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batches import find_batch
from sync_platform.db.tenants import directory
from sync_platform.defs.assets.fetched import BACKFILL
from sync_platform.defs.assets.work import not_active
from sync_platform.defs.checks.purchases import purchase_check_results, purchase_check_specs
from sync_platform.defs.error_chart import error_chart
from sync_platform.defs.failures_told import failures_told
from sync_platform.defs.metadata import sample_table
from sync_platform.defs.partitions import DAY_TENANT, PartitionKey, by_tenant
from sync_platform.defs.recorder import NO_EVENTS_OF_ITS_OWN, Recorder
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.drop_folder import work_through
from sync_platform.sync.drop_storage import DropStorage
from sync_platform.sync.import_options import ImportResult
from sync_platform.sync.import_quality import ITEMS, PURCHASES, DayOfImports, days_of_imports
from sync_platform.sync.import_queue import run_waiting
from sync_platform.sync.outbox import deliver_after
from sync_platform.sync.platform import Platform

GROUP = "purchases"
#: On runs that are to import: what they were launched for.
WORK_TAG = "sync_platform/import_work"
ASSETS = {table: dg.AssetKey([GROUP, table]) for table in (PURCHASES, ITEMS)}
_TEXTS = {
    PURCHASES: "Purchases out of CSV files, by the tenant's day on which they arrived.",
    ITEMS: "Lines of those purchases.",
}


@dg.multi_asset(
    name="import_purchase_files",
    specs=[
        dg.AssetSpec(
            key,
            group_name=GROUP,
            kinds={"postgres", "csv"},
            owners=["team:data-platform"],
            code_version="1",
            description=_TEXTS[table],
            metadata={"dagster/table_name": f"{GROUP}.{table}"},
        )
        for table, key in ASSETS.items()
    ],
    check_specs=[spec for table, key in ASSETS.items() for spec in purchase_check_specs(key, table)],
    partitions_def=DAY_TENANT,
    backfill_policy=BACKFILL,
    can_subset=True,
)
def import_purchase_files(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[PlatformSource]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
    """One step fills both tables."""
    days = by_tenant(PartitionKey.parse(key) for key in context.partition_keys)
    with platform.open() as opened:
        tenants = {tenant.slug: tenant for tenant in directory(opened.database)}
        if unknown := sorted(set(days) - set(tenants)):
            raise dg.Failure("; ".join(map(not_active, unknown)), allow_retries=False)
        due = {tenants[slug]: set(own) for slug, own in days.items()}
        recorders = {table: Recorder(context, key) for table, key in ASSETS.items()}
        try:
            if WORK_TAG in context.run.tags:
                for tenant, own in due.items():
                    own |= _import(context, opened, tenant)
            for tenant, own in due.items():
                _record(opened, tenant, sorted(own), recorders)
        finally:
            for recorder in recorders.values():
                recorder.flush()
        judged = {tenant: sorted(own) for tenant, own in due.items()}
        yield from purchase_check_results(opened, ASSETS, judged, context.selected_asset_check_keys)
    for asset in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=asset, metadata=NO_EVENTS_OF_ITS_OWN)


def _import(context: dg.AssetExecutionContext, platform: Platform, tenant: Tenant) -> set[date]:
    """The days of arrival of what was imported. A file with errors is its sender's matter, not a failure of the run."""
    with failures_told():
        try:
            storage = DropStorage.from_settings(platform.settings)
            results, away = work_through(platform, storage, tenant)
        except (ConfigurationError, VendorUnavailable) as error:  # what is stored here does not wait for it
            context.log.warning(f"{tenant.slug}: {error}")
            results, away = run_waiting(platform, tenant), []
        _tell(context, platform, tenant, results)
        for result in results:
            batch = result.batch
            context.log.info(
                f"{tenant.slug}: import {batch.id} {batch.state}, {batch.rows} lines, {batch.purchases} purchases,"
                f" {batch.errors} errors"
            )
        days = {result.batch.arrival_day for result in results}
        for batch_id in {one.batch for one in away if one.batch is not None}:
            days.add(find_batch(platform.database, tenant.id, batch_id).arrival_day)
        return days


def _tell(
    context: dg.AssetExecutionContext, platform: Platform, tenant: Tenant, results: Sequence[ImportResult]
) -> None:
    """Messages leave right after the commit (CSV-19). A target that cannot be used does not undo an import."""
    if any(result.batch.state == "completed" for result in results) and (problem := deliver_after(platform, tenant)):
        context.log.warning(problem)


def _record(platform: Platform, tenant: Tenant, days: Sequence[date], recorders: dict[str, Recorder]) -> None:
    for day, found in days_of_imports(platform, tenant, days).items():
        shown = _shown(found)
        for table, recorder in recorders.items():
            recorder.add(PartitionKey(day, tenant.slug), {**shown, "dagster/partition_row_count": found.rows[table]})


def _shown(found: DayOfImports) -> dict[str, Any]:
    """Numbers, ids and names of rules (DAG-06)."""
    shown: dict[str, Any] = {
        "purchases": found.rows[PURCHASES],
        "items": found.rows[ITEMS],
        "imports": sum(found.batches.values()),
        **{f"imports_{state}": number for state, number in sorted(found.batches.items())},
        "lines_read": found.lines_read,
        "errors": sum(found.errors.values()),
        "purchases_skipped": found.skipped,
        "purchases_unchanged": found.unchanged,
    }
    if found.errors:
        shown["errors_by_rule"] = error_chart(found.errors)
    if found.preview:
        shown["preview"] = sample_table(found.preview)
    return shown
