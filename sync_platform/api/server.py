"""The service's port: uvicorn, with an end to slow clients, and a stop that finishes what it began."""

import logging
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import FrameType

import structlog
from uvicorn import Config, Server

from sync_platform.api.app import build_app
from sync_platform.api.slow_clients import PatientProtocol
from sync_platform.api.work_process import WorkProcess
from sync_platform.core.errors import ConfigurationError
from sync_platform.db.pool import Database
from sync_platform.sync.platform import Platform, call_budgets

TICKS_PER_SECOND = 10
#: Seconds after which a thread that computes lets others go on. A request changes threads several times, and each time
#: waits for its turn: with Python's own 5 ms eight clients at once wait a third longer for their answers.
SWITCH_INTERVAL = 0.001
#: Connections for those that need a second one: an audit entry beside a transaction, and what watches over a claim.
_SPARE = 8
_LOCK_TIMEOUT, _CONNECT_TIMEOUT = 2.0, 3.0  # seconds


class PatientServer(Server):
    """``stopping`` is told before the port is closed, so that streams end by themselves."""

    def __init__(self, config: Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % TICKS_PER_SECOND == 0:
            for connection in list(self.server_state.connections):
                if isinstance(connection, PatientProtocol):
                    connection.end_if_overdue(1.0)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No new connections; what is served is served to its end, for a while."""
        self._stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the command's: the library's own way would end it with the signal, not with an exit code."""
        yield


def serve(platform: Platform, sockets: list[socket.socket], *, on_ready: Callable[[], None]) -> None:
    """Serve, and work on what requests ask for, until SIGTERM or ^C; then end what was begun. ``sockets`` listen
    already. Call it in the main thread."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    rules = platform.settings.requests
    working = WorkProcess(platform) if rules.workers or rules.waiting_work else nullcontext()
    with for_requests(platform) as own, working:
        _run(server_of(own), sockets, on_ready)


def _run(server: PatientServer, sockets: list[socket.socket], on_ready: Callable[[], None]) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        if server.should_exit:
            server.force_exit = True  # asked twice: at once
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        on_ready()
        server.run(sockets)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def server_of(platform: Platform) -> PatientServer:
    """A server that has not begun, and works on no requests of the queue."""
    settings = platform.settings.api
    protocol = type("Protocol", (PatientProtocol,), {"limits": settings})
    config = Config(
        build_app(platform),
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the application looks at them, and only where a proxy is trusted
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    logger = logging.getLogger("uvicorn.error")
    logger.handlers = [_ToLog()]
    logger.propagate = False
    return PatientServer(config, platform.stopping.set)


@contextmanager
def for_requests(platform: Platform) -> Iterator[Platform]:
    """The same platform with connections of its own, which wait for nothing for long: however busy the workers are and
    whatever the database does, a request is answered in time."""
    settings = platform.settings
    url = settings.loader_database_url or settings.database_url
    assert url is not None  # an open platform has a database
    with Database(
        url.get_secret_value(),
        pool_size=settings.api.threads + settings.api.fast_threads + _SPARE,
        statement_timeout=settings.api.statement_timeout,
        lock_timeout=_LOCK_TIMEOUT,
        connect_timeout=_CONNECT_TIMEOUT,
        idle_timeout=settings.api.statement_timeout,
        busy_timeout=_CONNECT_TIMEOUT,
        wait=settings.api.database_wait,
        stopping=platform.stopping,
    ) as database:
        budgets = call_budgets(settings, database, platform.keyring, platform.sleep)
        yield replace(platform, database=database, budgets=budgets)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any. Raises ConfigurationError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host} port {port}: {error.strerror}") from None


class _ToLog(logging.Handler):
    """The server's warnings, without the texts of errors: they may hold what somebody sent."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        if record.levelno >= logging.WARNING:
            kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
            structlog.get_logger("sync_platform.api").warning("server", message=str(record.msg).strip(), error=kind)
