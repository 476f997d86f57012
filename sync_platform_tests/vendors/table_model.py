"""A table behind a PostgREST that is honest about each moment, while rows change between any two calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from sync_platform.vendors.envelope import decode_rows
from sync_platform.vendors.postgrest_rows import Key, Rows, keys_of

Change = tuple[str, int]
"""``insert`` (anywhere), ``append``, ``delete``, ``change`` or ``rebuild``, and which row it is about."""


@dataclass
class TableModel:
    """``stayed`` are the rows that were there from the first call to the last. Of the present pass, ``there`` were so,
    and ``in_pass`` were there at some time.

    ``cap`` is the silent one. ``changes`` happen before the call of their place. ``texts``: ids are texts.

    Call numbers from 1: ``empty_calls`` answer with no rows, ``hidden_calls`` leave out a row in the middle, ``totals``
    replace the count one after the other; None in it: not counted.
    """

    rows: dict[Key, int] = field(default_factory=dict)
    cap: int = 1000
    counted: bool = True
    changes: Sequence[Sequence[Change]] = ()
    empty_calls: frozenset[int] = frozenset()
    hidden_calls: frozenset[int] = frozenset()
    totals: Sequence[int | None] | None = None
    texts: bool = False
    calls: int = 0
    versions: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.stayed, self.there, self.in_pass = set(self.rows), set(self.rows), set(self.rows)

    def fetch(self, after: Key | None, limit: int, timeout_tries: int | None = None) -> Rows:
        self.calls += 1
        for change in self.changes[self.calls - 1 : self.calls][0] if self.calls <= len(self.changes) else ():
            self._apply(*change)
        if after is None:
            self.there, self.in_pass = set(self.rows), set(self.rows)
        left = sorted(key for key in self.rows if after is None or key > after)  # type: ignore[operator]
        shown = [] if self.calls in self.empty_calls else left[: min(limit, self.cap)]
        total: int | None = 0 if self.calls in self.empty_calls else len(left)
        if self.calls in self.hidden_calls and len(shown) > 2:
            # a row nobody may see for this one call: the source is honest about what it shows
            del shown[len(shown) // 2]
            total = len(left) - 1
        if self.totals is not None:
            total = self.totals[(self.calls - 1) % len(self.totals)]
        body = json.dumps([{"id": key, "version": self.rows[key]} for key in shown]).encode()
        page = decode_rows(body)
        return Rows(replace(page, total=total if self.counted else None), keys_of(page, after))

    def _apply(self, kind: str, number: int) -> None:
        keys = sorted(self.rows)  # type: ignore[type-var]
        at = keys[number % len(keys)] if keys else None
        if kind == "append" or (kind == "insert" and at is None):
            self.rows[self._key(10_000_000 + next(self.versions))] = 0
        elif kind == "insert":
            self.rows[self._key(1000 * (number % 90) + 1 + next(self.versions) % 998)] = 0
        elif kind == "rebuild":
            self.rows = {self._key(20_000_000 + next(self.versions)): version for version in self.rows.values()}
            self.stayed.clear()
            self.there.clear()
        elif kind == "delete" and at is not None:
            del self.rows[at]
            self.stayed.discard(at)
            self.there.discard(at)
        elif kind == "change" and at is not None:
            self.rows[at] = next(self.versions)
        self.in_pass |= set(self.rows)

    def _key(self, number: int) -> Key:
        return f"p{number:012d}" if self.texts else number


def table_of(number: int, *, texts: bool = False, **options: object) -> TableModel:
    """So many rows, with room between their ids."""
    keys: list[Key] = [f"p{1000 * at:012d}" if texts else 1000 * at for at in range(number)]
    return TableModel(dict.fromkeys(keys, 0), texts=texts, **options)  # type: ignore[arg-type]
