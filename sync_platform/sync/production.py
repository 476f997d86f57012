"""What production holds of a tenant, in numbers that are nobody's personal data."""

from psycopg import sql
from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.field_map import SCHEMA, mapped_entity
from sync_platform.db.queries import query
from sync_platform.sync.comparison import ROLE
from sync_platform.sync.platform import Platform


def production_rows(platform: Platform, tenant: Tenant, entity: str) -> int:
    """Rows of one table of production."""
    statement = query("production", "rows").format(table=sql.Identifier(SCHEMA, mapped_entity(entity).name))
    with platform.database.transaction(tenant.id, ROLE) as conn:
        row = conn.execute(statement, {"tenant": tenant.id}).fetchone()
    return int(row[0]) if row else 0


def customer_classes(platform: Platform, tenant: Tenant) -> dict[str, int]:
    """How many customers, important ones and risks there are (BLZ-34, BLZ-35)."""
    with platform.database.transaction(tenant.id, ROLE) as conn:
        rows = conn.cursor(row_factory=dict_row)
        return dict(rows.execute(query("production", "customer_classes"), {"tenant": tenant.id}).fetchone() or {})
