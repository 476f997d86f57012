"""What somebody may do, as the database says it at this moment (TEN-24); asked as sp_web in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.principal import How, Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.queries import query
from sync_platform.db.scope import asked_by


@dataclass(frozen=True)
class ValidToken:
    """A service token that was shown and is valid."""

    id: int
    tenant: Tenant
    scopes: frozenset[str]
    expires_at: datetime


def person_access(database: Database, user_id: str, tenant_id: UUID | None, permission: str) -> How | None:
    """How much of a permission a person has; without a tenant by platform grants only."""
    values = {"person": user_id, "of": tenant_id, "permission": permission}
    covers_rows, how = _one(database, "person", values, tenant_id)
    return how if covers_rows or how == "aggregates" else None


def token_allows(database: Database, identity: Identity, permission: str) -> bool:
    """Whether a service token is still valid and has this scope."""
    values = {**asked_by(identity), "permission": permission}
    return bool(_one(database, "token", values, identity.tenant_id)[0])


def tenants_of_person(database: Database, user_id: str) -> list[tuple[Tenant, str]]:
    """The tenants that a person has a grant for, in order of addition, each with the highest role there."""
    (rows,) = _one(database, "tenants_of_person", {"person": user_id}, None)
    return [(_tenant(row), row["role"]) for row in rows]


def use_token(database: Database, hashes: Sequence[str]) -> ValidToken | None:
    """The valid service token with one of these keyed hashes; its use is noted, at most once a minute (SEC-20)."""
    row = database.single(query("access", "use_token"), {"hashes": list(hashes)}, None, durable=False, role="sp_web")
    return ValidToken(row[0], Tenant(*row[3:]), frozenset(row[1]), row[2]) if row else None


def lock_grants(conn: Connection[Any], tenant_id: UUID | None) -> None:
    """Until the end of the transaction nobody else changes grants, tokens or invitations of this tenant (TEN-25)."""
    conn.execute(query("access", "lock_grants"), {"of": str(tenant_id or "platform")})


def all_access(conn: Connection[Any], user_id: str, tenant_id: UUID | None) -> dict[str, How]:
    """Everything that a person may do at a tenant, and how much of it."""
    return dict(conn.execute(query("access", "all_of_person"), {"person": UUID(user_id), "of": tenant_id}).fetchall())


def rank_of(conn: Connection[Any], user_id: UUID, tenant_id: UUID | None) -> int:
    """The rank of a person's highest role at a tenant, that on the platform included; 0 for none."""
    row = conn.execute(query("access", "rank_of"), {"person": user_id, "of": tenant_id}).fetchone()
    return int(row[0]) if row else 0


def role_rank(conn: Connection[Any], role: str) -> tuple[int, bool] | None:
    """A role's rank and whether it is granted without a tenant; None where there is no such role."""
    return conn.execute(query("access", "role"), {"role": role}).fetchone()


def role_permissions(conn: Connection[Any], role: str) -> dict[str, How]:
    """The column of the matrix of one role."""
    return dict(conn.execute(query("access", "role_permissions"), {"role": role}).fetchall())


def named_permissions(conn: Connection[Any], names: Sequence[str]) -> dict[str, How]:
    """What permissions give that are granted by name; unknown names are left out."""
    return dict(conn.execute(query("access", "named_permissions"), {"names": list(names)}).fetchall())


def matrix(conn: Connection[Any]) -> list[tuple[str, str, How | None]]:
    """Permission, role and how much, in the order of TEN-22."""
    return [(row[0], row[1], row[2]) for row in conn.execute(query("access", "matrix")).fetchall()]


def _one(database: Database, name: str, values: Mapping[str, Any], tenant_id: UUID | None) -> tuple[Any, ...]:
    row = database.single(query("access", name), values, tenant_id, durable=False, role="sp_web")
    assert row is not None  # it asks for one row, whatever there is
    return row


def _tenant(row: Mapping[str, Any]) -> Tenant:
    return Tenant(UUID(row["id"]), row["slug"], row["name"], row["zone_name"], row["country"], row["state"])
