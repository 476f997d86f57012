"""The table of grants (TEN-20, TEN-21). Who may change it is decided in ``sync/authority.py``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query


@dataclass(frozen=True)
class GrantRow:
    """One grant. ``tenant_id`` None: of the platform; ``tenants`` are an investor's, None for all of them.

    ``is_active`` is whether it is in force: neither ended nor expired.
    """

    id: int
    user_id: UUID
    tenant_id: UUID | None
    role: str
    extra_permissions: list[str]
    denied_permissions: list[str]
    tenants: list[UUID] | None
    granted_by: str
    granted_at: datetime
    expires_at: datetime | None
    is_active: bool


@dataclass(frozen=True)
class Wanted:
    """A grant that is to be. Denials come before whatever else the person is granted."""

    user_id: UUID
    role: str
    extra: Sequence[str] = ()
    denied: Sequence[str] = ()
    expires_at: datetime | None = None
    tenants: Sequence[UUID] | None = None


def stored_grants(conn: Connection[Any], tenant_id: UUID | None, *, ended: bool = False) -> list[GrantRow]:
    """In order of addition; also those that were ended, if wanted."""
    return _rows(conn, tenant_id, None, ended)


def find_grant(conn: Connection[Any], tenant_id: UUID | None, grant_id: int) -> GrantRow | None:
    """One of the tenant's, or of the platform's, ended or not."""
    return next(iter(_rows(conn, tenant_id, grant_id, True)), None)


def put_grant(conn: Connection[Any], tenant_id: UUID | None, wanted: Wanted, granted_by: str) -> GrantRow:
    """Write a grant in place of the person's one of the same role."""
    values = {
        "person": wanted.user_id,
        "of": tenant_id,
        "role": wanted.role,
        "extra": sorted(set(wanted.extra)),
        "denied": sorted(set(wanted.denied)),
        "tenants": None if wanted.tenants is None else list(wanted.tenants),
        "granted_by": granted_by,
        "expires_at": wanted.expires_at,
    }
    conn.execute(query("grants", "end_role"), values)
    row = conn.cursor(row_factory=class_row(GrantRow)).execute(query("grants", "insert"), values).fetchone()
    assert row is not None
    return row


def end_grant(conn: Connection[Any], tenant_id: UUID | None, grant_id: int) -> bool:
    """Whether there was such a grant that had not been ended before."""
    return conn.execute(query("grants", "end"), {"of": tenant_id, "id": grant_id}).rowcount == 1


def other_owners(conn: Connection[Any], tenant_id: UUID, user_id: UUID) -> int:
    """How many other people own the tenant at this moment."""
    row = conn.execute(query("grants", "other_owners"), {"of": tenant_id, "person": user_id}).fetchone()
    return int(row[0]) if row else 0


def _rows(conn: Connection[Any], tenant_id: UUID | None, grant_id: int | None, ended: bool) -> list[GrantRow]:
    values = {"of": tenant_id, "id": grant_id, "ended": ended}
    return conn.cursor(row_factory=class_row(GrantRow)).execute(query("grants", "list"), values).fetchall()
