"""The database roles: what they are, what they are granted, and that staging and production are kept apart."""

from pathlib import Path

import psycopg
import pytest

from sync_platform.db.connect import connect
from sync_platform.db.schema_check import granted, inventory
from sync_platform.db.sql_files import sql_root

HEAD = (
    "# Every grant in the schemas that sp_owner owns; compared by `sync-platform db check`.\n"
    "# Written by: pytest --write-inventory sync_platform_tests/db/test_roles.py\n"
)


def test_the_grants_are_those_of_the_inventory(database_url: str, pytestconfig: pytest.Config) -> None:
    """TEN-03: a new grant is seen in the diff of sql/inventory/grants.txt."""
    with connect(database_url) as connection:
        found = granted(connection)
    if pytestconfig.getoption("--write-inventory"):
        path = Path(sql_root() / "inventory" / "grants.txt")
        path.write_text(HEAD + "".join(f"{line}\n" for line in found), encoding="utf-8")
    assert found == inventory()


def test_no_role_goes_past_row_security_or_logs_in(database_url: str) -> None:
    """TEN-03."""
    with connect(database_url) as connection:
        roles = connection.execute(
            "select rolname from pg_roles where rolname like 'sp\\_%'"
            " and rolname in ('sp_owner', 'sp_loader', 'sp_promoter', 'sp_web', 'sp_readonly', 'sp_audit')"
            " and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin)"
        ).fetchall()
    assert len(roles) == 6


def test_every_role_has_its_own_limits(database_url: str) -> None:
    """DBM-06: for a login that is one of the roles."""
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with connect(database_url) as connection:
        rows = connection.execute(
            "select rolname, rolconfig from pg_roles"
            " where rolname in ('sp_loader', 'sp_promoter', 'sp_web', 'sp_readonly', 'sp_audit')"
        ).fetchall()
    assert len(rows) == 5
    for _name, settings in rows:
        assert {entry.split("=")[0] for entry in settings} >= set(limits)


@pytest.mark.parametrize("statement", [
    "insert into blaze.customers select * from blaze.customers",
    "update blaze.products set name = 'x'",
    "delete from blaze.transactions",
    "insert into platform.sync_runs (tenant_id) values (gen_random_uuid())",
])  # fmt: skip
@pytest.mark.parametrize("role", ["sp_promoter", "sp_web", "sp_readonly", "sp_audit"])
def test_only_the_loader_writes_staging(database_url: str, role: str, statement: str) -> None:
    """TEN-09."""
    with connect(database_url) as connection, connection.transaction():
        connection.execute("select set_config('role', %s, true)", (role,))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("role", ["sp_promoter", "sp_web", "sp_readonly", "sp_audit"])
def test_secrets_and_keys_are_read_by_the_loader_only(database_url: str, role: str) -> None:
    """TEN-03."""
    for statement in ("select secrets from platform.tenant_sources", "select wrapped_key from platform.tenant_keys"):
        with connect(database_url) as connection, connection.transaction():
            connection.execute("select set_config('role', %s, true)", (role,))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_directory_is_for_the_loader_only(database_url: str) -> None:
    """TEN-06: the one function with its owner's rights."""
    for role in ("sp_promoter", "sp_web", "sp_readonly", "sp_audit"):
        with connect(database_url) as connection, connection.transaction():
            connection.execute("select set_config('role', %s, true)", (role,))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select * from platform.tenant_directory()")
