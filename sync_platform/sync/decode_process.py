"""The other side of ``decode_worker``: starts such processes, hands pages over, and does without where one is gone."""

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog

from sync_platform.settings import PREFIX
from sync_platform.sync import decode_worker
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES
from sync_platform.sync.decode_worker import received, send
from sync_platform.sync.decoded import Asked, Decoded
from sync_platform.sync.entities import SourceEntity

_log = structlog.get_logger()
_DECODED = msgspec.msgpack.Decoder(Decoded | None)
_encode = msgspec.msgpack.Encoder().encode
# two pages, so that nobody waits to hand one over while another one is decoded
_PIPE_BYTES = 1024 * 1024


class DecodeProcess:
    """Pages are asked for in one thread and answered in the same order in another. Never raises: it may be killed."""

    def __init__(self, entity: SourceEntity, drift_sample: int, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._untold = threading.Lock()  # whoever takes it tells of the end; nobody gives it back
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", decode_worker.__name__, entity.name, str(drift_sample)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        with suppress(OSError, AttributeError):  # only Linux has it, and an administrator may allow less
            fcntl.fcntl(self._to, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def pid(self) -> int:
        """For whoever wants to watch it, or kill it."""
        return self._process.pid

    def ask(self, asked: Asked) -> bool:
        """Hand a page over; whether that was possible."""
        try:
            send(self._to, _encode(asked))
        except (OSError, ValueError):  # it is gone, or was closed by the other thread
            self._tell()
            return False
        return True

    def answer(self) -> Decoded | None:
        """The next page's. None where the process is gone, and for a page with a record that cannot be loaded."""
        try:
            answer = received(self._from)
            if answer is not None:
                decoded: Decoded | None = _DECODED.decode(answer)
                return decoded
        except (OSError, ValueError, msgspec.MsgspecError):
            pass
        self._tell()
        return None

    def _tell(self) -> None:
        """Once, and not of the end that we made: whoever looks after the machine may want to know who killed it."""
        if self._untold.acquire(blocking=False):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            _log.warning("decode process ended", pid=self.pid, exit_code=self._process.returncode)

    def close(self) -> None:
        """End it. Pages that were asked for are not answered any more."""
        self._untold.acquire(blocking=False)
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):  # what it had not read yet
                pipe.close()
        self._ended()


class DecodeProcesses:
    """All of one process of ours; where there are enough, a reading does without."""

    def __init__(self) -> None:
        self._lock, self._running = threading.Lock(), 0

    def start(self, entity: SourceEntity, drift_sample: int, most: int | None) -> DecodeProcess | None:
        """One more, unless ``most`` are running; None: as many as there are cores beside our own.

        Only for the entities of Blaze: what other records become depends on the account they are read from.
        """
        allowed = _cores() - 1 if most is None else most
        with self._lock:
            if entity is not BLAZE_ENTITIES.get(entity.name) or self._running >= allowed:
                return None
            self._running += 1
        try:
            return DecodeProcess(entity, drift_sample, self._end)
        except OSError:  # no room for a process
            self._end()
            return None

    def _end(self) -> None:
        with self._lock:
            self._running -= 1


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
