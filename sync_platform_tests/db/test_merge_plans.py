"""A merge looks each row up by its primary key, however little the planner knows about the table."""

import pytest
from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.blaze_tables import TABLES
from sync_platform.db.merge import lock_tables
from sync_platform.db.merge_sql import merge_sql
from sync_platform.db.pool import Database
from sync_platform.db.target import Target

ROWS = 3_000
FILLED = ("transactions", "transaction_items", "products", "customers", "lookups")
KEYS = {
    "transactions": "transaction_id, line_count",
    "transaction_items": "transaction_id, order_item_id, line_no, synthetic_key",
    "products": "product_id",
    "customers": "member_id",
    "lookups": "kind, lookup_id",
}
VALUES = {
    "transactions": "n::text, 1",
    "transaction_items": "n::text, n::text, 1, false",
    "products": "n::text",
    "customers": "n::text",
    "lookups": "'vendors', n::text",
}


def fill(database: Database, tenant: Tenant, table: str) -> None:
    """Rows that no ANALYZE has seen."""
    hashed = table != "transaction_items"
    with database.transaction(tenant.id) as conn:
        conn.execute(
            sql.SQL(
                "insert into blaze.{} (tenant_id, {}, first_seen_at, last_seen_at, last_changed_at, run_id{})"
                " select %s, {}, now(), now(), now(), 1{} from generate_series(1, %s) n"
            ).format(
                sql.Identifier(table),
                sql.SQL(KEYS[table]),  # type: ignore[arg-type]
                sql.SQL(", content_hash" if hashed else ""),
                sql.SQL(VALUES[table]),  # type: ignore[arg-type]
                sql.SQL(", gen_random_uuid()" if hashed else ""),
            ),
            (tenant.id, ROWS),
        )


@pytest.mark.parametrize("target", TABLES.values(), ids=str)
def test_every_join_of_a_merge_uses_the_primary_key(database: Database, tenant: Tenant, target: Target) -> None:
    """PERF-02: with another index, or none, each row of a batch reads the tenant's whole table."""
    for table in FILLED:
        fill(database, tenant, table)
    statements = merge_sql(target)
    values = {"tenant": tenant.id, "zone": "UTC", "run_id": 1, "size": 20}
    with database.transaction(tenant.id) as conn:
        lock_tables(conn, tenant.id, target)
        conn.execute(statements.create)
        keys = sql.SQL(", ").join(map(sql.Identifier, target.key))
        numbers = sql.SQL(", ").join([sql.SQL("n::text")] * len(target.key))
        conn.execute(
            sql.SQL("insert into {} ({}) select {} from generate_series(1, 500) n").format(
                sql.Identifier("pg_temp", f"staged_{target.table}"), keys, numbers
            )
        )
        conn.execute(statements.analyze)
        for name in ("look", "insert", "merge", "sample"):
            plan = [str(row[0]) for row in conn.execute(sql.SQL("explain ") + getattr(statements, name), values)]
            assert "JIT:" not in plan, "compiling a statement takes longer than running it"
            scans = [line for line in plan if " Scan" in line and "staged_" not in line]
            strange = [line for line in scans if "_pkey on" not in line]
            assert not strange, f"{name} of {target}: {strange}"
            assert scans or name == "insert"
