"""What PostgreSQL knows about rows: statistics and running statements tell no role of a foreign tenant (F-61)."""

from itertools import product
from typing import get_args

import psycopg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Role
from sync_platform_tests.db.tenant_rows import tables

SOURCES = ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_statistic", "pg_statistic_ext_data")
NEEDLE = "canary-of-birch"
ROWS = 200


@pytest.fixture
def analysed(database_url: str, tenant: Tenant, other_tenant: Tenant) -> str:
    """Both tenants have rows whose values the statistics hold: they are among the most common ones."""
    with connect(database_url) as connection:
        for table in tables(connection):
            if table.schema != "blaze" or table.tenant_column is None:
                continue
            for owner, mark in ((tenant, "own"), (other_tenant, NEEDLE)):
                for number in range(ROWS if table.name == "products" else 2):
                    row = table.row(owner.id, f"{mark}-{number}")
                    connection.execute(table.insert(row), row)
        connection.execute("update blaze.products set name = %s where tenant_id = %s", (NEEDLE, other_tenant.id))
        connection.execute("analyze")
        found = connection.execute(
            "select count(*) from pg_stats where most_common_vals::text like %s", (f"%{NEEDLE}%",)
        )
        assert found.fetchone() != (0,)
    return database_url


def become(connection: psycopg.Connection, role: str, setting: str) -> None:
    connection.execute("select set_config('role', %s, true), set_config('app.tenant_id', %s, true)", (role, setting))


@pytest.mark.parametrize("source", SOURCES)
def test_statistics_hold_no_foreign_value(analysed: str, tenant: Tenant, source: str) -> None:
    """F-61; section 17: statistics views hide tables whose row security is in force, also from their owner."""
    with connect(analysed) as connection:
        for role, setting in product(get_args(Role), (str(tenant.id), "")):
            try:
                with connection.transaction(force_rollback=True):
                    become(connection, role, setting)
                    seen = connection.execute(f"select * from {source}").fetchall()  # type: ignore[arg-type]
            except psycopg.errors.InsufficientPrivilege:
                continue
            assert not any(NEEDLE in str(row) for row in seen), role


def test_running_statements_of_others_are_not_shown(analysed: str, tenant: Tenant) -> None:
    """F-61: a statement may hold values."""
    with connect(analysed) as other, connect(analysed) as connection:
        other.execute(f"select '{NEEDLE}'")  # type: ignore[arg-type]
        theirs = "select pid, query from pg_stat_activity where query like '%canary-of-%' and pid <> pg_backend_pid()"
        assert connection.execute(theirs).fetchall()
        for role in get_args(Role):
            with connection.transaction(force_rollback=True):
                become(connection, role, str(tenant.id))
                assert connection.execute(theirs).fetchall() == [], role
