"""People with roles, for tests of access: their grants are written past the rules that are tested."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database

MakePerson = Callable[..., Identity]

PLATFORM_ROLES = ("super_admin", "investor")


def new_person(
    database: Database,
    role: str,
    tenant: Tenant | None = None,
    *,
    extra: Sequence[str] = (),
    denied: Sequence[str] = (),
    expires_at: datetime | None = None,
    tenants: Sequence[UUID] | None = None,
    user_id: UUID | None = None,
) -> Identity:
    """Somebody who has this role at a tenant, or on the platform where it is one of the platform's."""
    person = Identity("user", str(user_id or uuid4()))
    of = None if role in PLATFORM_ROLES or tenant is None else tenant.id
    with database.transaction(of) as conn:
        conn.execute(
            "insert into platform.user_tenant_permissions (user_id, tenant_id, role, extra_permissions,"
            " denied_permissions, expires_at, tenants, granted_by) values (%s, %s, %s, %s, %s, %s, %s, 'test')",
            (person.subject, of, role, list(extra), list(denied), expires_at, tenants),
        )
    return person
