"""Which tenants have an account at a source, and for whom events wait: a schedule asks nobody else."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.accounts import tenants_at
from sync_platform.db.queries import query
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source


def active_sources(conn: Connection[Any], tenant_id: UUID) -> set[str]:
    """Sources at which a tenant has an active account."""
    return {row[0] for row in conn.execute(query("credentials", "active_sources"), {"tenant": tenant_id})}


def with_account(platform: Platform, tenants: Iterable[Tenant], source: Source) -> list[Tenant]:
    """Those who have an active account, in the same order."""
    asked = list(tenants)
    found = tenants_at(platform.database, source, [tenant.id for tenant in asked], platform.clock())
    return [tenant for tenant in asked if tenant.id in found]
