"""Accounts that are there, and without keys."""

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database


def account_of(database: Database, tenant: Tenant, source: str) -> None:
    """The tenant is active at the source; nothing can be asked with it."""
    with database.transaction(tenant.id) as conn:
        conn.execute(
            "insert into platform.tenant_sources (tenant_id, source, environment, account, settings, secrets)"
            " values (%s, %s, 'production', '1000000001', '{}', '{}')",
            (tenant.id, source),
        )
