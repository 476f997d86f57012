"""Invitations: a role for whoever brings the token, once, within 7 days (TEN-25)."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.access import lock_grants
from sync_platform.db.audit import audit
from sync_platform.db.grants import GrantRow, Wanted, stored_grants
from sync_platform.db.invitations import (
    InvitationRow,
    Offer,
    find_by_hash,
    find_invitation,
    insert_invitation,
    mark_accepted,
    mark_revoked,
    stored_invitations,
)
from sync_platform.sync.authority import check_role, require_covers_role, require_may_give
from sync_platform.sync.grants import give
from sync_platform.sync.platform import Platform

PREFIX = "spi_"
_PURPOSE = "invitation"
_BYTES = 32
_TOKEN = re.compile(r"spi_[A-Za-z0-9_-]{43}")
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")
#: One answer for whatever is wrong (SEC-23): unknown, taken up, expired, revoked, somebody else's.
NOT_TAKEN = "this invitation cannot be taken up; ask for a new one"


def invite(
    platform: Platform,
    tenant: Tenant,
    role: str,
    *,
    by: Identity | None,
    actor: str,
    email: str | None = None,
    extra: Sequence[str] = (),
    denied: Sequence[str] = (),
    grant_expires_at: datetime | None = None,
    request_id: str | None = None,
    address: str | None = None,
) -> tuple[str, InvitationRow]:
    """A token to be handed to the person, which nobody can be shown again, and what is stored of it.

    ``by`` None is the command line. Raises InvalidRequest for what is no grant, Refused for what is above the own.
    """
    if email is not None and not _EMAIL.fullmatch(email):
        raise InvalidRequest("the e-mail address cannot be read")
    if grant_expires_at is not None and grant_expires_at <= platform.clock():
        raise InvalidRequest("a grant ends in the future")
    offer = Offer(role, email.lower() if email else None, tuple(extra), tuple(denied), grant_expires_at)
    token = PREFIX + secrets.token_urlsafe(_BYTES)
    hashed = platform.keyring.digests(token, _PURPOSE)[0]

    def work(conn: Connection[Any]) -> InvitationRow:
        lock_grants(conn, tenant.id)
        given = check_role(conn, tenant.id, role, offer.extra, offer.denied)
        require_may_give(conn, by, tenant.id, role, given, "users.invite")
        made = insert_invitation(conn, tenant.id, offer, hashed, actor, UUID(by.subject) if by else None)
        detail = {"role": role, "extra": made.extra_permissions, "denied": made.denied_permissions}
        audit(
            conn, tenant.id, actor, "invitation.create", f"invitation:{made.id}", detail,
            request_id=request_id, address=address,
        )  # fmt: skip
        return made

    return token, platform.database.run(work, tenant.id)


def accept(
    platform: Platform,
    identity: Identity,
    token: str,
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> GrantRow:
    """Take an invitation up: the grant that it gives, to the person who is signed in.

    Whoever invited has to be allowed to give the role still: what the inviter lost meanwhile is not given. Raises
    Refused, with the same words whatever was wrong.
    """
    if identity.kind != "user" or not _TOKEN.fullmatch(token):
        raise Refused(NOT_TAKEN)
    hashes = platform.keyring.digests(token, _PURPOSE)
    found = platform.database.run(lambda conn: find_by_hash(conn, hashes))
    if found is None:
        raise Refused(NOT_TAKEN)
    tenant_id, number = found
    person = UUID(identity.subject)

    def work(conn: Connection[Any]) -> GrantRow:
        lock_grants(conn, tenant_id)
        row = find_invitation(conn, tenant_id, number)
        if row is None or not row.is_open or row.inviter == person or row.email not in (None, identity.email):
            raise Refused(NOT_TAKEN)
        if any(
            one.user_id == person and one.role == row.role and one.is_active for one in stored_grants(conn, tenant_id)
        ):
            raise Refused(NOT_TAKEN)
        wanted = Wanted(person, row.role, row.extra_permissions, row.denied_permissions, row.grant_expires_at)
        _still_in_order(conn, tenant_id, row)
        if not mark_accepted(conn, tenant_id, number, person):
            raise Refused(NOT_TAKEN)
        made = give(conn, tenant_id, wanted, row.invited_by)
        audit(
            conn, tenant_id, identity.actor, "invitation.accept", f"invitation:{number}",
            {"role": row.role, "grant": made.id}, request_id=request_id, address=address,
        )  # fmt: skip
        return made

    return platform.database.run(work, tenant_id)


def list_invitations(platform: Platform, tenant: Tenant) -> list[InvitationRow]:
    """Newest first, those that ended too."""
    return platform.database.run(lambda conn: stored_invitations(conn, tenant.id), tenant.id)


def revoke_invitation(
    platform: Platform,
    tenant: Tenant,
    invitation_id: int,
    *,
    by: Identity | None,
    actor: str,
    request_id: str | None = None,
    address: str | None = None,
) -> InvitationRow:
    """Nobody can take it up any more. Raises InvalidRequest if there is none of this number, Refused for a role above
    the own."""

    def work(conn: Connection[Any]) -> InvitationRow:
        lock_grants(conn, tenant.id)
        found = find_invitation(conn, tenant.id, invitation_id)
        if found is None:
            raise InvalidRequest(f"there is no invitation {invitation_id}")
        require_covers_role(conn, by, tenant.id, found.role, "users.invite")
        if mark_revoked(conn, tenant.id, invitation_id):
            audit(
                conn, tenant.id, actor, "invitation.revoke", f"invitation:{invitation_id}", {"role": found.role},
                request_id=request_id, address=address,
            )  # fmt: skip
        return find_invitation(conn, tenant.id, invitation_id) or found

    return platform.database.run(work, tenant.id)


def _still_in_order(conn: Connection[Any], tenant_id: UUID, row: InvitationRow) -> None:
    inviter = Identity("user", str(row.inviter)) if row.inviter else None
    given = check_role(conn, tenant_id, row.role, row.extra_permissions, row.denied_permissions)
    try:
        require_may_give(conn, inviter, tenant_id, row.role, given, "users.invite")
    except Refused:
        raise Refused(NOT_TAKEN) from None
