"""Reading a window of ``modified`` by moving its bounds: nothing that moves meanwhile hides a record (F-27, F-28).

Skipping rows loses a record whenever one before it leaves the window. So after each page the window is narrowed to what
was not seen yet and read from its first row. Rows are skipped only among records with the same ``modified``, or while
the order of the server is not known; then each answer has to show a row of the page before, as the proof that nothing
moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
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
    """Rows that follow the first ``after`` rows of the present bounds without a gap."""

    page: Envelope
    start: int
    after: int

    @property
    def hashes(self) -> list[bytes]:
        return self.page.hashes[self.start :]

    def modified(self) -> list[int | None]:
        return [stamp.modified for stamp in self.page.stamps()[self.start :]]

    def __len__(self) -> int:
        return len(self.page) - self.start


class KeysetReader:
    """Reads one window. ``page_size`` is only used to guess where the end is; a wrong guess costs a call."""

    def __init__(self, low: int, high: int, fetch: Fetch, delivered: Delivered, page_size: int) -> None:
        self._window = (low, high)
        self._ask, self._delivered, self._page_size = fetch, delivered, page_size
        self._fetched: list[Envelope] = []

    def pages(self, position: dict[str, Any] | None) -> Iterator[RawPage]:
        """All records of the window. Raises ContractBroken when the server's order changes on every pass."""
        place = KeysetPlace(**position) if position else KeysetPlace(*self._window)
        self._delivered.remember(place.edge)
        useful = idle = 0
        while not place.done and place.low < place.high:
            self._fetched = []
            place = self._step(place)
            fresh = self._delivered.fresh(*self._fetched)
            if fresh[0]:
                useful, idle = useful + 1, 0
                yield self._delivered.page(fresh, self._fetched[-1].total, asdict(place))
                continue
            idle += len(self._fetched)
            if idle > _IDLE + 2 * useful:
                raise ContractBroken("the source repeats the same records whatever is asked")

    def _fetch(self, place: KeysetPlace, skip: int) -> Envelope:
        page = self._ask(place.low, place.high, skip)
        self._fetched.append(page)
        return page

    def _step(self, place: KeysetPlace) -> KeysetPlace:
        if place.seen == 0:
            page = self._fetch(place, 0)
            if not len(page) and place.narrowed:
                # the row at the bound should be here: either it was just modified, or an empty page came by mistake
                page = self._fetch(place, 0)
            return self._advanced(place, _Rows(page, 0, 0)) if len(page) else replace(place, done=True)
        # the answer beyond the known rows counts only if the last known row is still in its place afterwards
        beyond = self._fetch(place, place.seen) if place.ending else None
        rows, steady = self._aligned(place)
        if len(rows):
            return self._advanced(place, rows)
        if beyond is None or not steady:
            return replace(place, ending=True, seen=rows.after, narrowed=place.narrowed or rows.after == 0)
        if not len(beyond):
            return replace(place, done=True)
        return self._advanced(place, _Rows(beyond, 0, place.seen))

    def _aligned(self, place: KeysetPlace) -> tuple[_Rows, bool]:
        """The rows after the last known row that is still there, and whether that row has not moved."""
        edge = {bytes.fromhex(text): index for index, text in enumerate(place.edge)}
        back = 1
        while True:
            at = max(0, place.seen - back)
            page = self._fetch(place, at)
            for index in reversed(range(len(page))):
                if page.hashes[index] in edge:
                    last = edge[page.hashes[index]] == len(place.edge) - 1
                    return _Rows(page, index + 1, at + index + 1), last and at + index + 1 == place.seen
            if at == 0:
                return _Rows(page, 0, 0), False
            back *= 16

    def _advanced(self, place: KeysetPlace, rows: _Rows) -> KeysetPlace:
        modified = rows.modified()
        order = _order(place.modified if rows.after else None, modified, place.order)
        if place.order in (NEWEST, OLDEST) and order == NONE:
            # sorted so far, and now not: what was left out by narrowing may be anywhere
            return KeysetPlace(*self._window, order=NONE)
        if order == NONE and rows.after == 0:
            place = self._another_pass(place)
        last = modified[-1]
        short = len(rows.page) < min(rows.page.limit or self._page_size, self._page_size)
        onward = replace(
            place,
            seen=rows.after + len(rows),
            edge=edge_of(rows.hashes),
            modified=last,
            order=order,
            ending=short,
        )
        if last is None or order not in (NEWEST, OLDEST):
            return onward
        narrowed = _narrowed(onward, order, last)
        if narrowed is None:
            return onward
        ties = sum(1 for value in modified if value == last)
        tied = edge_of(rows.hashes[-ties:])
        # near the end the tied rows are skipped at once; otherwise they come again, as the proof that none was missed
        return replace(narrowed, seen=ties if short else 0, edge=tied, narrowed=True)

    def _another_pass(self, place: KeysetPlace) -> KeysetPlace:
        if place.passes >= MAX_PASSES:
            raise ContractBroken(f"records are in no order and moved during each of {MAX_PASSES} passes")
        return replace(place, passes=place.passes + 1)


def _narrowed(place: KeysetPlace, order: str, last: int) -> KeysetPlace | None:
    """Bounds without what was seen, None when they cannot be narrowed. One millisecond more than needed is kept on the
    near side: whether a bound belongs to the window is not documented."""
    if order == NEWEST:
        return replace(place, high=last + 1) if last + 1 < place.high else None
    return replace(place, low=last - 1) if last - 1 > place.low else None


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
