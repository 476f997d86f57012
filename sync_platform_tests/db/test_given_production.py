"""A database that has tables of these names already: kept, or told what to do first (DBM-04)."""

import psycopg
import pytest

from sync_platform.db.connect import connect
from sync_platform.db.migrations import upgrade


def test_a_table_that_belongs_to_somebody_else_is_not_taken_over(empty_database_url: str) -> None:
    """It is named together with what to do, and nothing is half-applied to it."""
    with connect(empty_database_url) as connection:
        connection.execute("create table public.customers (member_id text primary key)")
    with pytest.raises(psycopg.Error, match=r"public.customers exists") as raised:
        upgrade(empty_database_url)
    assert "alter table public.customers owner to sp_owner" in str(raised.value)
    with connect(empty_database_url) as connection:
        columns = (
            "select array_agg(attname) from pg_attribute where attnum > 0 and attrelid = 'public.customers'::regclass"
        )
        assert connection.execute(columns).fetchone() == (["member_id"],)


def test_tables_that_are_given_to_the_platform_keep_their_rows(empty_database_url: str) -> None:
    """Missing columns are added; what is there stays."""
    with connect(empty_database_url) as connection:
        if not connection.execute("select from pg_roles where rolname = 'sp_owner'").fetchall():
            connection.execute("create role sp_owner nologin noinherit")
        connection.execute("grant create, usage on schema public to sp_owner")
        connection.execute(
            "create table public.products (tenant_id uuid, product_id text, sku text,"
            " primary key (tenant_id, product_id))"
        )
        connection.execute("insert into public.products values (gen_random_uuid(), 'p1', 'SKU-1')")
        connection.execute("alter table public.products owner to sp_owner")
    upgrade(empty_database_url)
    with connect(empty_database_url) as connection:
        row = connection.execute("select sku, origin, thca, retail_price from public.products").fetchone()
    assert row == ("SKU-1", "report", None, None)
