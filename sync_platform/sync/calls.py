"""Counts every real request of a run, retries included (HTTP-11)."""

import threading
from collections import Counter
from collections.abc import Mapping


class CallCounter:
    """A CallObserver of the vendors' client. ``drain`` hands the counts over exactly once; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._bytes = 0

    def __call__(self, endpoint: str, status: str, body_bytes: int) -> None:
        with self._lock:
            self._calls[endpoint, status] += 1
            self._bytes += body_bytes

    def drain(self) -> tuple[dict[str, dict[str, int]], int]:
        """Calls by endpoint and status, and bytes received, since the last drain."""
        with self._lock:
            calls, received = self._calls, self._bytes
            self._calls, self._bytes = Counter(), 0
        by_endpoint: dict[str, dict[str, int]] = {}
        for (endpoint, status), number in calls.items():
            by_endpoint.setdefault(endpoint, {})[status] = number
        return by_endpoint, received

    def give_back(self, calls: Mapping[str, Mapping[str, int]], received: int) -> None:
        """Take back what was drained for a transaction that was rolled back: the requests were made all the same."""
        with self._lock:
            for endpoint, statuses in calls.items():
                for status, number in statuses.items():
                    self._calls[endpoint, status] += number
            self._bytes += received
