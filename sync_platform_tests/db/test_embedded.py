"""The embedded server: started by the first holder, stopped by the last, whatever happens to those between."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sync_platform.core.errors import ConfigurationError
from sync_platform.db.embedded import DATABASES, start_embedded

HOLDER = """
import sys, time
from pathlib import Path
from sync_platform.db.embedded import start_embedded
server = start_embedded(Path(sys.argv[1]), durable=False)
print(server.url(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One cluster for all tests here; not under pytest's folder, which is closed to the server's user."""
    with tempfile.TemporaryDirectory(prefix="sync_platform-embedded-") as name:
        yield Path(name)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_first_start_makes_both_databases_and_listens_on_no_address(folder: Path) -> None:
    with start_embedded(folder, durable=False) as server:
        for name in DATABASES:
            with psycopg.connect(server.url(name)) as connection:
                row = connection.execute(
                    "select current_database(), current_setting('listen_addresses'),"
                    " current_setting('unix_socket_permissions')"
                ).fetchone()
                assert row == (name, "", "0700")
    assert not answers(server.url())


def test_a_strict_umask_does_not_open_a_port(folder: Path) -> None:
    """SEC-22: settings that the server's user cannot read would be skipped, and the defaults trust localhost."""
    before = os.umask(0o077)
    try:
        with start_embedded(folder, durable=False) as server, psycopg.connect(server.url("postgres")) as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("",)
    finally:
        os.umask(before)


def test_the_last_holder_stops_the_server(folder: Path) -> None:
    first, second = start_embedded(folder, durable=False), start_embedded(folder, durable=False)
    assert not first.stop()
    assert answers(second.url())
    assert not first.stop(), "a second call lets go of nothing"
    assert second.stop()
    assert not answers(second.url())


def test_a_holder_that_was_killed_neither_stops_nor_keeps_the_server(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        url = victim.stdout.readline().strip()
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
    assert answers(url)
    heir = start_embedded(folder, durable=False)
    assert heir.url() == url
    assert heir.stop()
    assert not answers(url)


def test_a_server_that_was_killed_is_started_again_and_has_its_data(folder: Path) -> None:
    server = start_embedded(folder)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table if not exists kept (n integer)")
        connection.execute("insert into kept values (1)")
    os.kill(int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    with start_embedded(folder) as again, psycopg.connect(again.url()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1,)
    server.stop()


def test_a_long_path_gets_a_private_socket_folder_elsewhere(folder: Path) -> None:
    """A socket's path holds about 100 bytes."""
    deep = folder / ("long" * 20) / ("name" * 10)
    with start_embedded(deep, durable=False) as server:
        assert answers(server.url())
        sockets = Path(server.url().rpartition("host=")[2])
        assert deep not in sockets.parents
        assert sockets.stat().st_mode & 0o077 == 0
    assert not sockets.exists()


def test_a_cluster_that_cannot_start_says_where_to_look(folder: Path) -> None:
    broken = folder / "broken"
    with start_embedded(broken, durable=False):
        pass
    (broken / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(
        ConfigurationError, match=r"server\.log in .*SYNC_PLATFORM_DATA_DIR.*SYNC_PLATFORM_DATABASE_URL"
    ):
        start_embedded(broken, durable=False)
