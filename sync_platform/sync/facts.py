"""What the tables say about a day of a tenant: row counts, freshness and a sample without personal data."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.blaze_tables import TABLES
from sync_platform.db.queries import query
from sync_platform.sync.platform import Platform

SAMPLE_ROWS = 5


@dataclass(frozen=True)
class TableFacts:
    """``rows`` are live rows by business day; ``newest`` is the highest ``modified`` of the tenant's rows."""

    rows: dict[date, int]
    newest: datetime | None


def table_facts(platform: Platform, tenant: Tenant, table: str, first: date, last: date) -> TableFacts:
    """Live rows per day of a range, and the newest version stored."""
    with platform.database.transaction(tenant.id) as conn:
        values = {"tenant": tenant.id, "first": first, "last": last}
        newest = conn.execute(query("facts", f"{table}_newest"), values).fetchone()
        return TableFacts(rows_per_day(conn, tenant, table, first, last), newest[0] if newest else None)


def rows_per_day(conn: Connection[Any], tenant: Tenant, table: str, first: date, last: date) -> dict[date, int]:
    """Live rows of the days that have any."""
    values = {"tenant": tenant.id, "first": first, "last": last}
    return dict(conn.execute(query("facts", f"{table}_per_day"), values).fetchall())


def sample_rows(platform: Platform, tenant: Tenant, table: str, day: date) -> list[dict[str, Any]]:
    """A few rows of a day, only columns that are nobody's personal data."""
    target = TABLES[table]
    columns = [column.name for column in target.columns if not column.personal and column.kind != "hash"]
    statement = sql.SQL("select {} from {} t where {} order by {} limit {}").format(
        sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in columns),
        sql.Identifier(target.schema, target.table),
        sql.SQL(_day_condition(table)),
        sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in target.key),
        sql.Placeholder("limit"),
    )
    with platform.database.transaction(tenant.id) as conn, conn.cursor(row_factory=dict_row) as cursor:
        values = {"tenant": tenant.id, "day": day, "limit": SAMPLE_ROWS}
        return cursor.execute(statement, values).fetchall()


def _day_condition(table: str) -> Any:
    if table != "transaction_items":
        return "t.tenant_id = %(tenant)s and t.business_day = %(day)s and t.deleted_at is null"
    return (
        "t.tenant_id = %(tenant)s and t.deleted_at is null and t.transaction_id in ("
        "select r.transaction_id from blaze.transactions r"
        " where r.tenant_id = %(tenant)s and r.business_day = %(day)s order by 1 limit %(limit)s)"
    )
