"""The attack: every role, on every table, with every verb and every kind of tenant setting, reaches no foreign row."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import LiteralString, get_args

import psycopg
import pytest
from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Role
from sync_platform_tests.db.tenant_rows import TenantTable, tables

INVENTORY = Path(__file__).with_name("allowed_on_own_rows.txt")
VERBS = ("select", "insert", "update", "delete", "truncate", "copy to", "copy from", "explain")
# they reach no row, but keep others from theirs
LOCKS = {"lock for reading": "access share", "lock for writing": "row exclusive", "lock": "access exclusive"}

# the directory functions run as the owner and read the registry, grants, tokens and invitations of all tenants; nobody
# works as the owner (TEN-03)
KNOWN = {
    ("sp_owner", f"platform.{table}", verb)
    for table in ("tenants", "user_tenant_permissions", "service_tokens", "invitations")
    for verb in ("select", "copy to", "explain")
}
# TRUNCATE is the owner's by definition; it is why nobody else may have it (TEN-07)
OWNERS_RIGHT = ("sp_owner", "truncate")


class Attacker:
    """Tries one statement at a time as a role with a tenant setting, and undoes it."""

    def __init__(self, connection: psycopg.Connection, role: str, setting: str) -> None:
        self._connection, self._role, self._setting = connection, role, setting

    def reach(self, statement: sql.Composed, values: dict[str, object] | None = None) -> int | None:
        """Rows that the statement touched or counted, None where it was refused."""
        try:
            with self._connection.transaction(force_rollback=True):
                self._become()
                cursor = self._connection.execute(statement, values)
                row = cursor.fetchone() if cursor.description else None
                return int(row[0]) if row else max(cursor.rowcount, 0)
        except psycopg.IntegrityError:
            return 1  # the right was there; only the data said no
        except psycopg.Error:
            return None

    def explained(self, statement: sql.Composed) -> int | None:
        """Rows that the plan of a query says it returned when it was run."""
        try:
            with self._connection.transaction(force_rollback=True):
                self._become()
                row = self._connection.execute(sql.SQL("explain (analyze, format json) ") + statement).fetchone()
                return int(row[0][0]["Plan"]["Actual Rows"]) if row else 0
        except psycopg.Error:
            return None

    def copied_out(self, table: TenantTable, needle: uuid.UUID) -> int | None:
        """Lines of COPY TO that hold the tenant's id."""
        column = table.tenant_column or table.columns[0][0]
        try:
            with self._connection.transaction(force_rollback=True), self._connection.cursor() as cursor:
                self._become()
                statement = sql.SQL("copy {} ({}) to stdout").format(table.identifier, sql.Identifier(column))
                with cursor.copy(statement) as copy:
                    return sum(str(needle).encode() in bytes(line) for line in copy)
        except psycopg.IntegrityError:
            return 1  # the right was there; only the data said no
        except psycopg.Error:
            return None

    def copied_in(self, table: TenantTable, row: dict[str, object]) -> int | None:
        """COPY FROM of one row."""
        try:
            with self._connection.transaction(force_rollback=True), self._connection.cursor() as cursor:
                self._become()
                columns = sql.SQL(", ").join(map(sql.Identifier, row))
                with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(table.identifier, columns)) as copy:
                    copy.write_row(tuple(row.values()))
                return cursor.rowcount
        except psycopg.IntegrityError:
            return 1  # the right was there; only the data said no
        except psycopg.Error:
            return None

    def locked(self, table: TenantTable, mode: str) -> bool:
        """Whether LOCK TABLE was granted."""
        lock = sql.SQL("lock table {} in {} mode nowait").format(table.identifier, sql.SQL(mode))  # type: ignore[arg-type]
        return self.reach(lock) is not None

    def _become(self) -> None:
        self._connection.execute(
            "select set_config('role', %s, true), set_config('app.tenant_id', %s, true)", (self._role, self._setting)
        )


def attempt(attacker: Attacker, table: TenantTable, verb: str, target: uuid.UUID) -> int | None:
    """Try to reach ``target``'s rows: how many were reached, None when the statement was refused."""
    if verb == "copy to":
        return attacker.copied_out(table, target)
    row = table.row(target, "fresh")
    if verb == "copy from":
        return attacker.copied_in(table, row)
    if verb == "insert":
        return attacker.reach(table.insert(row), row)
    if verb == "truncate":
        return None if attacker.reach(sql.SQL("truncate {} cascade").format(table.identifier)) is None else 1
    column = sql.Identifier(table.tenant_column or table.columns[0][0])
    where = sql.SQL("where {} = {}").format(column, sql.Literal(target)) if table.tenant_column else sql.SQL("")
    if verb == "explain":
        return attacker.explained(sql.SQL("select {1} from {0} {2}").format(table.identifier, column, where))
    texts: dict[str, LiteralString] = {
        "select": "select count({1}) from {0} {2}",
        "update": "update {0} set {1} = {1} {2}",
        "delete": "delete from {0} {2}",
    }
    return attacker.reach(sql.SQL(texts[verb]).format(table.identifier, column, where))


@pytest.fixture
def stocked(database_url: str, tenant: Tenant, other_tenant: Tenant) -> str:
    """Both tenants have a row in every table, with equal keys; written by the superuser, past row security."""
    with connect(database_url) as connection:
        connection.execute("set session_replication_role = replica")  # lines may come before what they belong to
        for table in tables(connection):
            if table.tenant_column == "tenant_id":
                for owner in (tenant, other_tenant):
                    row = table.row(owner.id, "here")
                    connection.execute(table.insert(row), row)
            elif table.schema == "platform" and table.tenant_column is None:
                row = table.row(tenant.id, "here")
                connection.execute(table.insert(row), row)
    return database_url


def leaks(connection: psycopg.Connection, role: str, setting: str, target: Tenant) -> set[tuple[str, str, str]]:
    """Everything that reached a row of ``target``."""
    attacker = Attacker(connection, role, setting)
    return {
        (role, table.label, verb)
        for table in tables(connection)
        if table.tenant_column
        for verb in VERBS
        if (role, verb) != OWNERS_RIGHT and attempt(attacker, table, verb, target.id)
    }


@pytest.mark.parametrize("role", get_args(Role))
def test_no_role_reaches_a_foreign_row(stocked: str, tenant: Tenant, other_tenant: Tenant, role: str) -> None:
    """F-61, TEN-04, TEN-05, TEN-07; section 17: 1, 6, 8, 9, 11."""
    foreign = other_tenant.id
    with connect(stocked) as connection:
        for setting in (str(tenant.id), "", "' or true --", str(foreign).upper(), f"'{foreign}'", f" {foreign}"):
            assert leaks(connection, role, setting, other_tenant) - KNOWN == set(), setting


def test_the_attack_finds_a_table_without_row_security(stocked: str, tenant: Tenant, other_tenant: Tenant) -> None:
    """The test of the test."""
    with connect(stocked) as connection:
        connection.execute("alter table blaze.products disable row level security")
        found = leaks(connection, "sp_loader", str(tenant.id), other_tenant)
    assert found == {
        ("sp_loader", "blaze.products", verb)
        for verb in ("select", "insert", "update", "copy to", "copy from", "explain")
    }


def test_what_each_role_can_do_with_its_own_rows_is_what_the_inventory_says(
    stocked: str, tenant: Tenant, pytestconfig: pytest.Config
) -> None:
    """TEN-03, TEN-07, TEN-09: the whole of it, so that a new right is seen in a diff."""
    lines = []
    with connect(stocked) as connection:
        for table in tables(connection):
            for role in get_args(Role):
                attacker = Attacker(connection, role, str(tenant.id))
                verbs = [verb for verb in VERBS if attempt(attacker, table, verb, tenant.id) is not None]
                # from PostgreSQL 16 on, whoever may only insert, or see some columns, may also lock for reading
                whole = connection.execute("select has_table_privilege(%s, %s, 'select')", (role, table.label))
                reads = whole.fetchone() == (True,)
                locks = LOCKS if reads else {v: m for v, m in LOCKS.items() if v != "lock for reading"}
                verbs += [verb for verb, mode in locks.items() if attacker.locked(table, mode)]
                lines.append(f"{table.label} {role}: {', '.join(verbs) or 'nothing'}")
    if pytestconfig.getoption("--write-inventory"):
        INVENTORY.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert lines == INVENTORY.read_text(encoding="utf-8").splitlines()


def test_a_row_cannot_be_moved_to_another_tenant(stocked: str, tenant: Tenant, other_tenant: Tenant) -> None:
    """TEN-04: WITH CHECK; section 17: 9."""
    with connect(stocked) as connection:
        for role in get_args(Role):
            attacker = Attacker(connection, role, str(tenant.id))
            for table in tables(connection):
                if table.tenant_column:
                    statement = sql.SQL("update {} set {} = {}").format(
                        table.identifier, sql.Identifier(table.tenant_column), sql.Literal(other_tenant.id)
                    )
                    assert not attacker.reach(statement), (role, table.label)


def test_equal_keys_of_two_tenants_do_not_meet(stocked: str, tenant: Tenant) -> None:
    """TEN-02: a refused key would tell one tenant what another has; section 17: 7, 17. ``stocked`` has equal keys."""
    with connect(stocked) as connection:
        attacker = Attacker(connection, "sp_loader", str(tenant.id))
        for table in tables(connection):
            if table.schema == "blaze":
                fresh = table.row(tenant.id, "new")
                assert attacker.reach(table.insert(fresh), fresh) == 1, table.label
                mine = attacker.reach(sql.SQL("select count(*) from {}").format(table.identifier))
                assert mine == 1, table.label


def test_the_directory_tells_names_and_nothing_else(stocked: str) -> None:
    """TEN-06: the one function with its owner's rights; section 17: 4."""
    with connect(stocked) as connection, connection.transaction():
        connection.execute("select set_config('role', 'sp_loader', true)")
        cursor = connection.execute("select * from platform.tenant_directory()")
        assert cursor.description is not None
        assert [column.name for column in cursor.description] == ["id", "slug", "name", "zone", "country", "state"]
        assert [row[1] for row in cursor] == ["alder", "birch"]


def test_a_view_shows_its_reader_only_what_the_reader_may_see(
    stocked: str, tenant: Tenant, make_tenant: Callable[..., Tenant]
) -> None:
    """TEN-06; section 17: 3."""
    make_tenant()
    with connect(stocked) as connection:
        connection.execute("create view blaze.peek with (security_invoker = true) as select * from blaze.products")
        connection.execute("grant select on blaze.peek to sp_readonly")
        attacker = Attacker(connection, "sp_readonly", str(tenant.id))
        assert attacker.reach(sql.SQL("select count(*) from {}").format(sql.Identifier("blaze", "peek"))) == 1
