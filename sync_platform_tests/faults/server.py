"""A PostgreSQL of the case's own, which may be crashed, stopped and started again."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from sync_platform.db.embedded import EmbeddedPostgres, start_embedded
from sync_platform.db.migrations import upgrade


class PrivateServer:
    """Durable: what was committed is there after a crash. ``database_url`` names a migrated database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[EmbeddedPostgres] = []
        self.start()
        self.database_url = self._held[0].url()
        upgrade(self.database_url)

    def crash(self) -> None:
        """As ``pg_ctl stop -m immediate``: no goodbye, and recovery at the next start."""
        self._signal(signal.SIGQUIT)

    def stop(self) -> None:
        """As ``pg_ctl stop -m fast``: open transactions are rolled back."""
        self._signal(signal.SIGINT)

    def start(self) -> None:
        """Returns when it answers."""
        self._held.append(start_embedded(self._folder))

    def close(self) -> None:
        """The last holder stops it; all are ours."""
        if not (self._folder / "postgres" / "postmaster.pid").exists():
            self.start()
        for holder in self._held:
            holder.stop()

    def _signal(self, number: signal.Signals) -> None:
        pid_file = self._folder / "postgres" / "postmaster.pid"
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, number)
        until = time.monotonic() + 60
        while _alive(pid):
            assert time.monotonic() < until, "the server does not stop"
            time.sleep(0.01)


@contextmanager
def private_server() -> Iterator[PrivateServer]:
    """In a folder that the server's own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="sync_platform-server-"))
    server = PrivateServer(folder)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


def answers(url: str) -> bool:
    """Whether the server accepts connections."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # the server is nobody's child here once its starter is gone; where it still is ours, it has to be taken away
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return True
