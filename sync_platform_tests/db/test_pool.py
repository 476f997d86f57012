"""The pool: scope, limits, and what happens when the server is not there."""

import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from sync_platform.core.errors import ConfigurationError, DatabaseUnavailable
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect, libpq_url, with_database, with_driver
from sync_platform.db.pool import Database

SLUGS = "select slug from platform.tenants order by slug"


def setting(connection: psycopg.Connection, name: str) -> str | None:
    row = connection.execute("select current_setting(%s, true)", (name,)).fetchone()
    return row[0] if row else None


def test_a_transaction_sees_its_tenant_only(database: Database, tenant: Tenant, other_tenant: Tenant) -> None:
    """TEN-05."""
    with database.transaction(tenant.id) as connection:
        assert connection.execute(SLUGS).fetchall() == [("alder",)]
    with database.transaction(other_tenant.id) as connection:
        assert connection.execute(SLUGS).fetchall() == [("birch",)]
    with database.transaction() as connection:
        assert connection.execute(SLUGS).fetchall() == []


@pytest.mark.parametrize("value", ["", " ", "x", "' or true --", "00000000", "{}", "A" * 36])
def test_a_malformed_tenant_is_no_tenant(database: Database, tenant: Tenant, value: str) -> None:
    """TEN-05."""
    with database.transaction() as connection:
        connection.execute("select set_config('app.tenant_id', %s, true)", (value,))
        assert connection.execute(SLUGS).fetchall() == []


def test_a_transaction_works_as_the_asked_role_and_with_all_limits(database_url: str) -> None:
    """DBM-06: three limits in force in every transaction; TEN-03: never as the login."""
    with (
        Database(database_url, statement_timeout=7, lock_timeout=1.5, idle_timeout=60) as database,
        database.transaction(role="sp_web") as connection,
    ):
        assert setting(connection, "role") == "sp_web"
        assert setting(connection, "statement_timeout") == "7s"
        assert setting(connection, "lock_timeout") == "1500ms"
        assert setting(connection, "idle_in_transaction_session_timeout") == "1min"


def test_an_error_rolls_everything_back(database: Database, tenant: Tenant) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction(tenant.id) as connection:
        connection.execute("update platform.tenants set name = 'changed'; select 1 / 0")
    with database.transaction(tenant.id) as connection:
        assert connection.execute("select name from platform.tenants").fetchone() == (tenant.name,)


def test_nothing_of_a_transaction_is_left_on_its_connection(database_url: str) -> None:
    """TEN-05: neither role nor tenant, not even what a block set for its whole session."""
    with Database(database_url, pool_size=1) as database:
        with database.transaction(uuid.uuid4()) as connection:
            process = connection.info.backend_pid
            connection.execute("select set_config('app.tenant_id', %s, false)", (str(uuid.uuid4()),))
            connection.execute("create temporary table left_over (n integer)")
        with database.transaction() as connection:
            assert connection.info.backend_pid == process
            assert setting(connection, "app.tenant_id") == ""
            assert connection.execute("select to_regclass('pg_temp.left_over')").fetchone() == (None,)


def test_the_connection_that_was_used_last_is_used_next(database_url: str) -> None:
    """Its server process has looked up the tables already."""
    with Database(database_url, pool_size=3) as database:
        with database.transaction() as first, database.transaction() as second, database.transaction() as third:
            processes = [connection.info.backend_pid for connection in (first, second, third)]
        for _ in range(3):
            with database.transaction() as connection:
                assert connection.info.backend_pid == processes[0]


def test_a_single_statement_waits_for_the_disk_where_it_says_so(database: Database, tenant: Tenant) -> None:
    """HTTP-10: calls taken from a budget are not forgotten; HTTP-11: a count of calls is told again by the next one."""
    asked = sql.SQL("select current_setting('synchronous_commit'), platform.current_tenant()")
    with database.transaction(tenant.id) as connection:
        usual = setting(connection, "synchronous_commit")
    assert database.single(asked, {}, tenant.id, durable=True) == (usual, tenant.id)
    assert database.single(asked, {}, None, durable=True) == (usual, None)
    assert database.single(asked, {}, tenant.id, durable=False) == ("off", tenant.id)


def test_two_hundred_interleaved_transactions_of_ten_tenants_over_three_connections(
    database_url: str, make_tenant: Callable[..., Tenant]
) -> None:
    """TEN-05: what a server connection behind pgbouncer sees, with a foreign tenant left on every session."""
    tenants = [make_tenant() for _ in range(10)]
    with Database(database_url, pool_size=3) as database:

        def slugs_seen(turn: int) -> tuple[int, list[str]]:
            mine = tenants[turn % 10]
            with database.transaction(mine.id) as connection:
                seen = [row[0] for row in connection.execute(SLUGS)]
                stranger = str(tenants[(turn + 1) % 10].id)
                connection.execute("select set_config('app.tenant_id', %s, false)", (stranger,))
            return turn, seen

        with ThreadPoolExecutor(10) as threads:
            for turn, seen in threads.map(slugs_seen, range(200)):
                assert seen == [tenants[turn % 10].slug]


def test_a_session_setting_left_by_another_client_of_pgbouncer_is_overruled(database_url: str, tenant: Tenant) -> None:
    """TEN-05: the same server connection, never reset between its clients."""
    with Database(database_url, pool_size=1) as database, database.transaction() as connection:
        connection.execute("select set_config('app.tenant_id', %s, false)", (str(tenant.id),))
        connection.execute("select set_config('role', 'sp_owner', false)")
        # the next client's transaction, before anybody resets the session
        with connection.transaction():
            connection.execute("select set_config('app.tenant_id', '', true), set_config('role', 'sp_web', true)")
            assert connection.execute(SLUGS).fetchall() == []


def test_a_lock_is_not_waited_for_longer_than_its_limit(database_url: str, tenant: Tenant) -> None:
    """DBM-06."""
    with (
        Database(database_url, lock_timeout=0.05) as database,
        database.transaction(tenant.id) as holder,
        database.transaction(tenant.id) as waiter,
    ):
        holder.execute("select from platform.tenants for update")
        with pytest.raises(psycopg.errors.LockNotAvailable), waiter.transaction():
            waiter.execute("select from platform.tenants for update")


def test_a_server_that_goes_away_is_told_and_the_next_transaction_works(database: Database, database_url: str) -> None:
    """A restart of the server ends running transactions only."""
    with connect(database_url) as admin:

        def cut_off() -> None:
            with database.transaction() as victim:
                admin.execute("select pg_terminate_backend(%s, 5000)", (victim.info.backend_pid,))
                victim.execute("select 1")

        with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
            cut_off()
        # one that dies while it lies in the pool is noticed at the checkout
        with database.transaction() as idle:
            process = idle.info.backend_pid
        admin.execute("select pg_terminate_backend(%s, 5000)", (process,))
    with database.transaction() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_an_unreachable_server_is_told_without_url_and_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused at once
        url = f"postgresql://ann:geheim@127.0.0.1:{taken.getsockname()[1]}/shop"
        with (
            Database(url, connect_timeout=1) as database,
            pytest.raises(DatabaseUnavailable) as caught,
            database.transaction(),
        ):
            pass
    assert "SYNC_PLATFORM_DATABASE_URL" in str(caught.value)
    assert not any(part in f"{caught.value!r}{database!r}" for part in ("geheim", "ann", "shop", "127.0.0.1"))
    assert caught.value.__cause__ is None


def test_a_pool_whose_connections_are_all_busy_says_so(database_url: str) -> None:
    with (
        Database(database_url, pool_size=1, connect_timeout=1, busy_timeout=0.05) as database,
        database.transaction(),
        pytest.raises(DatabaseUnavailable, match="SYNC_PLATFORM_POOL_SIZE"),
        database.transaction(),
    ):
        pass


@pytest.mark.parametrize("url", ["mysql://x", "host=localhost password=geheim", "", "postgresql://a:ge%zzheim@h/d"])
def test_a_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        libpq_url(url)
    assert "heim" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(
    driver=st.sampled_from(["", "+psycopg", "+psycopg2", "+asyncpg"]),
    user=st.text("abcxyz", max_size=5),
    host=st.sampled_from(["", "localhost:5433", "db.example.com"]),
    query=st.sampled_from(["", "?host=/tmp/sockets", "?sslmode=require&host=/x"]),
    name=st.text(min_size=1, max_size=10).filter(lambda t: "\x00" not in t and t.isprintable()),
)
def test_any_form_of_url_can_be_pointed_at_another_database(
    driver: str, user: str, host: str, query: str, name: str
) -> None:
    at = f"{user}:pass%40word@" if user else ""
    moved = with_database(f"postgresql{driver}://{at}{host}/before{query}", name)
    parts = psycopg.conninfo.conninfo_to_dict(moved)
    assert parts["dbname"] == name
    assert parts.get("user") == (user or None)
    assert parts.get("password") == ("pass@word" if user else None)
    assert libpq_url(with_driver(moved, "psycopg2")) == moved
