"""The drift check: each kind of damage is found, and a healthy database has no findings."""

import pytest

from sync_platform.db.connect import connect
from sync_platform.db.schema_check import check

DAMAGE = {
    "row security off": ("alter table blaze.products disable row level security", "TEN-04", "blaze.products"),
    "not forced": ("alter table blaze.products no force row level security", "TEN-04", "blaze.products"),
    "policy dropped": ("drop policy tenant_isolation on blaze.products", "TEN-04", "blaze.products"),
    "policy always true": ("alter policy tenant_isolation on blaze.products using (true)", "TEN-04", "blaze.products"),
    "check always true": (
        "alter policy tenant_isolation on blaze.products with check (true)", "TEN-04", "blaze.products"),
    "second policy": ("create policy more on blaze.lookups using (true)", "TEN-04", "blaze.lookups"),
    "new table": ("create table blaze.extra (tenant_id uuid primary key)", "TEN-04", "blaze.extra"),
    "key of all tenants": ("create unique index on blaze.products (sku)", "TEN-02", "blaze.products"),
    "tenant may be null": (
        "create table blaze.extra (tenant_id uuid, id bigint primary key)", "TEN-02", "blaze.extra"),
    "no primary key": ("create table platform.extra (n integer)", "TEN-02", "platform.extra"),
    "definer function": (
        "create function platform.peek() returns int language sql security definer set search_path = '' as 'select 1'",
        "TEN-06", "platform.peek()"),
    "search path": (
        "create function platform.peek() returns bigint language sql as 'select 1::bigint'", "TEN-06",
        "platform.peek()"),
    "view of its owner": ("create view blaze.peek as select * from blaze.products", "TEN-06", "blaze.peek"),
    "materialised view": ("create materialized view blaze.peek as select 1 as n", "TEN-06", "blaze.peek"),
    "foreign owner": ("alter table blaze.products owner to current_user", "TEN-03", "blaze.products"),
    "truncate": ("grant truncate on blaze.products to sp_loader", "TEN-07", "blaze.products"),
    "references": ("grant references on blaze.products to sp_web", "TEN-07", "blaze.products"),
    "extra grant": ("grant delete on blaze.products to sp_web", "TEN-03", "blaze.products"),
    "grant to everybody": ("grant select on blaze.products to public", "TEN-03", "blaze.products"),
    "missing grant": ("revoke update on blaze.products from sp_loader", "TEN-03", "blaze.products"),
    "column grant": ("grant select (secrets) on platform.tenant_sources to sp_web", "TEN-03",
                     "platform.tenant_sources"),
    "function for everybody": ("grant execute on function platform.tenant_directory() to public", "TEN-03",
                               "function platform.tenant_directory()"),
    "old function": ("update platform_migrations.files set checksum = 'x' where name like '%take_calls%'", "DBM-01",
                     "functions/take_calls.sql"),
    "edited migration": ("update platform_migrations.files set checksum = 'x' where name like '%blaze%'", "DBM-01",
                         "migrations/0003_blaze.sql"),
    "newer": ("update platform_migrations.version set version_num = '9999'", "DBM-01", "database"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(database_url: str, damage: str) -> None:
    """DBM-02, TEN-02, TEN-03, TEN-04, TEN-06, TEN-07."""
    statement, rule, name = DAMAGE[damage]
    with connect(database_url) as connection:
        connection.execute(statement.encode())
    findings = check(database_url)
    assert any((found.rule, found.object) == (rule, name) for found in findings), findings


def test_a_healthy_database_has_no_findings(database_url: str) -> None:
    """DBM-02."""
    assert check(database_url) == ()


def test_an_empty_database_has_one_finding(empty_database_url: str) -> None:
    """DBM-02."""
    assert [found.object for found in check(empty_database_url)] == ["database"]
