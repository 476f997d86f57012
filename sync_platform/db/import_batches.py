"""Batches of purchase imports: created once per file, claimed by one worker, ended once (CSV-02, CSV-03, CSV-17)."""

from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.errors import Cancelled, InvalidRequest, Refused
from sync_platform.core.principal import Identity
from sync_platform.core.redact import redact_text
from sync_platform.db.import_batch_row import BatchEnd, BatchOutcome, BatchRow, BatchState, Claim, NewBatch, Stage
from sync_platform.db.json_text import storable
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

MAX_LISTED = 1000
_MAX_NAME, _MAX_FILE_NAME, _MAX_UPLOADER, _MAX_PROBLEM = 200, 500, 200, 1000


class UnknownImport(InvalidRequest):
    """The tenant has no import of this number. Another tenant's is as unknown (CSV-31)."""


def create_batch(
    database: Database, tenant_id: UUID, new: NewBatch, *, max_open: int, who: Identity | None = None
) -> tuple[BatchRow, bool]:
    """The batch of a file, and whether it is new: the same file once more is the batch that it has (F-56).

    ``who`` asks: the web role notes it. Raises Refused where ``max_open`` batches of the tenant wait or run (CSV-14).
    """
    values = {
        **asdict(new),
        "tenant": tenant_id,
        "name": storable(new.name)[:_MAX_NAME],
        "file_name": storable(new.file_name)[:_MAX_FILE_NAME],
        "uploader": storable(new.uploader)[:_MAX_UPLOADER],
        "options": Jsonb(new.options),
    }

    def create(conn: Connection[Any]) -> tuple[BatchRow, bool]:
        conn.execute(query("import_batches", "lock_tenant"), values)
        if not new.forced and (same := conn.execute(query("import_batches", "same_file"), values).fetchone()):
            return read_batch(conn, tenant_id, same[0]), False
        opened = conn.execute(query("import_batches", "open"), values).fetchone()
        if opened is not None and opened[0] >= max_open:
            raise Refused(f"{opened[0]} imports of this tenant wait or run; wait until one of them has ended")
        row = conn.execute(query("import_batches", "create"), values).fetchone()
        assert row is not None
        return read_batch(conn, tenant_id, row[0]), True

    if who is None:
        return database.run(create, tenant_id)
    with database.transaction(tenant_id, "sp_web", who=who) as conn:
        return create(conn)


def find_same_file(database: Database, tenant_id: UUID, sha256: str, *, dry_run: bool = False) -> BatchRow | None:
    """The batch that a file has already, unless it was refused or cancelled."""
    values = {"tenant": tenant_id, "sha256": sha256, "dry_run": dry_run}
    with database.transaction(tenant_id) as conn:
        row = conn.execute(query("import_batches", "same_file"), values).fetchone()
        return read_batch(conn, tenant_id, row[0]) if row else None


def claim_batch(
    database: Database,
    tenant_id: UUID,
    *,
    lease_seconds: float,
    tenant_parallel: int,
    parallel: int,
    tries: int = 5,
    batch_id: int | None = None,
) -> tuple[BatchRow, Claim] | None:
    """A batch to work on, of a dead worker first; None where there is none or enough run (CSV-17).

    At most ``tenant_parallel`` run for the tenant and ``parallel`` in all. A batch whose workers died ``tries`` times
    fails. ``batch_id`` asks for this one.
    """
    claim = uuid4()
    values = {
        "tenant": tenant_id,
        "claim": claim,
        "lease_seconds": lease_seconds,
        "tenant_parallel": tenant_parallel,
        "parallel": parallel,
        "tries": tries,
        "batch_id": batch_id,
    }

    def take(conn: Connection[Any]) -> tuple[BatchRow, Claim] | None:
        conn.execute(query("import_batches", "lock_slots"))
        conn.execute(query("import_batches", "free_slots"))
        conn.execute(query("import_batches", "give_up"), values)
        row = conn.execute(query("import_batches", "claim"), values).fetchone()
        if row is None:
            return None
        return read_batch(conn, tenant_id, row[0]), Claim(tenant_id, row[0], claim, lease_seconds)

    return database.run(take, tenant_id)


def progress(
    database: Database, claim: Claim, *, stage: Stage | None = None, done: int | None = None, rows: int = 0
) -> None:
    """Note how far the work is and extend the lease, apart from the transaction of the data.

    ``done`` and ``rows`` count lines: of this stage, and of the file as far as it was read.

    Raises Cancelled when the batch is no longer this worker's.
    """
    values = {**_of(claim), "stage": stage, "done": done, "rows": rows}
    del values["tenant"]  # bound there already
    if database.single(query("import_batches", "progress"), values, claim.tenant_id, durable=False) is None:
        raise Cancelled(_LOST.format(claim.batch_id))


def finish_batch(conn: Connection[Any], claim: Claim, state: BatchEnd, outcome: BatchOutcome) -> None:
    """End a batch in the transaction of its data. Raises Cancelled where it is no longer this worker's: then nothing
    of the transaction may stay.
    """
    values = {
        **_of(claim),
        **asdict(outcome),
        "state": state,
        "stage": "finishing",
        "error_summary": Jsonb(outcome.error_summary),
        "warnings": Jsonb(outcome.warnings),
        "report": Jsonb(outcome.report),
        "problem": None if outcome.problem is None else storable(redact_text(outcome.problem))[:_MAX_PROBLEM],
    }
    if conn.execute(query("import_batches", "finish"), values).fetchone() is None:
        raise Cancelled(_LOST.format(claim.batch_id))


def cancel_batch(database: Database, tenant_id: UUID, batch_id: int, reason: str = "cancelled on request") -> BatchRow:
    """Cancel a batch that waits or runs: nothing of it will be in the ledger.

    Raises Refused if it has ended, UnknownImport if there is none.
    """
    values = {"tenant": tenant_id, "batch_id": batch_id, "reason": storable(redact_text(reason))[:_MAX_PROBLEM]}

    def cancel(conn: Connection[Any]) -> tuple[bool, BatchRow]:
        cancelled = conn.execute(query("import_batches", "cancel"), values).fetchone()
        return cancelled is not None, read_batch(conn, tenant_id, batch_id)

    cancelled, batch = database.run(cancel, tenant_id)
    if not cancelled:
        raise Refused(f"import {batch_id} has ended ({batch.state}); nothing to cancel")
    return batch


def release(database: Database, claim: Claim) -> None:
    """Leave a batch to the next worker at once, without waiting for the lease to run out."""
    database.run(lambda conn: conn.execute(query("import_batches", "release"), _of(claim)), claim.tenant_id)


def stored_names(database: Database, tenant_id: UUID) -> set[str]:
    """Of all files that a batch of the tenant still has."""
    with database.transaction(tenant_id) as conn:
        return {str(row[0]) for row in conn.execute(query("import_batches", "stored_names"), {"tenant": tenant_id})}


def clean_up(database: Database, tenant_id: UUID, batch_id: int) -> None:
    """Note that the file of a batch that has ended is removed (CSV-16)."""
    values = {"tenant": tenant_id, "batch_id": batch_id}
    database.run(lambda conn: conn.execute(query("import_batches", "clean_up"), values), tenant_id)


def find_batch(database: Database, tenant_id: UUID, batch_id: int) -> BatchRow:
    """Raises UnknownImport if the tenant has no such batch."""
    with database.transaction(tenant_id) as conn:
        return read_batch(conn, tenant_id, batch_id)


def list_batches(
    database: Database, tenant_id: UUID, *, limit: int = 50, state: BatchState | None = None, before: int | None = None
) -> list[BatchRow]:
    """Newest first, at most 1,000; ``before`` goes on after the last id of a page."""
    with database.transaction(tenant_id) as conn:
        return read_batches(conn, tenant_id, limit=limit, state=state, before=before)


def read_batches(
    conn: Connection[Any], tenant_id: UUID, *, limit: int, state: BatchState | None, before: int | None
) -> list[BatchRow]:
    """``list_batches`` in the transaction of who asks."""
    values = {"tenant": tenant_id, "state": state, "before": before, "limit": max(1, min(limit, MAX_LISTED))}
    return conn.cursor(row_factory=class_row(BatchRow)).execute(query("import_batches", "newest"), values).fetchall()


def waiting_batches(database: Database, tenant_id: UUID) -> tuple[int, int]:
    """How many a worker may take, and how many run."""
    with database.transaction(tenant_id) as conn:
        row = conn.execute(query("import_batches", "waiting"), {"tenant": tenant_id}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


_LOST = "import {} was cancelled or taken over; nothing of this try was written"


def _of(claim: Claim) -> dict[str, Any]:
    return {
        "tenant": claim.tenant_id,
        "batch_id": claim.batch_id,
        "claim": claim.token,
        "lease_seconds": claim.lease_seconds,
    }


def read_batch(conn: Connection[Any], tenant_id: UUID, batch_id: int) -> BatchRow:
    """``find_batch`` in the transaction of who asks."""
    values = {"tenant": tenant_id, "batch_id": batch_id}
    batch = conn.cursor(row_factory=class_row(BatchRow)).execute(query("import_batches", "find"), values).fetchone()
    if batch is None:
        raise UnknownImport(f"this tenant has no import {batch_id}; `sync-platform import list` shows them")
    return batch
