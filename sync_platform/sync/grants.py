"""Grants: who has which role where, given and taken away under a lock per tenant (TEN-20, TEN-21, TEN-25)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.access import lock_grants
from sync_platform.db.audit import PLATFORM_CHAIN, audit
from sync_platform.db.grants import (
    GrantRow,
    Wanted,
    end_grant,
    find_grant,
    other_owners,
    put_grant,
    stored_grants,
)
from sync_platform.sync.authority import check_role, require_covers_role, require_may_give, require_may_touch
from sync_platform.sync.platform import Platform

OWNER = "tenant_owner"
LAST_OWNER = "a tenant keeps at least one owner; make somebody else an owner first"


def list_users(platform: Platform, tenant: Tenant | None, *, ended: bool = False) -> list[GrantRow]:
    """The grants of a tenant in order of addition, those of the platform without one; ended ones too, if wanted."""
    of = tenant.id if tenant else None
    return platform.database.run(lambda conn: stored_grants(conn, of, ended=ended), of or PLATFORM_CHAIN)


def grant(
    platform: Platform,
    tenant: Tenant | None,
    user_id: UUID,
    role: str,
    *,
    by: Identity | None,
    actor: str,
    extra: Sequence[str] = (),
    denied: Sequence[str] = (),
    expires_at: datetime | None = None,
    tenants: Sequence[UUID] | None = None,
    request_id: str | None = None,
    address: str | None = None,
) -> GrantRow:
    """Give a role, in place of an earlier grant of the same one; without a tenant a role of the platform.

    ``by`` None is the command line, where whoever has the database's password makes the first owner. ``tenants`` are
    those of an investor, None for all. Raises InvalidRequest for what is no grant, Refused for what is above the own.
    """
    of = tenant.id if tenant else None
    wanted = Wanted(user_id, role, tuple(extra), tuple(denied), expires_at, tenants)
    if user_id.int == 0:
        raise InvalidRequest("the user id is the one that the identity provider gives the person")
    if expires_at is not None and expires_at <= platform.clock():
        raise InvalidRequest("a grant ends in the future")
    if tenants is not None and role != "investor":
        raise InvalidRequest("only an investor has a list of tenants")

    def work(conn: Connection[Any]) -> GrantRow:
        lock_grants(conn, of)
        given = check_role(conn, of, role, wanted.extra, wanted.denied)
        require_may_touch(conn, by, of, user_id)
        require_may_give(conn, by, of, role, given)
        made = give(conn, of, wanted, actor)
        detail = {"role": role, "extra": made.extra_permissions, "denied": made.denied_permissions, "id": made.id}
        detail |= {"expires_at": None if expires_at is None else expires_at.isoformat()}
        audit(
            conn, of or PLATFORM_CHAIN, actor, "grant.create", f"user:{user_id}", detail,
            request_id=request_id, address=address,
        )  # fmt: skip
        return made

    return platform.database.run(work, of or PLATFORM_CHAIN)


def revoke(
    platform: Platform,
    tenant: Tenant | None,
    grant_id: int,
    *,
    by: Identity | None,
    actor: str,
    request_id: str | None = None,
    address: str | None = None,
) -> GrantRow:
    """Take a grant away; the person's next call is without it (TEN-29). Ended twice is ended.

    Raises InvalidRequest if there is none of this number, Refused for the own, a superior's or the last owner's.
    """
    of = tenant.id if tenant else None

    def work(conn: Connection[Any]) -> GrantRow:
        lock_grants(conn, of)
        found = find_grant(conn, of, grant_id)
        if found is None:
            raise InvalidRequest(f"there is no grant {grant_id}; `sync-platform user list` shows them")
        require_may_touch(conn, by, of, found.user_id)
        require_covers_role(conn, by, of, found.role)
        if found.is_active and found.role == OWNER:
            _require_other_owner(conn, of, found.user_id)
        if end_grant(conn, of, grant_id):
            audit(
                conn, of or PLATFORM_CHAIN, actor, "grant.revoke", f"user:{found.user_id}",
                {"role": found.role, "id": grant_id}, request_id=request_id, address=address,
            )  # fmt: skip
        ended = find_grant(conn, of, grant_id)
        assert ended is not None
        return ended

    return platform.database.run(work, of or PLATFORM_CHAIN)


def give(conn: Connection[Any], tenant_id: UUID | None, wanted: Wanted, granted_by: str) -> GrantRow:
    """Write a grant that was found to be in order. Behind the lock of grants; the last owner stays without an end."""
    if wanted.role == OWNER and wanted.expires_at is not None:
        _require_other_owner(conn, tenant_id, wanted.user_id)
    return put_grant(conn, tenant_id, wanted, granted_by)


def _require_other_owner(conn: Connection[Any], tenant_id: UUID | None, user_id: UUID) -> None:
    if tenant_id is not None and other_owners(conn, tenant_id, user_id) == 0:
        raise Refused(LAST_OWNER)
