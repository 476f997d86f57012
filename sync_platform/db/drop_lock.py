"""One worker at a time in a tenant's drop folder, also where the storage cannot rename at once (CSV-18)."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sync_platform.db.pool import Database
from sync_platform.db.queries import query


@contextmanager
def drop_lock(database: Database, tenant_id: UUID) -> Iterator[bool]:
    """Held until the block ends or its worker dies; false where another worker has it."""
    with database.transaction(tenant_id) as conn:
        row = conn.execute(query("drop_folder", "lock"), {"tenant": tenant_id}).fetchone()
        yield bool(row and row[0])
