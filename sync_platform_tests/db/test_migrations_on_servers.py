"""Migrations on servers that are not ours alone: new ones, hosted ones, and ones where the roles exist."""

import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg import sql

from sync_platform.core.errors import ConfigurationError
from sync_platform.db.connect import connect, with_database
from sync_platform.db.embedded import start_embedded
from sync_platform.db.migrations import upgrade
from sync_platform.db.schema_check import check

ROLES = ("sp_owner", "sp_loader", "sp_promoter", "sp_web", "sp_readonly", "sp_audit")


@pytest.fixture
def fresh_server() -> Iterator[str]:
    """A server that has never seen the platform's roles; the administrator's URL."""
    folder = Path(tempfile.mkdtemp(prefix="sync_platform-fresh-"))
    with start_embedded(folder, durable=False) as server:
        yield server.url("postgres")
    shutil.rmtree(folder)


def ordinary_admin(server_url: str, database: str) -> str:
    """The URL of a login that may create roles and owns its database, as hosted platforms give it."""
    with connect(server_url) as connection:
        name = sql.Identifier(database)
        connection.execute(sql.SQL("create role {} login createrole createdb password 'x'").format(name))
        for role in ROLES:
            # on a server with the roles, whoever administers them has to let a second administrator in
            if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                connection.execute(sql.SQL("grant {} to {} with admin option").format(sql.Identifier(role), name))
        connection.execute(sql.SQL("create database {0} owner {0}").format(name))
    return re.sub(r"//(postgres)?(:[^@]*)?@?", f"//{database}:x@", with_database(server_url, database), count=1)


def test_two_databases_of_a_new_server_are_migrated_at_the_same_time(fresh_server: str) -> None:
    """Roles belong to the server: both runners make the same ones."""
    urls = [with_database(fresh_server, f"shop_{n}") for n in range(3)]
    with connect(fresh_server) as connection:
        for n in range(3):
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(f"shop_{n}")))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(upgrade, urls))
    assert [check(url) for url in urls] == [(), (), ()]


def test_an_administrator_who_is_no_superuser_can_migrate_a_new_server(fresh_server: str) -> None:
    """TEN-03: as on hosted platforms."""
    url = ordinary_admin(fresh_server, "hosted")
    upgrade(url)
    assert check(url) == ()
    assert upgrade(url) == ()


def test_an_administrator_who_is_no_superuser_can_migrate_where_the_roles_exist(
    server_url: str, template: str, drop_database: Callable[[str], None]
) -> None:
    """TEN-03. ``template`` sees to it that the roles exist."""
    name = f"sp_admin_{uuid.uuid4().hex[:8]}"
    try:
        url = ordinary_admin(server_url, name)
        upgrade(url)
        assert check(url) == ()
    finally:
        drop_database(name)
        with connect(server_url) as connection:
            connection.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(name)))


def test_a_login_that_may_not_migrate_is_told_what_it_needs(server_url: str, empty_database_url: str) -> None:
    name = f"sp_nobody_{uuid.uuid4().hex[:8]}"
    with connect(server_url) as connection:
        connection.execute(sql.SQL("create role {} login password 'x'").format(sql.Identifier(name)))
        try:
            with pytest.raises(ConfigurationError, match="CREATEROLE"):
                upgrade(re.sub(r"//(postgres)?(:[^@]*)?@?", f"//{name}:x@", empty_database_url, count=1))
        finally:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
