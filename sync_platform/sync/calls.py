"""Counts every real request of a run, retries included (HTTP-11)."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CallCounts = dict[str, dict[str, int]]

#: Status of a call that has left and has not been answered; it stays that where the process dies before the answer.
UNANSWERED = "unanswered"


@dataclass(eq=False)
class _Leaving:
    """A call that waits to be recorded. ``settled``: that was tried, and ``error`` is what came of it."""

    endpoint: str
    settled: bool = False
    error: BaseException | None = None


class CallCounter:
    """A CallObserver of the vendors' client: all calls of one run since its start. Safe between threads.

    ``record`` is given the counts, endpoint -> status -> number, right before a call leaves; where it raises, the call
    does not leave and is not counted. So what it stores is never less than what the source has received (I6). Calls
    that are about to leave while others are being recorded are recorded together by the next turn: one statement.
    """

    def __init__(self, record: Callable[[CallCounts], None] | None = None) -> None:
        self._record = record
        self._recording = threading.Lock()
        self._waiting: list[_Leaving] = []
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._bytes = 0
        self._left = threading.local()

    def started(self, endpoint: str) -> None:
        """The first byte of a call is about to leave this thread."""
        if self._record is None:
            self._add([_Leaving(endpoint)], 1)
        else:
            mine = _Leaving(endpoint)
            with self._lock:
                self._waiting.append(mine)
            with self._recording:
                if not mine.settled:
                    self._record_waiting(self._record)
            if mine.error is not None:
                raise mine.error
        self._left.call = True

    def _record_waiting(self, record: Callable[[CallCounts], None]) -> None:
        """All that wait by now, for every one of their threads."""
        with self._lock:
            turn, self._waiting = self._waiting, []
        self._add(turn, 1)
        try:
            record(self.counts()[0])
        except BaseException as error:
            self._add(turn, -1)
            for call in turn:
                call.error = error
        for call in turn:
            call.settled = True

    def _add(self, turn: Sequence["_Leaving"], sign: int) -> None:
        with self._lock:
            for call in turn:
                self._calls[call.endpoint, UNANSWERED] += sign

    @property
    def waiting(self) -> int:
        """Calls that the next turn will record."""
        return len(self._waiting)

    def ended(self, endpoint: str, status: str, body_bytes: int) -> None:
        """The call of this thread is over. A connection that could not be opened was no call: nothing had left."""
        if not getattr(self._left, "call", False):
            return
        self._left.call = False
        with self._lock:
            self._calls[endpoint, UNANSWERED] -= 1
            self._calls[endpoint, status] += 1
            self._bytes += body_bytes

    def counts(self) -> tuple[CallCounts, int]:
        """Calls by endpoint and status, and bytes received, since the start."""
        with self._lock:
            calls, received = +self._calls, self._bytes
        by_endpoint: CallCounts = {}
        for (endpoint, status), number in calls.items():
            by_endpoint.setdefault(endpoint, {})[status] = number
        return by_endpoint, received
