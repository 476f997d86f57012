"""Migrations: from nothing, twice, interrupted anywhere, two at once, by an ordinary administrator, on old roles."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from sync_platform.core.errors import ConfigurationError, DatabaseUnavailable
from sync_platform.core.tenant import Tenant
from sync_platform.db import migrations, sql_files
from sync_platform.db.connect import connect
from sync_platform.db.migration_status import migrations as migration_files
from sync_platform.db.migration_status import status
from sync_platform.db.migrations import upgrade
from sync_platform.db.schema_check import check


@pytest.fixture
def own_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the SQL folder that a test may change, as a later release would."""
    folder = tmp_path / "sql"
    shutil.copytree(sql_files.sql_root(), folder)
    monkeypatch.setattr(sql_files, "sql_root", lambda: folder)
    return folder


def test_an_empty_database_is_brought_to_the_head_and_a_second_run_does_nothing(empty_database_url: str) -> None:
    """DBM-01, DBM-02."""
    heard: list[str] = []
    before = status(empty_database_url)
    assert (before.current, before.behind) == (None, True)
    applied = upgrade(empty_database_url, heard.append)
    assert applied == tuple(heard) == before.pending
    after = status(empty_database_url)
    assert (after.current, after.pending, after.edited, after.newer) == (before.head, (), (), False)
    assert upgrade(empty_database_url) == ()
    assert check(empty_database_url) == ()


def test_every_migration_file_is_numbered_without_a_gap() -> None:
    """DBM-01."""
    assert [f.stem[:5] for f in migration_files()] == [f"{n:04}_" for n in range(1, len(migration_files()) + 1)]


def test_an_upgrade_interrupted_at_any_statement_leaves_whole_files_and_goes_on(empty_database_url: str) -> None:
    """DBM-01: a file is applied whole or not at all."""
    with connect(empty_database_url) as connection:
        connection.execute("""
            create schema probe;
            grant usage on schema probe to public;
            create sequence probe.passed;
            create table probe.stop (at bigint);
            insert into probe.stop values (0);
            create function probe.interrupt() returns event_trigger language plpgsql security definer as $$
            begin
                -- a sequence counts on although the transaction rolls back
                if nextval('probe.passed') = (select at from probe.stop) then
                    raise exception 'interrupted';
                end if;
            end $$;
            create event trigger interrupt on ddl_command_end execute function probe.interrupt();
        """)
        place, interrupts = 1, 0
        while (before := status(empty_database_url)).pending:
            connection.execute("select setval('probe.passed', 1, false)")
            connection.execute("update probe.stop set at = %s", (place,))
            try:
                upgrade(empty_database_url)
            except psycopg.errors.RaiseException:
                interrupts += 1
            after = status(empty_database_url)
            # the last step applies many alike files together: there every tenth statement will do
            stride = 1 if after.current != after.head else 10
            place = place + stride if after.pending == before.pending else 1
        connection.execute("drop event trigger interrupt")
    assert interrupts > 40
    assert check(empty_database_url) == ()


def test_two_runners_of_one_database_apply_each_file_once(empty_database_url: str) -> None:
    """DBM-01."""
    everything = status(empty_database_url).pending
    with ThreadPoolExecutor(3) as threads:
        ran = list(threads.map(lambda _: upgrade(empty_database_url), range(3)))
    applied = [name for names in ran for name in names]
    assert sorted(applied) == sorted(everything)
    assert check(empty_database_url) == ()


def test_data_of_the_previous_release_survives_an_upgrade(database_url: str, tenant: Tenant, own_sql: Path) -> None:
    """DBM-02: previous release with data -> head; a new table gets its row security although no policy file changed."""
    (own_sql / "migrations" / "9999_next.sql").write_text(
        "create table platform.next_thing (tenant_id uuid not null, id bigint, primary key (tenant_id, id));"
    )
    applied = upgrade(database_url)
    assert applied[0] == "migrations/9999_next.sql"
    assert "policies/tenant_isolation.sql" in applied
    assert check(database_url) == ()
    with connect(database_url) as connection:
        row = connection.execute("select slug from platform.tenants where id = %s", (tenant.id,)).fetchone()
        assert row == ("alder",)


def test_a_changed_function_is_applied_again_and_a_changed_migration_is_reported(
    database_url: str, own_sql: Path
) -> None:
    """DBM-01, DBM-02."""
    function = own_sql / "functions" / "current_tenant.sql"
    function.write_text(function.read_text() + "\ncomment on function platform.current_tenant() is 'is 100 % new';\n")
    assert status(database_url).pending == ("functions/current_tenant.sql",)
    assert "functions/current_tenant.sql" in upgrade(database_url)
    with connect(database_url) as connection:
        row = connection.execute("select obj_description('platform.current_tenant()'::regprocedure)").fetchone()
        assert row == ("is 100 % new",)
    edited = own_sql / "migrations" / "0003_blaze.sql"
    edited.write_text(edited.read_text() + "\n-- an afterthought\n")
    assert status(database_url).edited == ("migrations/0003_blaze.sql",)
    assert upgrade(database_url) == ()
    assert [f.object for f in check(database_url)] == ["migrations/0003_blaze.sql"]


def test_a_database_of_a_newer_release_is_left_alone(database_url: str) -> None:
    """DBM-01: forward only."""
    with connect(database_url) as connection:
        connection.execute("update platform_migrations.version set version_num = '9999'")
    assert status(database_url).newer
    with pytest.raises(ConfigurationError, match="newer release"):
        upgrade(database_url)


def test_a_lock_that_somebody_holds_is_waited_for_in_short_tries(
    database_url: str, own_sql: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DBM-04: nobody queues behind a migration for longer than the lock timeout."""
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    (own_sql / "migrations" / "9999_next.sql").write_text("alter table blaze.products add column next_thing text;")
    slept: list[float] = []
    with connect(database_url) as holder:
        holder.execute("begin")
        holder.execute("select from blaze.products")

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 3:
                holder.execute("rollback")

        upgrade(database_url, sleep=sleep)
    assert len(slept) == 3
    assert all(0 < seconds <= 2 for seconds in slept)
    assert status(database_url).pending == ()


def test_a_lock_that_is_never_let_go_is_told_and_nothing_is_half_applied(
    database_url: str, own_sql: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DBM-04."""
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "5ms")
    (own_sql / "migrations" / "9999_next.sql").write_text(
        "create table platform.first (id bigint primary key); alter table blaze.products add column next_thing text;"
    )
    with connect(database_url) as holder:
        holder.execute("begin; select from blaze.products")
        with pytest.raises(DatabaseUnavailable, match="lock"):
            upgrade(database_url, sleep=lambda _: None)
        assert holder.execute("select to_regclass('platform.first')").fetchone() == (None,)


def test_nothing_outside_our_own_schemas_is_touched(empty_database_url: str) -> None:
    """A given database is somebody's: its own tables, rights and settings stay as they are; production is added."""
    snapshot = """
        select n.nspname, n.nspowner::regrole::text,
               (select string_agg(a::text, ',') from unnest(n.nspacl) a where a::text not like 'sp\\_%'),
               (select string_agg(c.relname || c.relowner::text || coalesce(c.relacl::text, ''), ',' order by c.relname)
                from pg_class c where c.relnamespace = n.oid and c.relname !~ '^(customers|transaction|products)'),
               (select string_agg(e.extname, ',') from pg_extension e)
        from pg_namespace n
        where n.nspname not in ('platform', 'platform_migrations', 'blaze', 'mx_merchant', 'crm', 'purchases',
                                'analytics')
          and n.nspname not like 'pg\\_t%' order by 1
    """
    with connect(empty_database_url) as connection:
        connection.execute("create table public.theirs (n integer); grant select on public.theirs to public")
        connection.execute("create schema theirs; create view theirs.all as select * from public.theirs")
        before = connection.execute(snapshot).fetchall()
        upgrade(empty_database_url)
        assert connection.execute(snapshot).fetchall() == before


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(DatabaseUnavailable):
        upgrade("postgresql:///nothing?host=/nonexistent")
