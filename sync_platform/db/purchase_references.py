"""What purchases refer to, the tenant's users and SKUs, and how its files name their columns (CSV-05, CSV-08)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from sync_platform.db.copy_text import copy_chunks, copy_line
from sync_platform.db.json_text import storable
from sync_platform.db.pool import Database
from sync_platform.db.queries import query


@dataclass(frozen=True)
class Reference:
    """A user or a SKU; one that is not active can buy or be sold no more."""

    id: str
    name: str | None = None
    active: bool = True


def load_users(database: Database, tenant_id: UUID, users: Iterable[Reference]) -> int:
    """Add or correct users; how many were new or different. Those that are not named stay as they are."""
    return _load(database, tenant_id, "load_users", users)


def load_skus(database: Database, tenant_id: UUID, skus: Iterable[Reference]) -> int:
    """The same for SKUs."""
    return _load(database, tenant_id, "load_skus", skus)


def active_users(database: Database, tenant_id: UUID, limit: int) -> list[str]:
    """Some ids, for a template or a sample file."""
    return _some(database, tenant_id, "some_users", limit)


def active_skus(database: Database, tenant_id: UUID, limit: int) -> list[str]:
    """Some ids, for a template or a sample file."""
    return _some(database, tenant_id, "some_skus", limit)


def save_mapping(database: Database, tenant_id: UUID, header_hash: str, mapping: Mapping[str, str], actor: str) -> None:
    """Remember which of a file's columns is which of ours; ``header_hash`` is the SHA-256 of its headers."""
    values = {"tenant": tenant_id, "header_hash": header_hash, "mapping": Jsonb(dict(mapping)), "actor": actor}
    database.run(lambda conn: conn.execute(query("purchase_references", "save_mapping"), values), tenant_id)


def find_mapping(database: Database, tenant_id: UUID, header_hash: str) -> dict[str, str] | None:
    """What was remembered for these headers."""
    values = {"tenant": tenant_id, "header_hash": header_hash}
    with database.transaction(tenant_id) as conn:
        row = conn.execute(query("purchase_references", "find_mapping"), values).fetchone()
    return None if row is None else dict(row[0])


def _load(database: Database, tenant_id: UUID, name: str, references: Iterable[Reference]) -> int:
    # read once and before the transaction, which may have to be repeated
    lines = [copy_line((r.id.strip(), None if r.name is None else storable(r.name), r.active)) for r in references]

    def load(conn: Connection[Any]) -> int:
        conn.execute(query("purchase_references", "create_staging"))
        with conn.cursor().copy(query("purchase_references", "copy")) as copy:
            for chunk in copy_chunks(lines):
                copy.write(chunk)
        return conn.execute(query("purchase_references", name), {"tenant": tenant_id}).rowcount

    return database.run(load, tenant_id)


def _some(database: Database, tenant_id: UUID, name: str, limit: int) -> list[str]:
    with database.transaction(tenant_id) as conn:
        rows = conn.execute(query("purchase_references", name), {"tenant": tenant_id, "limit": limit})
        return [str(row[0]) for row in rows]
