"""A collection that changes while it is being read, as a plain model: the judge of the paging readers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import msgspec

from sync_platform.vendors.envelope import Envelope, decode_envelope
from sync_platform.vendors.paging import RawPage

LOW, HIGH = 1_000, 2_000


@dataclass
class ModelServer:
    """``rows`` maps id to (modified, version). Changes happen between calls, always at a time after the window."""

    rows: dict[str, tuple[int, int]]
    order: str = "newest"
    inclusive: bool = True
    sizes: list[int] = field(default_factory=list)
    changes: list[list[tuple[str, int]]] = field(default_factory=list)
    totals: list[int | None] = field(default_factory=list)
    duplicate_calls: frozenset[int] = frozenset()
    empty_calls: frozenset[int] = frozenset()
    page_size: int = 10
    calls: int = 0
    touched: set[str] = field(default_factory=set)
    last: Envelope | None = None
    now: int = HIGH + 1_000

    def modified_fetch(self, low: int, high: int, skip: int) -> Envelope:
        """A window of ``modified``, as /members answers it."""

        def inside(modified: int) -> bool:
            return low <= modified <= high if self.inclusive else low <= modified < high

        return self._answer([key for key, (modified, _) in self.rows.items() if inside(modified)], skip)

    def whole_fetch(self, skip: int) -> Envelope:
        """The whole collection."""
        return self._answer(list(self.rows), skip)

    def _answer(self, keys: list[str], skip: int) -> Envelope:
        if self.changes:
            for kind, which in self.changes.pop(0):
                self._change(kind, which)
            keys = (
                [key for key in keys if key in self.rows and key not in self.touched] if self.order != "any" else keys
            )
            keys = [key for key in keys if key in self.rows]
        self.calls += 1
        if self.calls in self.duplicate_calls and self.last is not None:
            return self.last
        keys.sort(key=self._rank)
        size = self.sizes[self.calls % len(self.sizes)] if self.sizes else self.page_size
        shown = [] if self.calls in self.empty_calls else keys[skip : skip + size]
        total: int | None = len(keys)
        if self.totals:
            total = self.totals[self.calls % len(self.totals)]
        records = [{"id": key, "modified": self.rows[key][0], "v": self.rows[key][1]} for key in shown]
        self.last = envelope(records, total, self.page_size)
        return self.last

    def _rank(self, key: str) -> Any:
        modified = self.rows[key][0]
        scattered = crc32(key.encode()) if self.order == "none" else 0
        return {"newest": (-modified, key), "oldest": (modified, key), "none": (scattered, key)}.get(self.order, (key,))

    def _change(self, kind: str, which: int) -> None:
        self.now += 1
        if kind == "insert" or not self.rows:
            key = f"new{self.now}"
            self.rows[key] = (self.now, 0)
            self.touched.add(key)
            return
        key = sorted(self.rows)[which % len(self.rows)]
        self.touched.add(key)
        if kind == "delete":
            del self.rows[key]
        else:
            self.rows[key] = (self.now, self.rows[key][1] + 1)

    def untouched(self) -> set[str]:
        """Records that no next window will bring: all of these must have been delivered."""
        return {key for key in self.rows if key not in self.touched}


def envelope(records: Iterable[dict[str, Any]], total: int | None, limit: int = 10) -> Envelope:
    """Through the real decoder."""
    values = list(records)
    return decode_envelope(msgspec.json.encode({"values": values, "skip": 0, "limit": limit, "total": total}))


def ids(pages: Iterable[RawPage]) -> list[str]:
    """Ids of all records, in the order of delivery."""
    return [msgspec.json.decode(record)["id"] for page in pages for record in page.records]


Reader = Callable[[dict[str, Any] | None], Iterable[RawPage]]
