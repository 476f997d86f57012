"""Dagster as in production for the bench: storage in PostgreSQL, a daemon with its code server, and what they cost."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import dagster as dg
import psycopg

from benchmarks.children import ROOT, module_path
from benchmarks.stage import Stage
from sync_platform.cli.processes import Child, free_port, wait_until_served
from sync_platform.db.connect import libpq_url, with_driver
from sync_platform.settings import PREFIX

TICKS = os.sysconf("SC_CLK_TCK")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Home:
    """An instance and the environment of the processes that work on it."""

    folder: Path
    instance: dg.DagsterInstance
    environment: Mapping[str, str]

    def recorded(self, tables: Iterable[str]) -> dict[str, int]:
        """How many partitions of each table are shown as materialised."""
        keys = {table: dg.AssetKey(["blaze", table]) for table in tables}
        return {table: len(self.instance.get_materialized_partitions(key)) for table, key in keys.items()}

    @contextmanager
    def daemon(self, module: str, **settings: str) -> Iterator[Child]:
        """The daemon with the definitions of ``module``, as `sync-platform up` starts it."""
        with self._process("dagster._daemon", ["run"], module, settings) as child:
            yield child

    @contextmanager
    def web_server(self, **settings: str) -> Iterator[str]:
        """The web server with the project's definitions; its address, once it answers."""
        port = str(free_port(0))
        with self._process(
            "dagster_webserver", ["-h", "127.0.0.1", "-p", port], "sync_platform.definitions", settings
        ) as child:
            wait_until_served(f"http://127.0.0.1:{port}", [child])
            yield f"http://127.0.0.1:{port}"

    @contextmanager
    def _process(
        self, program: str, options: list[str], definitions: str, settings: Mapping[str, str]
    ) -> Iterator[Child]:
        workspace = self.folder / "workspace.yaml"
        workspace.write_text(f"load_from:\n  - python_module: {{module_name: {definitions}, location_name: bench}}\n")
        command = [sys.executable, "-m", program, *options, "-w", str(workspace)]
        child = Child(program, command, module_path({**self.environment, **settings}), self.folder / f"{program}.log")
        try:
            yield child
        finally:
            child.stop()


@contextmanager
def dagster_home(stage: Stage, name: str, url: str, dagster_url: str) -> Iterator[Home]:
    """An instance with the project's settings on its own database."""
    folder = stage.folder / f"dagster-{name}"
    folder.mkdir()
    shutil.copy(ROOT / "dagster.yaml", folder / "dagster.yaml")
    own = {
        f"{PREFIX}DAGSTER_DATABASE_URL": with_driver(dagster_url, "psycopg2"),
        "DAGSTER_HOME": str(folder),
        "DAGSTER_EVENT_BATCH_SIZE": "500",
    }
    environment = stage.environment(url, **own)
    with patch.dict(os.environ, own), dg.DagsterInstance.from_config(str(folder)) as instance:
        yield Home(folder, instance, environment)


def cpu_seconds(session: int, server_url: str) -> float:
    """User and system CPU so far of all processes of a session and of a PostgreSQL server on this machine, ended
    children included. The server is left out where it runs elsewhere."""
    with psycopg.connect(libpq_url(server_url)) as connection:
        row = connection.execute("select pg_backend_pid()").fetchone()
        backend = _stat(row[0]) if row else None
        postmaster = backend[1] if backend else -1
        return sum(_cpu(stat) for stat in _processes() if stat[3] == session or postmaster in stat[:2])


def _processes() -> Iterator[list[int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(int(entry))) is not None:
            yield stat


def _stat(pid: int) -> list[int] | None:
    """pid, parent, group, session, ... as proc(5) numbers them; None where the process is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return [pid, *(int(field) for field in fields[1:15])]


def _cpu(stat: list[int]) -> float:
    # fields 14 to 17: user and system time, own and of children that were waited for
    return sum(stat[11:15]) / TICKS


def wait_for(what: str, look: Callable[[], Found | None], seconds: float) -> Found:
    """Look until there is something. Raises TimeoutError with ``what`` was awaited."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"{what}: not within {seconds:g} s")
