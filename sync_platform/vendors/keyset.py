"""Reading a window of ``modified`` by moving its bounds: nothing that moves meanwhile hides a record (F-27, F-28).

Skipping rows loses a record whenever one before it leaves the window. So after each page the window is narrowed to what
was not seen yet and read from its first row. Rows are skipped only among records with the same ``modified``, or while
the order of the server is not known; then each answer has to show a row of the page before, as the proof that nothing
moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from sync_platform.core.errors import ContractBroken
from sync_platform.vendors.envelope import Envelope
from sync_platform.vendors.paging import Delivered, RawPage, edge_of

NEWEST, OLDEST, NONE = "newest", "oldest", "none"
MAX_PASSES = 5
_IDLE = 50

Fetch = Callable[[int, int, int], Envelope]
"""``(low, high, skip)``, both bounds epoch milliseconds."""


@dataclass(frozen=True)
class KeysetPlace:
    """The bounds still to read, the rows of them already seen, and the hashes of the last of those rows."""

    low: int
    high: int
    seen: int = 0
    edge: list[str] = field(default_factory=list)
    modified: int | None = None
    order: str = ""
    narrowed: bool = False
    ending: bool = False
    passes: int = 0
    done: bool = False


@dataclass(frozen=True)
class _Rows:
    """Rows that follow the first ``after`` rows of the present bounds without a gap. ``short``: the end may be near."""

    page: Envelope
    after: int
    short: bool

    def __len__(self) -> int:
        return len(self.page)


class KeysetReader:
    """Reads one window. ``page_size`` is only used to guess where the end is; a wrong guess costs a call."""

    def __init__(self, low: int, high: int, fetch: Fetch, delivered: Delivered, page_size: int) -> None:
        self._window = (low, high)
        self._ask, self._delivered, self._page_size = fetch, delivered, page_size
        self._calls = 0
        self._shown: list[bytes] = []

    def pages(self, position: dict[str, Any] | None) -> Iterator[RawPage]:
        """All records of the window. Raises ContractBroken when the server's order changes on every pass."""
        place = KeysetPlace(**position) if position else KeysetPlace(*self._window)
        self._delivered.remember(place.edge)
        useful, idle, calls = 0, 0, self._calls
        while not place.done and place.low < place.high:
            place, page = self._step(place)
            fresh = self._delivered.fresh(page)
            if fresh[0]:
                useful, idle, calls = useful + 1, 0, self._calls
                yield self._delivered.page(fresh, page.total, dict(vars(place)))
                continue
            idle = self._calls - calls
            if idle > _IDLE + 2 * useful:
                raise ContractBroken("the source repeats the same records whatever is asked")

    def _fetch(self, place: KeysetPlace, skip: int) -> Envelope:
        self._calls += 1
        page = self._ask(place.low, place.high, skip)
        if len(page) and page.hashes == self._shown:
            # the page before, shown twice: whatever belongs here was not shown
            self._calls += 1
            page = self._ask(place.low, place.high, skip)
        self._shown = page.hashes
        return page

    def _step(self, place: KeysetPlace) -> tuple[KeysetPlace, Envelope]:
        """One step: the place after it, and the rows to deliver with it."""
        if place.seen == 0:
            page = self._fetch(place, 0)
            if not len(page) and place.narrowed:
                # the row at the bound should be here: either it was just modified, or an empty page came by mistake
                page = self._fetch(place, 0)
            return self._advanced(place, self._rows(page, 0, 0)) if len(page) else replace(place, done=True), page
        # the answer beyond the known rows counts only if the last known row is still in its place afterwards
        beyond = self._fetch(place, place.seen) if place.ending else None
        rows, known = self._aligned(place)
        if len(rows):
            return self._advanced(place, rows), rows.page
        if beyond is None or known < len(place.edge) or rows.after != place.seen:
            # what stood behind the last row that was found again is not known any more
            place = replace(place, ending=True, seen=rows.after, edge=place.edge[:known])
            return replace(place, narrowed=place.narrowed or rows.after == 0), rows.page
        if not len(beyond):
            return replace(place, done=True), beyond
        return self._advanced(place, self._rows(beyond, 0, place.seen)), beyond

    def _aligned(self, place: KeysetPlace) -> tuple[_Rows, int]:
        """The rows after the last known row that is still there, and how many of the known ones end with it."""
        edge = {bytes.fromhex(text): index for index, text in enumerate(place.edge)}
        back = 1
        while True:
            at = max(0, place.seen - back)
            page = self._fetch(place, at)
            for index in reversed(range(len(page))):
                if page.hashes[index] in edge:
                    return self._rows(page, index + 1, at + index + 1), edge[page.hashes[index]] + 1
            if at == 0:
                return self._rows(page, 0, 0), 0
            back *= 16

    def _rows(self, page: Envelope, start: int, after: int) -> _Rows:
        return _Rows(page.behind(start), after, len(page) < min(page.limit or self._page_size, self._page_size))

    def _advanced(self, place: KeysetPlace, rows: _Rows) -> KeysetPlace:
        modified = [stamp.modified for stamp in rows.page.stamps()]
        # rows of several pages tell the order only while all before them are of one moment
        before = place.modified if rows.after and not place.order else None
        order = _order(before, modified, place.order)
        if place.order in (NEWEST, OLDEST) and order == NONE:
            # sorted so far, and now not: what was left out by narrowing may be anywhere
            return KeysetPlace(*self._window, order=NONE)
        if order == NONE and rows.after == 0:
            place = self._another_pass(place)
        last = modified[-1]
        onward = replace(
            place,
            seen=rows.after + len(rows),
            edge=edge_of(rows.page.hashes),
            modified=last,
            order=order,
            ending=rows.short,
        )
        narrowed = _narrowed(onward, order, last)
        if narrowed is None:
            return onward
        # The narrowed window begins with the rows at its bound, and the neighbours kept on the near side. Near the end
        # the former are skipped at once; otherwise they come again, as the proof that none was missed.
        ties = sum(1 for value in modified if value == last)
        near = sum(1 for value in modified if value is not None and last is not None and abs(value - last) <= 1)
        edge = edge_of(rows.page.hashes[-near:])
        return replace(narrowed, seen=ties if rows.short else 0, edge=edge, narrowed=True)

    def _another_pass(self, place: KeysetPlace) -> KeysetPlace:
        if place.passes >= MAX_PASSES:
            raise ContractBroken(f"records are in no order and moved during each of {MAX_PASSES} passes")
        return replace(place, passes=place.passes + 1)


def _narrowed(place: KeysetPlace, order: str, last: int | None) -> KeysetPlace | None:
    """Bounds without what was seen, None when they cannot be narrowed.

    One millisecond more than needed is kept: whether a bound belongs to the window is not documented.
    """
    if last is None:
        return None
    if order == NEWEST and last + 1 < place.high:
        return replace(place, high=last + 1)
    return replace(place, low=last - 1) if order == OLDEST and last - 1 > place.low else None


def _order(before: int | None, modified: list[int | None], known: str) -> str:
    """The order of consecutive rows, given what is known; empty while all are equal."""
    if known == NONE or None in modified:
        return NONE
    values = [value for value in [before, *modified] if value is not None]
    rising = all(a <= b for a, b in pairwise(values))
    falling = all(a >= b for a, b in pairwise(values))
    if rising and falling:
        return known
    found = OLDEST if rising else NEWEST if falling else NONE
    return found if known in ("", found) else NONE
