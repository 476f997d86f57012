"""The workers beside the service, in a process of their own: an import at work there costs no request its time."""

import multiprocessing
import os
import signal
import threading
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import structlog

from sync_platform.core.errors import SyncError
from sync_platform.core.logs import log_json
from sync_platform.settings import Settings
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.request_worker import RequestWorker
from sync_platform.sync.waiting_work import WaitingWork

#: Seconds before workers that ended by themselves are started again, and how long they may take to end when asked to.
START_AGAIN, STOP = 2.0, 45.0
#: Requests come first where there are more processes than cores.
_NICENESS = 5
# neither threads nor connections of the service get into it
_PROCESSES = multiprocessing.get_context("spawn")
log = structlog.get_logger("sync_platform.api")


class WorkProcess:
    """Works on the queue of requests and on what waits, until the block ends; what runs then goes back into the queue.

    One that was killed is replaced. It ends as well when the service is gone, however that came about.
    """

    def __init__(self, platform: Platform, start_again: float = START_AGAIN) -> None:
        self._settings, self._start_again = platform.settings, start_again
        self._service_stops = platform.stopping
        self._stopping = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="work-process", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the process that works at the moment."""
        return self._process.pid

    def __enter__(self) -> Self:
        self._start()
        self._watching.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._watching.join()
        self._channel.close()
        self._process.join(STOP)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _start(self) -> None:
        self._channel, theirs = _PROCESSES.Pipe()
        # its settings go through a pipe: they hold keys, and others can read a command line
        self._process = _PROCESSES.Process(target=_work, args=(self._settings, theirs), name="sync_platform work")
        self._process.start()
        theirs.close()

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            if self._service_stops.is_set():
                self._channel.close()  # while the service answers its last requests, work is given back
                return
            if not self._process.is_alive():
                log.warning("workers_ended", exit_code=self._process.exitcode)
                self._channel.close()
                if not self._stopping.wait(self._start_again):
                    with suppress(OSError):  # no room for a process: it is tried again
                        self._start()


def _work(settings: Settings, channel: Connection) -> None:
    """The process. It ends when the other end of the channel is closed, which the end of the service does as well."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the service says when
    os.nice(_NICENESS)
    log_json()
    try:
        with open_platform(settings) as platform:
            waiting = WaitingWork(platform) if settings.requests.waiting_work else nullcontext()
            with RequestWorker(platform), waiting:
                with suppress(EOFError, OSError):
                    channel.recv()
                platform.stopping.set()
    except SyncError as error:
        log.warning("workers_failed", error=error.code)
