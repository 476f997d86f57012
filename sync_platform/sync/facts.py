"""What the tables say about a day of a tenant: row counts, freshness and a sample without personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db import blaze_tables, crm_tables, mx_tables
from sync_platform.db.queries import query
from sync_platform.db.target import Target
from sync_platform.sync.finding import own_queries
from sync_platform.sync.platform import Platform

# a sample is kept with every materialisation: what each of its columns is costs 200 bytes
SAMPLE_ROWS, SAMPLE_COLUMNS = 3, 8

#: All tables that syncs fill, by name with their source: two sources have customers.
TABLES: dict[str, Target] = {
    f"{target.schema}.{target.table}": target
    for tables in (blaze_tables.TABLES, mx_tables.TABLES, crm_tables.TABLES)
    for target in tables.values()
}
# What these hold is what was there when they were last read; their rows belong to no day.
_SNAPSHOTS = frozenset({"crm.packages", "crm.customers"})

# lines have no day of their own: table of the heads and their key
_HEADS = {
    "blaze.transaction_items": ("transactions", "transaction_id"),
    "mx_merchant.invoice_items": ("invoices", "invoice_id"),
}


@dataclass(frozen=True)
class TableFacts:
    """``rows`` are live rows by business day; ``newest`` is the highest ``modified`` of the tenant's rows; ``sample``
    is a few rows of the last day. A table that is a snapshot has all its rows on that day."""

    rows: dict[date, int]
    newest: datetime | None
    sample: list[dict[str, Any]]


def table_facts(
    platform: Platform, tenant: Tenant, tables: Sequence[str], first: date, last: date
) -> dict[str, TableFacts]:
    """Facts by table about a range of days, in one transaction: a tick asks for those of a thousand tenants."""

    def read(conn: Connection[Any]) -> dict[str, TableFacts]:
        return {
            table: TableFacts(
                rows_per_day(conn, tenant, table, first, last),
                _newest(conn, tenant, table, first, last),
                sample_rows(conn, tenant, table, last),
            )
            for table in tables
        }

    return platform.database.run(read, tenant.id)


def _newest(conn: Connection[Any], tenant: Tenant, table: str, first: date, last: date) -> datetime | None:
    values = {"tenant": tenant.id, "first": first, "last": last}
    row = conn.execute(_query(table, "newest"), values).fetchone()
    return row[0] if row else None


def rows_per_day(conn: Connection[Any], tenant: Tenant, table: str, first: date, last: date) -> dict[date, int]:
    """Live rows of the days that have any."""
    values = {"tenant": tenant.id, "first": first, "last": last}
    return dict(conn.execute(_query(table, "per_day"), values).fetchall())


def _query(table: str, what: str) -> sql.SQL:
    return query(own_queries(table, "facts"), f"{TABLES[table].table}_{what}")


def sample_rows(conn: Connection[Any], tenant: Tenant, table: str, day: date) -> list[dict[str, Any]]:
    """A few rows of a day: of the columns that are nobody's personal data the first ones that are not empty."""
    values = {"tenant": tenant.id, "day": day, "limit": SAMPLE_ROWS}
    rows = conn.cursor(row_factory=dict_row).execute(_sample_statement(table), values).fetchall()
    filled = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in filled[:SAMPLE_COLUMNS]} for row in rows]


@cache
def _sample_statement(table: str) -> bytes:
    target = TABLES[table]
    columns = [column.name for column in target.columns if not column.personal and column.kind not in ("hash", "json")]
    composed = sql.SQL("select {} from {} t where {} order by {} limit {}").format(
        sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in columns),
        sql.Identifier(target.schema, target.table),
        _day_condition(table),
        sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in target.key),
        sql.Placeholder("limit"),
    )
    return composed.as_bytes()  # composing it for every tenant costs more than asking


def _day_condition(table: str) -> sql.Composable:
    if table in _SNAPSHOTS:
        return sql.SQL("t.tenant_id = %(tenant)s and t.deleted_at is null")
    if table not in _HEADS:
        return sql.SQL("t.tenant_id = %(tenant)s and t.business_day = %(day)s and t.deleted_at is null")
    heads, key = _HEADS[table]
    return sql.SQL(
        "t.tenant_id = %(tenant)s and t.deleted_at is null and t.{key} in (select h.{key} from {heads} h"
        " where h.tenant_id = %(tenant)s and h.business_day = %(day)s order by 1 limit %(limit)s)"
    ).format(key=sql.Identifier(key), heads=sql.Identifier(TABLES[table].schema, heads))
