"""The rows of one table, in the order of the heap, with the two indexes that a CRM has: the key and the hash."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Any

from sync_platform.sandbox.collection import Record


class Rows:
    """A row that is written again moves to the end, as in PostgreSQL: without an order nothing may be expected."""

    def __init__(self, indexed: str) -> None:
        self.indexed = indexed
        self._rows: dict[Any, Record] = {}
        self._keys: list[Any] = []
        self._index: dict[str, dict[Any, None]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        """In the order of the heap."""
        return iter(self._rows.values())

    def keys(self) -> list[Any]:
        """All ids in ascending order. Not to be changed by the caller."""
        return self._keys

    def get(self, key: Any) -> Record:
        """One row. ``KeyError`` if there is none."""
        return self._rows[key]

    def find(self, key: Any) -> Record | None:
        """One row, or none."""
        return self._rows.get(key)

    def of(self, value: str) -> list[Record]:
        """The rows with this value in the indexed column."""
        return [self._rows[key] for key in self._index.get(value, ())]

    def by_id(self) -> list[Record]:
        """All rows in ascending order of their ids."""
        return [self._rows[key] for key in self._keys]

    def between(self, above: Any, below: Any) -> list[Record]:
        """Rows with ``above < id < below``, ascending; ``None`` leaves an end open."""
        start = 0 if above is None else bisect_right(self._keys, above)
        stop = len(self._keys) if below is None else bisect_left(self._keys, below)
        return [self._rows[key] for key in self._keys[start:stop]]

    def put(self, record: Record) -> None:
        """Insert or replace by id."""
        key = record["id"]
        before = self._rows.pop(key, None)
        if before is None:
            insort(self._keys, key)
        else:
            self._unindex(before)
        self._rows[key] = record
        value = record[self.indexed]
        if value is not None:
            self._index.setdefault(value, {})[key] = None

    def extend(self, records: Iterable[Record]) -> None:
        """Insert or replace several."""
        for record in records:
            self.put(record)

    def replace(self, records: Iterable[Record]) -> None:
        """Empty the table and fill it with these."""
        self._rows, self._keys, self._index = {}, [], {}
        self.extend(records)

    def discard(self, key: Any) -> None:
        """Delete one, if it is there."""
        record = self._rows.pop(key, None)
        if record is not None:
            del self._keys[bisect_left(self._keys, key)]
            self._unindex(record)

    def _unindex(self, record: Record) -> None:
        value = record[self.indexed]
        if value is not None:
            del self._index[value][record["id"]]
