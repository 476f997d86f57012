"""Every request the stand-in received (SBX-03). No key values, only fingerprints."""

from collections import Counter
from threading import Lock

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """``status`` 0: the connection was dropped instead of an answer. ``bytes`` counts the body, as sent.

    ``shop`` is the name of the shop or merchant, empty for an unknown key. ``partner`` is the fingerprint of the key
    that the call limit counts. ``at`` is epoch seconds on the server's clock.
    """

    at: float
    shop: str
    partner: str
    method: str
    path: str
    endpoint: str
    query: str
    status: int
    bytes: int
    faults: tuple[str, ...] = ()


class Journal:
    """Append-only until cleared. An entry is there before the first byte of its answer leaves."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Note a request."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def entries(
        self, *, shop: str | None = None, endpoint: str | None = None, status: int | None = None
    ) -> list[Entry]:
        """Requests in the order of arrival, filtered."""
        with self._lock:
            taken = list(self._entries)
        return [
            entry
            for entry in taken
            if (shop is None or entry.shop == shop)
            and (endpoint is None or entry.endpoint == endpoint)
            and (status is None or entry.status == status)
        ]

    def count(self, *, shop: str | None = None, endpoint: str | None = None, status: int | None = None) -> int:
        """How many requests came, refused and broken ones included."""
        return len(self.entries(shop=shop, endpoint=endpoint, status=status))

    def counts(self, *, shop: str | None = None) -> dict[str, dict[str, int]]:
        """Requests per endpoint and status."""
        counted: dict[str, Counter[str]] = {}
        for entry in self.entries(shop=shop):
            counted.setdefault(entry.endpoint, Counter())[str(entry.status)] += 1
        return {endpoint: dict(statuses) for endpoint, statuses in sorted(counted.items())}
