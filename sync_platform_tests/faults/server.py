"""A PostgreSQL of the case's own, which may be crashed, stopped and started again."""

import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from sync_platform.db.connect import with_database
from sync_platform.db.embedded import EmbeddedPostgres, start_embedded
from sync_platform.db.migrations import upgrade


class PrivateServer:
    """Durable: what was committed is there after a crash. ``template`` is a migrated database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[EmbeddedPostgres] = []
        self.start()
        self.template = self._held[0].url()
        upgrade(self.template)

    def new_database(self) -> str:
        """The URL of a migrated database of its own."""
        name = f"case_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(with_database(self.template, "postgres"), autocommit=True) as connection:
            copy = sql.SQL("create database {} template sync_platform")
            connection.execute(copy.format(sql.Identifier(name)))
        return with_database(self.template, name)

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
