"""One worker's try at one batch: claimed, done in one transaction, ended exactly once (CSV-03, CSV-11, CSV-13)."""

from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from sync_platform.core.errors import Cancelled, DatabaseUnavailable, InvalidRequest, LedgerUnbalanced, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import refusal
from sync_platform.db.import_batch_row import BatchEnd, BatchRow, Claim
from sync_platform.db.import_batches import claim_batch, clean_up, find_batch, finish_batch, release
from sync_platform.db.import_errors import add_errors, list_errors
from sync_platform.db.purchase_references import find_mapping, save_mapping
from sync_platform.sync.import_files import ImportFiles
from sync_platform.sync.import_options import ImportProgress, ImportResult, OnImportProgress, rules_of, say_nothing
from sync_platform.sync.import_stages import Verdict, Work, read_and_write
from sync_platform.sync.import_watch import ImportStopped, ImportTooLong, ImportWatch
from sync_platform.sync.platform import Platform
from sync_platform.transforms.purchase_file import read_purchases
from sync_platform.transforms.purchase_header import header_hash
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import FileRules

GONE = "the stored file of this import is gone; import the file again"


class _NotToBeKept(Exception):
    """Rolls back what was written: a dry run, or a file with errors."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict


def run_batch(
    platform: Platform, tenant: Tenant, batch_id: int | None = None, on_progress: OnImportProgress = say_nothing
) -> ImportResult | None:
    """Work on a batch that waits or whose worker died; None where there is none or enough run (CSV-17).

    The result is the batch as it is then: completed, failed, or cancelled by somebody. Where the process is asked to
    stop it is left for another worker. Raises DatabaseUnavailable, after which the batch is taken over.
    """
    limits = platform.settings.imports
    claimed = claim_batch(
        platform.database,
        tenant.id,
        lease_seconds=limits.lease_seconds,
        tenant_parallel=limits.tenant_parallel,
        parallel=limits.parallel,
        batch_id=batch_id,
    )
    if claimed is None:
        return None
    batch, claim = claimed
    with suppress(Cancelled):  # somebody else has ended it, or will
        _work(platform, tenant, batch, claim, on_progress)
    ended = find_batch(platform.database, tenant.id, batch.id)
    if ended.state == "completed" and ended.stored_as is not None:
        on_progress(ImportProgress(batch.id, "cleanup", ended.rows, ended.rows, ended.rows))
        ImportFiles(platform.settings).remove(ended.stored_as)
        clean_up(platform.database, tenant.id, batch.id)
        ended = find_batch(platform.database, tenant.id, batch.id)
    errors = list_errors(platform.database, tenant.id, batch.id, limit=limits.listed_errors) if ended.errors else []
    return ImportResult(ended, errors=tuple(errors))


def _work(platform: Platform, tenant: Tenant, batch: BatchRow, claim: Claim, on_progress: OnImportProgress) -> None:
    """Ends the batch, or leaves it to be taken over. Raises Cancelled where it is no longer ours."""
    try:
        _watched(platform, tenant, batch, claim, on_progress)
    except ImportStopped:
        # only when the watch has ended: a last sign of life would keep the batch from the next worker
        release(platform.database, claim)


def _watched(platform: Platform, tenant: Tenant, batch: BatchRow, claim: Claim, on_progress: OnImportProgress) -> None:
    with ImportWatch(platform, claim, on_progress) as watch:
        try:
            verdict = _tried(platform, tenant, batch, claim, watch)
        except (ImportStopped, DatabaseUnavailable, Cancelled):
            raise
        except (ImportTooLong, Refused, LedgerUnbalanced, InvalidRequest) as error:
            verdict = Verdict(0, problem=str(error))
        except FileNotFoundError:
            verdict = Verdict(0, problem=GONE)
        except psycopg.Error as error:
            verdict = Verdict(0, problem=f"PostgreSQL refused it: {refusal(error)}; nothing was written")
        except Exception as error:  # a bug: the batch ends, and whoever started it hears of it
            problem = f"internal error ({type(error).__name__}); nothing was written"
            _end(platform, batch, claim, watch, Verdict(0, problem=problem))
            raise
        if verdict.inserted is None or batch.dry_run:
            _end(platform, batch, claim, watch, verdict)


def _tried(platform: Platform, tenant: Tenant, batch: BatchRow, claim: Claim, watch: ImportWatch) -> Verdict:
    """What the file came to. A success is committed; of anything else nothing is kept."""
    rules = rules_of(batch, tenant, platform.settings.imports)
    work = Work(
        batch.id,
        lambda: ImportFiles(platform.settings).open(str(batch.stored_as)),
        rules,
        _mapping(platform, batch, rules),
        batch.mode,
        batch.tolerance,
        batch.arrival_day,
        platform.settings.imports.function_lines,
    )

    def write(conn: Connection[Any]) -> Verdict:
        watch.go_on()  # this may be a repetition
        with watch.working_on(conn):
            verdict = read_and_write(conn, work, watch)
            if verdict.inserted is None or batch.dry_run:
                raise _NotToBeKept(verdict)
            watch.stage("finishing", verdict.rows)
            watch.hold()
            finish_batch(conn, claim, "completed", verdict.outcome(watch.seconds))
        return verdict

    try:
        return platform.database.run(write, tenant.id)
    except _NotToBeKept as undone:
        return undone.verdict
    except psycopg.errors.QueryCanceled:  # the commit itself
        watch.check()
        raise


def _end(platform: Platform, batch: BatchRow, claim: Claim, watch: ImportWatch, verdict: Verdict) -> None:
    """Write down how a batch ended of which nothing is kept: failed, or a dry run that found nothing wrong."""
    watch.hold()
    state: BatchEnd = "failed" if verdict.inserted is None else "completed"

    def finish(conn: Connection[Any]) -> None:
        finish_batch(conn, claim, state, verdict.outcome(watch.seconds))
        if verdict.errors.listed:
            add_errors(conn, batch.tenant_id, batch.id, verdict.errors.listed)

    platform.database.run(finish, batch.tenant_id)


def _mapping(platform: Platform, batch: BatchRow, rules: FileRules) -> dict[str, str] | None:
    """That of the request, which is remembered for such headers where it fits; else what was remembered (CSV-05)."""
    given: dict[str, str] | None = batch.options.get("mapping")
    found: list[dict[str, str] | None] = [given]

    def find(header: str) -> dict[str, str] | None:
        found[0] = find_mapping(platform.database, batch.tenant_id, header)
        return found[0]

    with suppress(PurchaseFileRefused), ImportFiles(platform.settings).open(str(batch.stored_as)) as stream:
        file = read_purchases(stream, rules, given or find)
        if given and file.columns is not None and not batch.dry_run:
            save_mapping(platform.database, batch.tenant_id, header_hash(file.names), given, batch.uploader)
    return found[0]
