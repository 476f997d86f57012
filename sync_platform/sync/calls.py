"""Counts every real request of a run, retries included (HTTP-11)."""

import threading
from collections import Counter
from collections.abc import Callable

CallCounts = dict[str, dict[str, int]]

#: Status of a call that has left and has not been answered; it stays that where the process dies before the answer.
UNANSWERED = "unanswered"


class CallCounter:
    """A CallObserver of the vendors' client: all calls of one run since its start. Safe between threads.

    ``record`` is given the counts, endpoint -> status -> number, right before a call leaves; where it raises, the call
    does not leave and is not counted. So what it stores is never less than what the source has received (I6).
    """

    def __init__(self, record: Callable[[CallCounts], None] | None = None) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._bytes = 0
        self._leaving = threading.local()

    def started(self, endpoint: str) -> None:
        """The first byte of a call is about to leave this thread."""
        with self._lock:
            self._calls[endpoint, UNANSWERED] += 1
        try:
            if self._record is not None:
                self._record(self.counts()[0])
        except BaseException:
            with self._lock:
                self._calls[endpoint, UNANSWERED] -= 1
            raise
        self._leaving.call = True

    def ended(self, endpoint: str, status: str, body_bytes: int) -> None:
        """The call of this thread is over. A connection that could not be opened was no call: nothing had left."""
        if not getattr(self._leaving, "call", False):
            return
        self._leaving.call = False
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
