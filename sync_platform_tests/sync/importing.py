"""Purchase files for tests, the way into the ledger, and what is there afterwards."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchRow
from sync_platform.db.pool import Database
from sync_platform.db.purchase_references import Reference, load_skus, load_users
from sync_platform.sandbox.purchase_files import PLAIN, Dialect, write_purchases
from sync_platform.sync.import_options import ImportOptions, ImportResult, OnImportProgress, say_nothing
from sync_platform.sync.import_run import run_batch
from sync_platform.sync.imports import import_file, submit_file
from sync_platform.sync.platform import Platform

USERS = [f"user-{n}" for n in range(1, 41)]
SKUS = [f"sku-{n}" for n in range(1, 21)]
OPTIONS = ImportOptions(uploader="test", file_name="march.csv")
HEADER = "transaction_number,transaction_date,user_id,sku_id,quantity,unit_price"


def load_references(
    database: Database, tenant: Tenant, users: Sequence[str] = USERS, skus: Sequence[str] = SKUS
) -> None:
    """Users and SKUs that files may name."""
    load_users(database, tenant.id, [Reference(one) for one in users])
    load_skus(database, tenant.id, [Reference(one) for one in skus])


def purchase_file(
    lines: int, *, dialect: Dialect = PLAIN, errors: Mapping[int, str] | None = None, **values: Any
) -> bytes:
    """A file of so many lines below its header. ``errors``: line of the file -> what is wrong there."""
    out = io.BytesIO()
    write_purchases(out, lines, USERS, SKUS, dialect=dialect, errors=errors, **values)
    return out.getvalue()


def text_file(*lines: str, header: str = HEADER) -> bytes:
    """A file of these lines."""
    return "\n".join([header, *lines, ""]).encode()


def do_import(
    platform: Platform,
    tenant: Tenant,
    content: bytes,
    options: ImportOptions = OPTIONS,
    on_progress: OnImportProgress = say_nothing,
) -> ImportResult:
    """The whole use case."""
    return import_file(platform, tenant, io.BytesIO(content), options, on_progress)


def in_ledger(database: Database, tenant: Tenant) -> tuple[int, int, int]:
    """Purchases, their lines, messages about them."""
    with database.transaction(tenant.id) as conn:
        row = conn.execute(
            "select (select count(*) from purchases.purchase_ledger),"
            " (select count(*) from purchases.purchase_items_ledger), (select count(*) from platform.outbox)"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def submit(platform: Platform, tenant: Tenant, content: bytes, options: ImportOptions = OPTIONS) -> BatchRow:
    """A file that waits for a worker."""
    return submit_file(platform, tenant, io.BytesIO(content), options).batch


def run(platform: Platform, tenant: Tenant, *arguments: Any, **values: Any) -> ImportResult:
    """One try of one worker, which finds something to do."""
    result = run_batch(platform, tenant, *arguments, **values)
    assert result is not None
    return result


def small(number: int) -> bytes:
    """A file of one line."""
    return text_file(f"T-{number},2026-03-14,user-1,sku-1,2,7.50")
