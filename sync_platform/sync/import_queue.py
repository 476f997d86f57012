"""Imports that wait for a worker, and what is left of those that ended (CSV-16, CSV-17, CSV-20)."""

from dataclasses import dataclass
from datetime import timedelta

from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batches import clean_up, stored_names, waiting_batches
from sync_platform.db.import_errors import purge_errors, stored_files
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.import_files import ImportFiles
from sync_platform.sync.import_options import ImportResult, OnImportProgress, say_nothing
from sync_platform.sync.import_run import run_batch
from sync_platform.sync.platform import Platform


def tenants_with_waiting_imports(platform: Platform) -> list[Tenant]:
    """Active tenants of which a worker may take a batch now: one waits, or its worker died, and not enough run."""
    parallel = platform.settings.imports.tenant_parallel
    found = []
    for tenant in directory(platform.database):
        waiting, running = waiting_batches(platform.database, tenant.id)
        if waiting and running < parallel:
            found.append(tenant)
    return found


def run_waiting(platform: Platform, tenant: Tenant, on_progress: OnImportProgress = say_nothing) -> list[ImportResult]:
    """Work on a tenant's batches one after the other, until none may be taken or the process is asked to stop."""
    results: list[ImportResult] = []
    while not platform.stopping.is_set() and (result := run_batch(platform, tenant, on_progress=on_progress)):
        results.append(result)
    return results


@dataclass(frozen=True)
class Purged:
    """``files`` that were removed, ``errors`` of old batches, and ``unknown`` files that no batch had."""

    files: int
    errors: int
    unknown: int


def purge_imports(platform: Platform) -> Purged:
    """Remove files of imports that succeeded, of others after a day, and listed errors after 30 (settings).

    Headers of batches stay.
    """
    limits, now, files = platform.settings.imports, platform.clock(), ImportFiles(platform.settings)
    failed_before = now - timedelta(hours=limits.keep_failed_hours)
    removed = errors = 0
    known = set[str]()
    for tenant in directory(platform.database, states=ALL_STATES):
        of_failed = {batch_id for batch_id, *_ in stored_files(platform.database, tenant.id, failed_before)}
        for batch_id, name, state in stored_files(platform.database, tenant.id, now):
            if state == "completed" or batch_id in of_failed:
                files.remove(name)
                clean_up(platform.database, tenant.id, batch_id)
                removed += 1
        errors += purge_errors(platform.database, tenant.id, before=now - timedelta(days=limits.keep_days), now=now)
        known |= stored_names(platform.database, tenant.id)
    # whoever is storing a file now has no batch yet
    unknown = files.remove_unknown(known, min(failed_before, now - timedelta(hours=1)))
    return Purged(removed, errors, unknown)
