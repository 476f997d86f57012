"""Who may change whose rights: nobody gives more than the own, nobody touches the own or a superior's (TEN-25)."""

from collections.abc import Collection, Mapping
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.principal import How, Identity
from sync_platform.db.access import all_access, named_permissions, rank_of, role_permissions, role_rank

Right = Literal["users.invite", "users.manage"]
#: The highest role that somebody may invite whose permission covers staff only.
STAFF = "clinic_staff"


def check_role(
    conn: Connection[Any], tenant_id: UUID | None, role: str, extra: Collection[str], denied: Collection[str]
) -> dict[str, How]:
    """What a grant would give. Raises InvalidRequest for unknown names, or a role that is granted elsewhere."""
    found = role_rank(conn, role)
    if found is None or found[1] != (tenant_id is None):
        where = "on the platform" if tenant_id is None else "at a tenant"
        raise InvalidRequest(f"{role[:60]!r} is no role that is granted {where}; docs/permissions.md lists them")
    named = named_permissions(conn, [*extra, *denied])
    unknown = sorted({*extra, *denied} - named.keys())
    if unknown:
        raise InvalidRequest(f"there is no permission {unknown[0][:60]!r}; docs/permissions.md lists them")
    if role == "investor" and extra:
        raise InvalidRequest("an investor sees aggregates and is given nothing else")
    given = role_permissions(conn, role) | {name: named[name] for name in extra}
    return {name: how for name, how in given.items() if name not in denied}


def require_may_give(
    conn: Connection[Any],
    by: Identity | None,
    tenant_id: UUID | None,
    role: str,
    given: Mapping[str, How],
    right: Right = "users.manage",
) -> None:
    """Raises Refused unless ``by`` may give a role with these permissions; None is the command line, which may.

    Reads everything anew, so call it behind the lock of grants: what counts is what ``by`` may do now.
    """
    if by is None:
        return
    own = _own(conn, by, tenant_id)
    most = _own_rank(conn, by, tenant_id)
    may = own.get(right)
    rank = _rank(conn, role)
    if may is None or (may == "staff" and rank > _rank(conn, STAFF)):
        raise Refused(f"this needs the permission {right} for the role {role}")
    above = [name for name, how in given.items() if own.get(name) not in ("all", how)]
    if rank > most or above:
        raise Refused("nobody can give a role or permission above the own")


def require_may_touch(
    conn: Connection[Any], by: Identity | None, tenant_id: UUID | None, user_id: UUID, right: Right = "users.manage"
) -> None:
    """Raises Refused for the own grants, and for those of somebody who stands higher."""
    if by is None:
        return
    if by.kind != "user" or UUID(by.subject) == user_id:
        raise Refused("nobody can change the own grants, and no service token can change any")
    if _own(conn, by, tenant_id).get(right) is None:
        raise Refused(f"this needs the permission {right}")
    if rank_of(conn, user_id, tenant_id) > _own_rank(conn, by, tenant_id):
        raise Refused("nobody can change the grants of somebody who stands higher")


def require_covers_role(
    conn: Connection[Any], by: Identity | None, tenant_id: UUID | None, role: str, right: Right = "users.manage"
) -> None:
    """Raises Refused where a role stands above the own, or without the right to take any away."""
    if by is None:
        return
    if _own(conn, by, tenant_id).get(right) is None or _rank(conn, role) > _own_rank(conn, by, tenant_id):
        raise Refused(f"this needs the permission {right}, and a role that is not below the one taken away")


def _own(conn: Connection[Any], by: Identity, tenant_id: UUID | None) -> dict[str, How]:
    return all_access(conn, by.subject, tenant_id) if by.kind == "user" else {}


def _own_rank(conn: Connection[Any], by: Identity, tenant_id: UUID | None) -> int:
    return rank_of(conn, UUID(by.subject), tenant_id) if by.kind == "user" else 0


def _rank(conn: Connection[Any], role: str) -> int:
    found = role_rank(conn, role)
    return found[0] if found else 0
