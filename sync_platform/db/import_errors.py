"""The listed errors of a batch, the files that are left of it, and their purge (CSV-12, CSV-16, CSV-20)."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.import_batch_row import BatchError
from sync_platform.db.json_text import storable_json
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

_MAX_JSON = 200 * 1024 * 1024


def add_errors(conn: Connection[Any], tenant_id: UUID, batch_id: int, errors: Sequence[BatchError]) -> None:
    """List errors in this order, in the transaction that ends the batch; without their lines where these are huge."""
    text = storable_json([asdict(error) for error in errors], _MAX_JSON)
    if text is None:
        text = storable_json([{**asdict(error), "raw": None} for error in errors], _MAX_JSON)
    conn.execute(query("import_batches", "add_errors"), {"tenant": tenant_id, "batch_id": batch_id, "errors": text})


def list_errors(database: Database, tenant_id: UUID, batch_id: int, *, limit: int = 1000) -> list[BatchError]:
    """The first errors of a batch, in the order in which they were listed."""
    values = {"tenant": tenant_id, "batch_id": batch_id, "limit": limit}
    with database.transaction(tenant_id) as conn:
        rows = conn.cursor(row_factory=class_row(BatchError))
        return rows.execute(query("import_batches", "errors"), values).fetchall()


def read_errors(conn: Connection[Any], tenant_id: UUID, batch_id: int, *, limit: int) -> list[BatchError]:
    """``list_errors`` in the transaction of who asks, without the cells of lines: the web role does not read them."""
    values = {"tenant": tenant_id, "batch_id": batch_id, "limit": limit}
    rows = conn.cursor(row_factory=class_row(BatchError))
    return rows.execute(query("import_batches", "errors_without_cells"), values).fetchall()


def stored_files(database: Database, tenant_id: UUID, before: datetime) -> list[tuple[int, str, str]]:
    """Id, name of the stored file and state of batches that ended before."""
    with database.transaction(tenant_id) as conn:
        rows = conn.execute(query("import_batches", "with_files"), {"tenant": tenant_id, "before": before})
        return [(int(batch_id), str(name), str(state)) for batch_id, name, state in rows]


def purge_errors(database: Database, tenant_id: UUID, *, before: datetime, now: datetime) -> int:
    """Remove the errors of batches that ended before; their number. The header stays (CSV-20)."""
    values = {"tenant": tenant_id, "before": before, "now": now}
    return database.run(lambda conn: conn.execute(query("import_batches", "purge_errors"), values).rowcount, tenant_id)
