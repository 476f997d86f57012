"""The pool: scope, limits, and what happens when the server is not there."""

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database


def test_a_transaction_sees_its_tenant_only(database: Database, tenant: Tenant, other_tenant: Tenant) -> None:
    """TEN-05."""
    with database.transaction(tenant.id) as connection:
        assert connection.execute("select slug from platform.tenants").fetchall() == [("alder",)]
    with database.transaction() as connection:
        assert connection.execute("select slug from platform.tenants").fetchall() == []
