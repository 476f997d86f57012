"""Records of one entity as ready JSON, in the orders in which the vendor lists them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from threading import RLock
from typing import Any

import msgspec

Record = dict[str, Any]
encode = msgspec.json.Encoder().encode
decode: Callable[[bytes], Record] = msgspec.json.Decoder(Record).decode

_LAST_ID = "\U0010ffff"


class Order:
    """Record ids sorted by a whole-number key (epoch milliseconds), ready to be cut into windows."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str]] = []
        self._keys: dict[str, int] = {}

    def put(self, record_id: str, key: int) -> None:
        """Place a record, or move it."""
        if self._keys.get(record_id) == key:
            return
        self.discard(record_id)
        insort(self._entries, (key, record_id))
        self._keys[record_id] = key

    def discard(self, record_id: str) -> None:
        """Take a record out, if it is there."""
        key = self._keys.pop(record_id, None)
        if key is not None:
            del self._entries[bisect_left(self._entries, (key, record_id))]

    def between(self, first: int, last: int) -> tuple[int, int]:
        """Positions of the records with ``first <= key <= last``, as a half-open range."""
        return bisect_left(self._entries, (first, "")), bisect_right(self._entries, (last, _LAST_ID))

    def ids(self, start: int, stop: int) -> list[str]:
        """The ids at these positions, lowest key first."""
        return [record_id for _, record_id in self._entries[start:stop]]


class Collection:
    """Every record is kept encoded: a large shop fits into memory and a page is a join of bytes.

    ``listed_at`` says on which instant a record is listed where that is not ``modified`` (transactions).
    ``modified_at`` reads the latter where records do not carry it in epoch milliseconds.
    """

    def __init__(
        self,
        lock: RLock,
        listed_at: Callable[[Record], int] | None = None,
        modified_at: Callable[[Record], int] = lambda record: record.get("modified") or 0,
    ) -> None:
        self._lock = lock
        self._listed_at, self._modified_at = listed_at, modified_at
        self._bodies: dict[str, bytes] = {}
        self._modified = Order()
        self._listed = Order()

    def __len__(self) -> int:
        return len(self._bodies)

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._bodies

    def put(self, record: Record) -> None:
        """Insert or replace by ``id``."""
        record_id = str(record["id"])
        with self._lock:
            self._bodies[record_id] = encode(record)
            self._modified.put(record_id, self._modified_at(record))
            if self._listed_at is not None:
                self._listed.put(record_id, self._listed_at(record))

    def put_all(self, records: Iterable[Record]) -> None:
        """Insert or replace many."""
        for record in records:
            self.put(record)

    def remove(self, record_id: str) -> None:
        """Forget a record altogether: the vendor no longer lists it."""
        with self._lock:
            self._bodies.pop(record_id, None)
            self._modified.discard(record_id)
            self._listed.discard(record_id)

    def body(self, record_id: str) -> bytes | None:
        """One record as JSON."""
        return self._bodies.get(record_id)

    def get(self, record_id: str) -> Record:
        """One record, decoded: a copy. ``KeyError`` if there is none."""
        return decode(self._bodies[record_id])

    def ids(self) -> list[str]:
        """All ids in the order of insertion."""
        with self._lock:
            return list(self._bodies)

    def bodies(self) -> list[bytes]:
        """All records as JSON, in the order of insertion."""
        with self._lock:
            return list(self._bodies.values())

    def records(self) -> Iterator[Record]:
        """All records, decoded, as they were when the call was made."""
        return map(decode, self.bodies())

    def unordered(self, skip: int, limit: int) -> list[bytes]:
        """A page in the order of insertion: stable, and no order by any field."""
        with self._lock:
            return list(islice(self._bodies.values(), skip, skip + limit))

    def count_modified(self, first: int, last: int) -> int:
        """How many records were modified in ``[first, last]``."""
        with self._lock:
            start, stop = self._modified.between(first, last)
            return stop - start

    def newest_modified(self, first: int, last: int, skip: int, limit: int) -> list[bytes]:
        """A page of the records modified in ``[first, last]``, newest first."""
        with self._lock:
            start, stop = self._modified.between(first, last)
            page = self._modified.ids(max(start, stop - skip - limit), max(start, stop - skip))
            return [self._bodies[record_id] for record_id in reversed(page)]

    def ids_modified(self, first: int, last: int) -> list[str]:
        """The ids of the records modified in ``[first, last]``, oldest first."""
        with self._lock:
            return self._modified.ids(*self._modified.between(first, last))

    def count_listed(self, first: int, last: int) -> int:
        """How many records are listed in ``[first, last]``."""
        with self._lock:
            start, stop = self._listed.between(first, last)
            return stop - start

    def oldest_listed(self, first: int, last: int, skip: int, limit: int) -> list[bytes]:
        """A page of the records listed in ``[first, last]``, oldest first."""
        with self._lock:
            start, stop = self._listed.between(first, last)
            page = self._listed.ids(min(start + skip, stop), min(start + skip + limit, stop))
            return [self._bodies[record_id] for record_id in page]
