"""The table of invitations, without their tokens: only keyed hashes are in it (TEN-25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query

DAYS = 7


@dataclass(frozen=True)
class InvitationRow:
    """One invitation as it may be shown to those who may invite. ``email`` is personal data."""

    id: int
    email: str | None
    role: str
    extra_permissions: list[str]
    denied_permissions: list[str]
    grant_expires_at: datetime | None
    invited_by: str
    inviter: UUID | None
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    accepted_by: UUID | None
    revoked_at: datetime | None
    is_open: bool


@dataclass(frozen=True)
class Offer:
    """What an invitation gives, and to whom: with ``email`` only to the person of that address."""

    role: str
    email: str | None = None
    extra: Sequence[str] = ()
    denied: Sequence[str] = ()
    grant_expires_at: datetime | None = None


def find_by_hash(conn: Connection[Any], hashes: Sequence[str]) -> tuple[UUID, int] | None:
    """Tenant and number of the open invitation with one of these hashes."""
    row = conn.execute(query("invitations", "find_by_hash"), {"hashes": list(hashes)}).fetchone()
    return (row[0], row[1]) if row else None


def insert_invitation(
    conn: Connection[Any], tenant_id: UUID, offer: Offer, token_hash: str, invited_by: str, inviter: UUID | None
) -> InvitationRow:
    """Store an invitation that is open from now on for 7 days."""
    values = {
        "tenant": tenant_id,
        "hash": token_hash,
        "email": offer.email,
        "role": offer.role,
        "extra": sorted(set(offer.extra)),
        "denied": sorted(set(offer.denied)),
        "grant_expires_at": offer.grant_expires_at,
        "invited_by": invited_by,
        "inviter": inviter,
        "days": DAYS,
    }
    row = conn.cursor(row_factory=class_row(InvitationRow)).execute(query("invitations", "insert"), values).fetchone()
    assert row is not None
    return row


def stored_invitations(conn: Connection[Any], tenant_id: UUID) -> list[InvitationRow]:
    """All of a tenant, newest first."""
    return _rows(conn, tenant_id, None)


def find_invitation(conn: Connection[Any], tenant_id: UUID, invitation_id: int) -> InvitationRow | None:
    """One of the tenant's."""
    return next(iter(_rows(conn, tenant_id, invitation_id)), None)


def mark_accepted(conn: Connection[Any], tenant_id: UUID, invitation_id: int, user_id: UUID) -> bool:
    """Whether it was still open: the one who hears so has taken it up, and nobody else can."""
    values = {"tenant": tenant_id, "id": invitation_id, "person": user_id}
    return conn.execute(query("invitations", "accept"), values).rowcount == 1


def mark_revoked(conn: Connection[Any], tenant_id: UUID, invitation_id: int) -> bool:
    """Whether it was neither taken up nor revoked before."""
    return conn.execute(query("invitations", "revoke"), {"tenant": tenant_id, "id": invitation_id}).rowcount == 1


def _rows(conn: Connection[Any], tenant_id: UUID, invitation_id: int | None) -> list[InvitationRow]:
    values = {"tenant": tenant_id, "id": invitation_id}
    return conn.cursor(row_factory=class_row(InvitationRow)).execute(query("invitations", "list"), values).fetchall()
