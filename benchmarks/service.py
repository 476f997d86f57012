"""The HTTP service of the bench: a real ``sync-platform serve``, its peak memory, and clients that measure answers."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.children import server
from benchmarks.client import Ask, Client
from benchmarks.stage import Stage
from sync_platform.settings import PREFIX

# the limits per token would be what is measured
WITHOUT_LIMITS = {f"{PREFIX}API__{name}_PER_MINUTE": "1000000" for name in ("WRITES", "READS")}
TIMEOUT = 60.0
WARM_UP = 20


@dataclass(frozen=True)
class Service:
    """A service that answers at ``host`` and ``port``."""

    host: str
    port: int
    pid: int

    @property
    def memory_mib(self) -> float:
        """Resident memory now."""
        return self._status("VmRSS")

    @property
    def peak_mib(self) -> float:
        """Highest resident memory since ``forget_peak``."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """The peak is what is resident now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def connection(self) -> HTTPConnection:
        """A connection that stays open."""
        return HTTPConnection(self.host, self.port, timeout=TIMEOUT)

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


@dataclass(frozen=True)
class Answers:
    """Seconds of each request, from when it was due, and how many had another status than the one wanted."""

    seconds: list[float]
    strange: int

    def percentile_ms(self, share: float) -> float:
        """The value in milliseconds that so large a share of them does not exceed."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def serving(stage: Stage, url: str, **values: str) -> Iterator[Service]:
    """The service on a database, until the block ends."""
    environment = stage.environment(url, **WITHOUT_LIMITS, **values)
    command = [sys.executable, "-m", "sync_platform.cli", "serve", "--port", "0", "--json"]
    with server(command, environment, stage.folder / "serve.log") as ready:
        parts = urlsplit(str(ready["url"]))
        assert parts.hostname is not None
        assert parts.port is not None
        service = Service(parts.hostname, parts.port, int(str(ready["pid"])))
        _wait_until_ready(service)
        yield service


def _wait_until_ready(service: Service) -> None:
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until:
        connection = service.connection()
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError("the service does not answer")


def ask(service: Service, clients: int, asks: Sequence[Ask], wanted: int, per_second: float | None = None) -> Answers:
    """Ask from so many clients, each with a connection of its own; one request after another, or each at its time.

    With ``per_second`` a late answer counts from when its request was due, so that a stall is not left out of account.
    """
    left = iter(enumerate([one.on_the_wire(service.host) for one in asks]))
    guard = threading.Lock()
    seconds: list[float] = []
    strange = [0]
    began = time.perf_counter()

    def client() -> None:
        with Client(service.host, service.port, TIMEOUT) as connection:
            while True:
                with guard:
                    number, one = next(left, (-1, b""))
                if number < 0:
                    return
                due = time.perf_counter()
                if per_second is not None:
                    due = began + number / per_second
                    time.sleep(max(0.0, due - time.perf_counter()))
                status = connection.ask(one)
                with guard:
                    seconds.append(time.perf_counter() - due)
                    strange[0] += status != wanted

    _together(client, clients)
    return Answers(seconds, strange[0])


def _together(work: Callable[[], None], number: int) -> None:
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # told by who waits for the threads
            failed.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def json_ask(path: str, headers: Mapping[str, str], body: object) -> Ask:
    """A POST of JSON."""
    return Ask("POST", path, {**headers, "Content-Type": "application/json"}, json.dumps(body).encode())
