"""Packages of one profile, for the person it belongs to (CRM-21)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query


@dataclass(frozen=True)
class OwnPackage:
    """A package as it is stored; ``state`` is of today."""

    package_id: str
    name: str | None
    display_name: str | None
    type: str | None
    state: str
    total_hours: Decimal | None
    used_hours: Decimal | None
    remaining_hours: Decimal | None
    first_use_date: date | None
    expiration_date: date | None
    purchased_at: datetime | None
    changed_at: datetime | None


@dataclass(frozen=True)
class OwnPackages:
    """In the order of their ids. ``synced_at`` is of the last set that was read whole."""

    packages: list[OwnPackage]
    synced_at: datetime | None


def own_packages(
    conn: Connection[Any], tenant_id: UUID, profile_id: str, *, after: str | None, limit: int
) -> OwnPackages | None:
    """None where there is no active profile of that name."""
    values = {"tenant": tenant_id, "profile": profile_id, "after": after, "limit": limit}
    row = conn.execute(query("crm", "own_profile"), values).fetchone()
    if row is None:
        return None
    rows = conn.cursor(row_factory=class_row(OwnPackage))
    return OwnPackages(rows.execute(query("crm", "own_packages"), values).fetchall(), row[0])
