"""The copy of the CRM's customers as matching reads it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.db.queries import query


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the CRM. ``customer_id`` is not stable, and several rows of the CRM's table may have one hash."""

    customer_id: int | None
    stable_hash_id: str
    customer_name: str | None
    contact_number: str | None
    email: str | None


def customers_version(conn: Connection[Any], tenant_id: UUID) -> tuple[Any, ...]:
    """Equal as long as the copy of the CRM's customers is."""
    row = conn.execute(query("crm_matching", "customers_version"), {"tenant": tenant_id}).fetchone()
    assert row is not None
    return tuple(row)


def stored_customers(conn: Connection[Any], tenant_id: UUID) -> list[Customer]:
    """The copy of the CRM's customers, those aside that are gone or have no hash."""
    rows = conn.execute(query("crm_matching", "customers"), {"tenant": tenant_id})
    return [Customer(*row) for row in rows]


def customers_of_hash(conn: Connection[Any], tenant_id: UUID, stable_hash_id: str) -> list[Customer]:
    """Rows of one customer; none if the CRM has it no more."""
    rows = conn.execute(query("crm_matching", "customers_of_hash"), {"tenant": tenant_id, "hash": stable_hash_id})
    return [Customer(*row) for row in rows]
