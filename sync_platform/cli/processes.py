"""Child processes of ``demo`` and ``up``: the stand-in, Dagster's web server and daemon, the HTTP service."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sync_platform.core.errors import ConfigurationError, SyncError
from sync_platform.settings import PREFIX

STOP_SECONDS = 15
READY_SECONDS = 60


class Child:
    """One child process in a group of its own, its output in a log file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and modules
                command, env=dict(environment), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Of the process; also of its group and session."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """SIGTERM to the whole group, SIGKILL after a while: nothing is left behind."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def last_lines(self, number: int = 20) -> str:
        """The end of its log, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-number:])

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@dataclass(frozen=True)
class StandIns:
    """Addresses of the vendors' stand-ins."""

    blaze: str
    mx_merchant: str
    crm: str


@contextmanager
def sandbox_process(folder: Path) -> Iterator[StandIns]:
    """The stand-ins with the demonstration's shops, clinics and CRM projects, in one process."""
    command = [sys.executable, "-m", "sync_platform.cli", "sandbox", "start"]
    log = folder / "sandbox.log"
    log.unlink(missing_ok=True)
    child = Child("sandbox", command, os.environ, log)
    try:
        ready = json.loads(_first_line(child))
        yield StandIns(str(ready["url"]), str(ready["mx_merchant"]["url"]), str(ready["crm"]["url"]))
    finally:
        child.stop()


@contextmanager
def dagster_processes(
    folder: Path, workspace: Path, environment: Mapping[str, str], port: int
) -> Iterator[list[Child]]:
    """Web server on loopback and daemon (DAG-21: Dagster has no sign-in of its own)."""
    python = [sys.executable, "-m"]
    commands = {
        "web server": [*python, "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)],
        "daemon": [*python, "dagster._daemon", "run", "-w", str(workspace)],
    }
    children: list[Child] = []
    try:
        for name, command in commands.items():
            children.append(Child(name, command, environment, folder / f"{name.replace(' ', '-')}.log"))
        yield children
    finally:
        for child in children:
            child.stop()


@contextmanager
def service_process(folder: Path, environment: Mapping[str, str], port: int) -> Iterator[Child]:
    """The HTTP service on loopback. Files and events that wait are left to Dagster's sensors."""
    command = [sys.executable, "-m", "sync_platform.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    alone = {f"{PREFIX}REQUESTS__WAITING_WORK": "false", **environment}
    child = Child("service", command, alone, folder / "service.log")
    try:
        yield child
    finally:
        child.stop()


def wait_until_served(url: str, children: Sequence[Child], path: str = "/server_info") -> None:
    """Until the web server answers. Raises SyncError with the end of the log of a child that died."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        for child in children:
            if child.ended:
                raise SyncError(f"the {child.name} ended; the end of {child.log}:\n{child.last_lines()}")
        with suppress(URLError, OSError), urlopen(f"{url}{path}", timeout=2) as answer:  # noqa: S310  loopback
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise SyncError(f"the web server does not answer at {url}; see {children[0].log}")


def free_port(wanted: int) -> int:
    """``wanted`` if it is free on loopback, else any. Raises ConfigurationError where there is none."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise ConfigurationError("no free port on 127.0.0.1")


def _first_line(child: Child) -> str:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and not child.ended:
        for line in child.log.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                return line
        time.sleep(0.05)
    raise SyncError(f"the {child.name} did not start; the end of {child.log}:\n{child.last_lines()}")
