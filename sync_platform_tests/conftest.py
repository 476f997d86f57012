"""A real PostgreSQL for every test: a template is migrated once per worker and copied for each test that asks."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import with_database
from sync_platform.db.embedded import start_embedded
from sync_platform.db.migrations import upgrade
from sync_platform.db.pool import Database

# Without the prefix of the settings: it has to survive the next lines, and to reach the workers of xdist.
SERVER_VARIABLE = "TEST_DATABASE_URL"
_GIVEN_SERVER = os.environ.get(SERVER_VARIABLE)
# settings read the environment; the machine's own must not decide a test
for _name in [name for name in os.environ if name.startswith("SYNC_PLATFORM_")]:
    del os.environ[_name]

# a busy machine is slow, and that is no finding
settings.register_profile("sync_platform", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", settings.get_profile("sync_platform"))  # many examples: properties/effort.py
settings.load_profile("sync_platform")

MEMORY_NEEDED = 6 << 30

TenantFactory = Callable[..., Tenant]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--write-inventory`` writes what the tests of grants and row security found, to be read in the diff."""
    parser.addoption("--write-inventory", action="store_true", help="rewrite the inventories of rights")


def run_sql(url: str, statement: sql.Composed) -> None:
    """One statement outside a transaction, as the server's administrator."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def server_url(testrun_uid: str) -> Iterator[str]:
    """The administrator's URL of a server of our own, shared by the workers; or of the one that was given."""
    if _GIVEN_SERVER:
        yield _GIVEN_SERVER
        return
    # not under pytest's own folder: it is closed to the user that PostgreSQL runs as
    folder = _server_folder() / f"sync_platform-tests-{testrun_uid[:12]}"
    server = start_embedded(folder, durable=False)
    yield server.url("postgres")
    if server.stop():
        shutil.rmtree(folder)


def _server_folder() -> Path:
    """In memory where there is enough: a database is made of hundreds of files, ten times as fast there."""
    memory = Path("/dev/shm")
    enough = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_NEEDED
    return memory if enough else Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def new_database(server_url: str) -> Callable[..., str]:
    """Makes a database and returns its URL: empty, or a copy of the database named ``template``."""

    def make(name: str, template: str = "template0") -> str:
        run_sql(
            server_url,
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)),
        )
        return with_database(server_url, name)

    return make


@pytest.fixture(scope="session")
def drop_database(server_url: str) -> Callable[[str], None]:
    """Removes a database by name, whoever is still connected."""

    def drop(name: str) -> None:
        run_sql(server_url, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    return drop


@pytest.fixture(scope="session")
def template(new_database: Callable[..., str], drop_database: Callable[[str], None]) -> Iterator[str]:
    """The name of a migrated database."""
    name = f"sp_template_{uuid.uuid4().hex[:12]}"
    upgrade(new_database(name))
    yield name
    drop_database(name)


@pytest.fixture
def database_url(
    template: str, new_database: Callable[..., str], drop_database: Callable[[str], None]
) -> Iterator[str]:
    """A private, migrated database; the login is the server's administrator."""
    name = f"sp_test_{uuid.uuid4().hex[:12]}"
    yield new_database(name, template)
    drop_database(name)


@pytest.fixture
def empty_database_url(new_database: Callable[..., str], drop_database: Callable[[str], None]) -> Iterator[str]:
    """A private database with nothing in it."""
    name = f"sp_empty_{uuid.uuid4().hex[:12]}"
    yield new_database(name)
    drop_database(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The pool as the platform uses it."""
    with Database(database_url, pool_size=8) as database:
        yield database


@pytest.fixture
def make_tenant(database: Database) -> TenantFactory:
    """Adds a tenant by SQL: ``make_tenant("alder", zone="Europe/Berlin")``."""

    def make(slug: str | None = None, *, zone: str = "America/Los_Angeles", country: str = "US") -> Tenant:
        identity = uuid.uuid4()
        tenant = Tenant(
            identity, slug or f"shop-{identity.hex[:10]}", f"Shop {slug or identity.hex[:6]}", zone, country
        )
        with database.transaction(tenant.id) as connection:
            connection.execute(
                "insert into platform.tenants (id, slug, name, zone, country) values (%s, %s, %s, %s, %s)",
                (tenant.id, tenant.slug, tenant.name, tenant.zone_name, tenant.country),
            )
        return tenant

    return make


@pytest.fixture
def tenant(make_tenant: TenantFactory) -> Tenant:
    """A tenant."""
    return make_tenant("alder")


@pytest.fixture
def other_tenant(make_tenant: TenantFactory) -> Tenant:
    """Another tenant of the same database."""
    return make_tenant("birch")
