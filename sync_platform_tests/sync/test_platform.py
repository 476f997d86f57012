"""Opening the platform: on its own server, on a given one, and on one that is not ready."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from sync_platform.core.errors import ConfigurationError, DatabaseUnavailable
from sync_platform.db.connect import connect
from sync_platform.settings import Settings, load_settings
from sync_platform.sync.platform import open_platform

KEY = Fernet.generate_key().decode()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Not under pytest's folder, which is closed to the embedded server's user."""
    with tempfile.TemporaryDirectory(prefix="sync_platform-open-") as name:
        yield Path(name)


def given(url: str, **more: object) -> Settings:
    return load_settings(database_url=url, master_keys=[KEY], _env_file=None, **more)


def test_without_a_database_the_embedded_one_is_started_migrated_and_stopped(data_dir: Path) -> None:
    """CLI-07: everything from nothing."""
    steps: list[str] = []
    settings = load_settings(data_dir=data_dir, _env_file=None)
    with open_platform(settings, on_step=steps.append) as platform:
        assert steps[0] == "migrations/0001_roles.sql"
        with platform.database.transaction() as connection:
            assert connection.execute("select count(*) from platform.tenants").fetchone() == (0,)
        environment = platform.child_environment()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(environment["SYNC_PLATFORM_DATABASE_URL"])
    steps.clear()
    with open_platform(settings, on_step=steps.append) as again:
        assert steps == []
        assert again.child_environment() == environment


def test_a_child_process_works_on_the_same_database_with_the_same_keys(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_platform(load_settings(data_dir=data_dir, _env_file=None)) as platform:
        environment = platform.child_environment()
        assert environment["SYNC_PLATFORM_DAGSTER_DATABASE_URL"].startswith("postgresql+psycopg2://")
        assert Path(environment["SYNC_PLATFORM_DATA_DIR"]).is_absolute()
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with open_platform(load_settings(_env_file=None)) as child:
            assert child.keyring.key_id == platform.keyring.key_id
            assert child.child_environment() == environment
            with child.database.transaction() as connection:
                assert connection.info.dbname == "sync_platform"
        with platform.database.transaction() as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_given_database_is_used_as_it_is(database_url: str) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    slept: list[float] = []
    with open_platform(given(database_url), clock=lambda: moment, sleep=slept.append) as platform:
        assert platform.clock() == moment
        with platform.database.transaction() as connection:
            assert connection.execute("select current_user").fetchone() == ("sp_loader",)


def test_a_given_database_that_is_behind_is_not_changed(empty_database_url: str) -> None:
    """DBM-02."""
    with pytest.raises(ConfigurationError, match="sync-platform db upgrade"), open_platform(given(empty_database_url)):
        pass
    with connect(empty_database_url) as connection:
        assert connection.execute("select count(*) from pg_namespace where nspname = 'platform'").fetchone() == (0,)


def test_a_newer_database_is_refused(database_url: str) -> None:
    """DBM-01."""
    with connect(database_url) as connection:
        connection.execute("update platform_migrations.version set version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer release"), open_platform(given(database_url)):
        pass


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(DatabaseUnavailable), open_platform(given("postgresql:///x?host=/nonexistent")):
        pass


def test_beside_a_given_database_dagster_needs_its_own(database_url: str) -> None:
    """Its tables do not belong into the tenants' database."""
    with (
        open_platform(given(database_url)) as platform,
        pytest.raises(ConfigurationError, match="DAGSTER_DATABASE_URL"),
    ):
        platform.child_environment()
    with open_platform(given(database_url, dagster_database_url="postgresql://h/dagster")) as platform:
        assert platform.child_environment()["SYNC_PLATFORM_DAGSTER_DATABASE_URL"] == "postgresql+psycopg2://h/dagster"


def test_a_platform_shows_no_secret(database_url: str) -> None:
    """HTTP-08."""
    with open_platform(given(database_url, dagster_database_url="postgresql://a:geheim@h/d")) as platform:
        assert KEY not in repr(platform)
        assert "geheim" not in repr(platform)
