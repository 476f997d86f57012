"""MX Merchant's list as a plain model that changes while it is being read: the judge of reading newest first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sync_platform.core.window import Window
from sync_platform.vendors.envelope import RECORDS_ENVELOPE, Envelope, decode_envelope
from sync_platform.vendors.paging import RawPage

FIRST = datetime(2025, 3, 1, tzinfo=UTC)


def minute(number: int) -> datetime:
    """The model's clock: record ``n`` is created in minute ``n``."""
    return FIRST + timedelta(minutes=number)


def minutes(first: int, end: int) -> Window:
    """Records ``first`` to ``end`` - 1."""
    return Window(minute(first), minute(end))


@dataclass
class MxModel:
    """``rows`` maps id to (minute of creation, version). ``dates``: the server filters by ``within``, else it lists
    all.

    Changes happen between calls; what is new is created after everything that was there.
    """

    rows: dict[int, tuple[int, int]]
    within: Window | None = None
    dates: bool = False
    sizes: list[int] = field(default_factory=list)
    totals: list[int | None] = field(default_factory=list)
    changes: list[list[tuple[str, int]]] = field(default_factory=list)
    duplicate_calls: frozenset[int] = frozenset()
    empty_calls: frozenset[int] = frozenset()
    calls: int = 0
    now: int = 1_000_000
    touched: set[int] = field(default_factory=set)
    last: Envelope | None = None

    def fetch(self, offset: int, limit: int, timeout_tries: int | None = None) -> Envelope:
        """The list as it is by now."""
        for kind, which in self.changes.pop(0) if self.changes else ():
            self._change(kind, which)
        self.calls += 1
        if self.calls in self.duplicate_calls and self.last is not None:
            return self.last
        ids = sorted(self._listed(), key=lambda key: (-self.rows[key][0], key))
        size = self.sizes[self.calls % len(self.sizes)] if self.sizes else limit
        shown = [] if self.calls in self.empty_calls else ids[offset : offset + size]
        total = self.totals[self.calls % len(self.totals)] if self.totals else len(ids)
        records = [
            {"created": f"{minute(self.rows[key][0]):%Y-%m-%dT%H:%M:%S.45Z}", "id": key, "v": self.rows[key][1]}
            for key in shown
        ]
        self.last = page(records, total)
        return self.last

    def _listed(self) -> Iterable[int]:
        if not self.dates or self.within is None:
            return self.rows
        window = self.within
        return [key for key, (at, _) in self.rows.items() if window.start <= minute(at) < window.end]

    def _change(self, kind: str, which: int) -> None:
        self.now += 1
        if kind == "insert" or not self.rows:
            self.rows[self.now] = (self.now, 0)
            self.touched.add(self.now)
            return
        key = sorted(self.rows)[which % len(self.rows)]
        if kind == "delete":
            self.touched.add(key)
            del self.rows[key]
        else:
            # a payment is settled: its place in the list stays
            self.rows[key] = (self.rows[key][0], self.rows[key][1] + 1)

    def wanted(self, window: Window | None = None) -> set[int]:
        """What was there before the reading and still is: all of it must be handed out."""
        there = self.rows.keys() - self.touched
        return {key for key in there if window is None or window.start <= minute(self.rows[key][0]) < window.end}


def listed(count: int, **changes: Any) -> MxModel:
    """``count`` records, one a minute."""
    return MxModel({number + 1: (number, 0) for number in range(count)}, **changes)


def page(records: Iterable[dict[str, Any]], total: int | None) -> Envelope:
    """Through the real decoder."""
    body = msgspec.json.encode({"recordCount": total, "records": list(records)})
    return decode_envelope(body, decoder=RECORDS_ENVELOPE)


def numbers(pages: Iterable[RawPage]) -> list[int]:
    """Ids of all records, in the order of delivery."""
    return [msgspec.json.decode(record)["id"] for page in pages for record in page.records]
