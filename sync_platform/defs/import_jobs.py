"""Jobs of purchase imports: what waits is imported, and what is old is removed (CSV-16, CSV-17, CSV-20)."""

from datetime import timedelta

import dagster as dg

from sync_platform.core.errors import SyncError
from sync_platform.db.outbox import purge
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.defs.assets.purchases import GROUP
from sync_platform.defs.failures_told import failures_told
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.drop_folder import purge_put_away
from sync_platform.sync.drop_storage import DropStorage
from sync_platform.sync.import_queue import purge_imports
from sync_platform.sync.run_requests import purge as purge_requests

import_purchases = dg.define_asset_job(
    "import_purchases",
    selection=dg.AssetSelection.groups(GROUP),
    description="Imports what waits, where the sensor launched it; else counts and judges what is there.",
)


@dg.op(name="purge_old_imports", description="Deletes files, listed errors, messages, requests that need not be kept.")
def purge_imports_op(context: dg.OpExecutionContext, platform: dg.ResourceParam[PlatformSource]) -> None:
    """Headers of imports and what they brought stay."""
    with platform.open() as opened, failures_told():
        done = purge_imports(opened)
        before = opened.clock() - timedelta(days=opened.settings.imports.keep_days)
        requests = purge_requests(opened)
        messages = put_away = 0
        problem: SyncError | None = None
        for tenant in directory(opened.database, states=ALL_STATES):
            messages += purge(opened.database, tenant.id, before)
        try:
            storage = DropStorage.from_settings(opened.settings)
            for tenant in directory(opened.database, states=ALL_STATES):
                put_away += purge_put_away(opened, storage, tenant)
        except SyncError as error:  # the database's part is done all the same
            problem = error
        context.add_output_metadata(
            {
                "files": done.files,
                "errors": done.errors,
                "files_of_no_import": done.unknown,
                "files_put_away": put_away,
                "messages": messages,
                "requests": requests,
            }
        )
        if problem is not None:
            raise problem


@dg.job(name="purge_imports", description="Files a day after a failure; all else of files, errors, messages after 30.")
def purge_imports_job() -> None:
    """One tenant after another; it may run beside everything else."""
    purge_imports_op()
