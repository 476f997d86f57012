"""Invented purchase lines, and the way they take through staging and checks into the ledger."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sync_platform.core.purchase_fields import STAGED
from sync_platform.db.import_batch_row import BatchRow, NewBatch
from sync_platform.db.import_batches import create_batch
from sync_platform.db.pool import Database
from sync_platform.db.purchase_references import Reference, load_skus, load_users
from sync_platform.db.purchases import Inserted, Through, insert_purchases
from sync_platform.db.purchases_staging import (
    StagedErrors,
    copy_lines,
    create_staging,
    existing_numbers,
    group_errors,
    group_lines,
    reference_errors,
)

DAY = date(2026, 3, 14)
WHEN = "2026-03-14T10:02:25+00:00"
_OWN = ["tenant_id", "purchase_id", "batch_id", "run_id", "first_seen_at", "last_seen_at", "last_changed_at"]


def line(number: int, purchase: str = "T-1", /, **values: Any) -> tuple[Any, ...]:
    """A line of the file that is right as it is: 2 x 7.50."""
    whole = {
        "line": number,
        "transaction_number": purchase,
        "transaction_date": WHEN,
        "user_id": "user-1",
        "sku_id": "sku-1",
        "quantity": "2",
        "unit_price": "7.50",
        **values,
    }
    return tuple(whole.get(name) for name in STAGED)


def load_references(database: Database, tenant_id: UUID) -> None:
    """Users 1 to 5 and SKUs 1 to 5; the last of each is not active."""
    ids = range(1, 6)
    load_users(database, tenant_id, [Reference(f"user-{n}", f"User {n}", active=n < 5) for n in ids])
    load_skus(database, tenant_id, [Reference(f"sku-{n}", f"SKU {n}", active=n < 5) for n in ids])


def new_batch(database: Database, tenant_id: UUID, mark: int = 1, /, **values: Any) -> BatchRow:
    """A batch of a file that differs from others by its mark."""
    whole: dict[str, Any] = {
        "file_name": "march.csv",
        "sha256": f"{mark:064x}",
        "bytes": 100,
        "uploader": "test",
        "arrival_day": DAY,
        **values,
    }
    return create_batch(database, tenant_id, NewBatch(**whole), max_open=1000)[0]


def found_errors(
    database: Database, batch: BatchRow, lines: Sequence[tuple[Any, ...]], *, limit: int = 1000
) -> StagedErrors:
    """What the checks say; nothing is written."""
    with database.transaction(batch.tenant_id) as conn:
        create_staging(conn, batch.id)
        copy_lines(conn, lines)
        staged = group_lines(conn)
        errors = group_errors(conn, allow_returns=batch.allow_returns, tolerance=batch.tolerance, limit=limit)
        errors += reference_errors(conn, limit=limit)
        errors += existing_numbers(conn, staged, batch.mode, limit=limit)
        conn.rollback()
    return errors


def write(
    database: Database, batch: BatchRow, lines: Sequence[tuple[Any, ...]], through: Through = "function"
) -> Inserted:
    """Stage and write lines that are right."""
    with database.transaction(batch.tenant_id) as conn:
        create_staging(conn, batch.id)
        copy_lines(conn, lines)
        staged = group_lines(conn)
        return insert_purchases(conn, staged, mode=batch.mode, arrival_day=batch.arrival_day, through=through)


def ledger(database: Database, tenant_id: UUID) -> list[dict[str, Any]]:
    """Purchases by their number, with live lines; without what differs from one run to the next."""
    with database.transaction(tenant_id) as conn:
        rows = conn.execute(
            "select jsonb_build_object('purchase', to_jsonb(p) - %(own)s::text[], 'items', (select jsonb_agg("
            "to_jsonb(i) - %(own)s::text[] order by i.line_no) from purchases.purchase_items_ledger i"
            " where i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id and i.deleted_at is null))"
            " from purchases.purchase_ledger p order by p.purchase_id",
            {"own": _OWN},
        )
        return [row[0] for row in rows]


def outbox(database: Database, tenant_id: UUID) -> list[tuple[str, str, int]]:
    """Subject, change and number of lines, in the order of ids."""
    with database.transaction(tenant_id) as conn:
        rows = conn.execute(
            "select subject, payload ->> 'change', (payload ->> 'lines')::integer from platform.outbox"
            " where topic = 'purchase.imported' order by id"
        )
        return [(str(subject), str(change), int(lines)) for subject, change, lines in rows]
