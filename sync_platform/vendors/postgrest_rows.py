"""Reading a table in the order of its ``id``: nothing that changes meanwhile hides a row, and the count proves it.

Each page asks for what follows the last id seen, so that rows which come or go before it move nothing. The count of a
page is of the rows that are left. Where it is less than the page before promised, rows went away or were not shown:
which, cannot be told, so the table is passed through again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from sync_platform.core.errors import ContractBroken, VendorTimeout
from sync_platform.vendors.envelope import Envelope
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform.vendors.subwindows import TIMEOUTS_BEFORE_HALVING

MAX_PASSES = 3
SMALLEST_PAGE = 50

Key = int | str


@dataclass(frozen=True)
class Rows:
    """Rows with an id above the one asked for, and their ids; None where a row has none that can be read."""

    page: Envelope
    keys: list[Key | None]


FetchRows = Callable[[Key | None, int, int | None], Rows]
"""``(after, limit, timeout_tries)``: the first rows whose id is above ``after``."""


@dataclass
class Place:
    """Where a pass stands. ``rows`` were read in it; ``left`` should follow, None where that was not counted.

    ``sound``: each count can be true and none of them fell behind what was promised. ``counted``: there was a count.
    """

    after: Key | None = None
    rows: int = 0
    left: int | None = None
    passes: int = 1
    full: bool = False
    sound: bool = True
    counted: bool = False
    ended: bool = False

    @property
    def proven(self) -> bool:
        """All rows that were there during the whole pass have been seen."""
        return self.ended and self.sound and self.counted


class _Keyed(msgspec.Struct):
    id: int | str | None = None


_KEYED = msgspec.json.Decoder(_Keyed)


def keys_of(page: Envelope, after: Key | None) -> list[Key | None]:
    """The ids. Raises ContractBroken for numbers that are out of order or not above ``after``.

    Texts are sorted by the rules of the source's database, which cannot be repeated here.
    """
    keys = [_key(record) for record in page.records]
    numbers = [key for key in [after, *keys] if isinstance(key, int)]
    unordered = any(one > following for one, following in pairwise(numbers))
    if unordered or (after is not None and after in keys):
        raise ContractBroken("the rows are not those, or not in the order, that was asked for")
    return keys


def read_table(fetch: FetchRows, position: dict[str, Any] | None, page_size: int) -> Iterator[RawPage]:
    """All rows, each version once. ``complete`` is set on the last page where the count proves it (SYS-15).

    A pass that is not proven is repeated, at most twice; without counts there is nothing to prove.
    """
    place = Place(**position) if position else Place()
    delivered = Delivered()
    while True:
        for page in _pass(fetch, place, page_size, SMALLEST_PAGE):
            fresh = delivered.fresh(page)
            if fresh[0] or place.proven:
                total = None if place.left is None else place.rows + place.left
                yield delivered.page(fresh, total, dict(vars(place)), complete=place.proven)
        if place.sound or not place.counted or place.passes >= MAX_PASSES:
            return
        place = Place(passes=place.passes + 1)


def read_set(fetch: FetchRows, page_size: int, *, counted: bool, smallest_page: int) -> list[msgspec.Raw]:
    """All rows of one moment, or nearly: those of a single pass that is proven, or of one without counts.

    Raises ContractBroken where the count and the rows do not agree after all passes: a set that may have gaps must
    not replace one that has none. VendorTimeout where not even ``smallest_page`` rows come in time.
    """
    for passes in range(1, MAX_PASSES + 1):
        place = Place(passes=passes)
        found: dict[bytes, msgspec.Raw] = {}
        for page in _pass(fetch, place, page_size, smallest_page):
            found |= dict(zip(page.hashes, page.records, strict=True))
        if place.proven or not counted:
            return list(found.values())
        if not place.counted:
            raise ContractBroken("the rows were not counted as asked; switch count_rows off if the source cannot")
    raise ContractBroken(f"count and rows do not agree after {MAX_PASSES} tries")


def _pass(fetch: FetchRows, place: Place, page_size: int, smallest: int) -> Iterator[Envelope]:
    """The pages of one pass; ``place`` is moved on before each is handed out."""
    limit, seen = page_size, set[Key]()

    def asked() -> Rows:
        nonlocal limit
        while True:
            try:
                return fetch(place.after, limit, TIMEOUTS_BEFORE_HALVING if limit > smallest else None)
            except VendorTimeout:
                if limit <= smallest:
                    raise
                limit = max(smallest, limit // 2)

    while not place.ended:
        rows = asked()
        if _doubtful(rows, place, seen):
            rows = asked()
        if seen.intersection(rows.keys):
            raise ContractBroken("the same rows come again whatever is asked; id has to be unique")
        seen.update(key for key in rows.keys if key is not None)
        _move(place, rows, limit)
        yield rows.page


def _doubtful(rows: Rows, place: Place, seen: set[Key]) -> bool:
    """Whether an answer is worth a second call: a page shown before, or an end where none was to be expected."""
    if rows.keys:
        return bool(seen.intersection(rows.keys))
    expected = place.full if place.left is None else place.left > 0
    return place.after is None or expected or bool(rows.page.total)


def _move(place: Place, rows: Rows, limit: int) -> None:
    number, total = len(rows.keys), rows.page.total
    place.counted |= total is not None
    if total is not None and total < number:
        # a count that cannot be true says nothing
        place.sound, total = False, None
    elif total is None or total < (place.left or 0) or (total and not number):
        place.sound = False
    place.left = None if total is None else total - number
    # a count that was found wrong once does not end a reading any more, nor a pass that is there because of it
    place.ended = not number or (place.left == 0 and place.sound and place.passes == 1)
    place.full = number >= limit
    place.rows += number
    last = next((key for key in reversed(rows.keys) if key is not None), None)
    if last is None and not place.ended:
        raise ContractBroken("no row of a page has an id that can be read")
    place.after = place.after if last is None else last


def _key(record: msgspec.Raw) -> Key | None:
    try:
        return _KEYED.decode(record).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
