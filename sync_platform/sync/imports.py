"""Purchase files from whoever brings them into the ledger, all or nothing: one use case for all ways in (CSV-02)."""

from datetime import timedelta
from typing import BinaryIO

from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchRow, NewBatch
from sync_platform.db.import_batches import cancel_batch, clean_up, create_batch, find_batch
from sync_platform.db.import_errors import list_errors
from sync_platform.sync.import_files import ImportFiles, StoredFile
from sync_platform.sync.import_options import (
    OPEN,
    ImportOptions,
    ImportProgress,
    ImportResult,
    OnImportProgress,
    limits_of,
    say_nothing,
)
from sync_platform.sync.import_run import run_batch
from sync_platform.sync.platform import Platform
from sync_platform.transforms.purchase_header import saved_mapping

ASK_AGAIN = 0.5  # seconds between two looks at a batch that another worker has, or that waits for its turn


def import_file(
    platform: Platform,
    tenant: Tenant,
    source: BinaryIO,
    options: ImportOptions,
    on_progress: OnImportProgress = say_nothing,
) -> ImportResult:
    """Import a file here and now. Waits for its turn, and for another worker that has it; see ``submit_file``."""
    submitted = submit_file(platform, tenant, source, options)
    return follow_batch(platform, tenant, submitted, on_progress)


def submit_file(platform: Platform, tenant: Tenant, source: BinaryIO, options: ImportOptions) -> ImportResult:
    """Store a file and let it wait for a worker. The same file once more is the batch that it has (CSV-30).

    Raises PurchaseFileRefused for what is too large or no text, Refused where too many imports of the tenant are open,
    InvalidRequest for a mapping to columns that do not exist.
    """
    saved_mapping(options.reading.mapping, ())
    files = ImportFiles(platform.settings)
    stored = files.store(source, limits_of(tenant, platform.settings.imports).max_bytes)
    return submit_stored(platform, tenant, stored, options)


def submit_stored(
    platform: Platform, tenant: Tenant, stored: StoredFile, options: ImportOptions, who: Identity | None = None
) -> ImportResult:
    """``submit_file`` for a file that is stored; removed where no batch is made of it. ``who`` brings it."""
    limits, files = platform.settings.imports, ImportFiles(platform.settings)
    batch: BatchRow | None = None
    try:
        saved_mapping(options.reading.mapping, ())
        files.refuse_binary(stored.name, limits_of(tenant, limits))
        new = NewBatch(
            file_name=options.file_name,
            sha256=stored.sha256,
            bytes=stored.bytes,
            uploader=options.uploader,
            arrival_day=platform.clock().astimezone(tenant.zone).date(),
            stored_as=stored.name,
            name=options.name,
            mode=options.mode,
            allow_returns=options.allow_returns,
            tolerance=limits.tolerance,
            dry_run=options.dry_run,
            forced=options.force,
            options=options.reading.as_json(),
        )
        batch, created = create_batch(platform.database, tenant.id, new, max_open=limits.max_open_batches, who=who)
    finally:
        if batch is None or batch.stored_as != stored.name:
            files.remove(stored.name)
    return import_result(platform, tenant, batch.id, new=created)


def follow_batch(
    platform: Platform, tenant: Tenant, submitted: ImportResult, on_progress: OnImportProgress = say_nothing
) -> ImportResult:
    """Work on a batch as soon as it may run, or watch another worker do it, until it has ended.

    Waits as long as one import may take and a lease lasts; then the batch is returned as it is.
    """
    limits = platform.settings.imports
    until = platform.clock() + timedelta(minutes=limits.deadline_minutes, seconds=limits.lease_seconds)
    batch = submitted.batch
    if batch.state == "pending":
        on_progress(ImportProgress(batch.id, "received"))
    told = ImportProgress(batch.id, "received")
    while batch.state in OPEN and not platform.stopping.is_set() and platform.clock() < until:
        if (result := run_batch(platform, tenant, batch.id, on_progress)) is not None:
            batch = result.batch
            continue
        platform.sleep(ASK_AGAIN)
        batch = find_batch(platform.database, tenant.id, batch.id)
        now = ImportProgress(batch.id, batch.stage, batch.done, batch.rows)
        if now != told:
            on_progress(now)
            told = now
    return import_result(platform, tenant, batch.id, new=submitted.new)


def cancel_import(
    platform: Platform, tenant: Tenant, batch_id: int, reason: str = "cancelled on request"
) -> ImportResult:
    """Nothing of a batch that waits or runs will be in the ledger; its file is removed.

    Raises Refused if it has ended, InvalidRequest if there is none.
    """
    batch = cancel_batch(platform.database, tenant.id, batch_id, reason)
    remove_file(platform, batch)
    return import_result(platform, tenant, batch_id)


def import_result(platform: Platform, tenant: Tenant, batch_id: int, *, new: bool = True) -> ImportResult:
    """A batch as it is now, with its listed errors. Raises InvalidRequest."""
    batch = find_batch(platform.database, tenant.id, batch_id)
    limit = platform.settings.imports.listed_errors
    errors = list_errors(platform.database, tenant.id, batch_id, limit=limit) if batch.errors else []
    return ImportResult(batch, new, tuple(errors))


def remove_file(platform: Platform, batch: BatchRow) -> None:
    """Remove the stored file of a batch that has ended."""
    if batch.stored_as is not None:
        ImportFiles(platform.settings).remove(batch.stored_as)
        clean_up(platform.database, batch.tenant_id, batch.id)
