"""Reading by ``skip``: for collections whose ``total`` can be trusted (BLZ-06, MX-03, F-26)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from sync_platform.core.errors import ContractBroken
from sync_platform.vendors.envelope import Envelope
from sync_platform.vendors.paging import Delivered, RawPage, edge_of

MAX_PASSES = 3


@dataclass
class OffsetPlace:
    """Where a reading by skip stands. ``news``, ``distinct`` and ``total`` are the present pass's."""

    skip: int = 0
    passes: int = 1
    news: int = 0
    distinct: int = 0
    best: int = 0
    total: int | None = None
    edge: list[str] = field(default_factory=list)
    done: bool = False


@dataclass
class NewestPlace(OffsetPlace):
    """The place in a list that grows at its beginning. ``moved`` rows were pushed down while we read.

    ``total`` is without them: the records that were there when the pass began.
    """

    moved: int = 0


@dataclass(frozen=True)
class NewestFirst:
    """A list with the newest record first, whose count is right to the record: then the count alone ends a pass.

    ``outside`` tells that nothing of interest follows a page, so that the rest of the list need not be read.
    """

    outside: Callable[[Envelope], bool] = lambda page: False


def read_offsets(
    fetch: Callable[[int], Envelope],
    delivered: Delivered,
    position: dict[str, Any] | None,
    page_size: int,
    newest: NewestFirst | None = None,
) -> Iterator[RawPage]:
    """Advance by the rows received until as many distinct records were seen as ``total`` says, or a page is empty.

    A pass that ends with fewer is repeated, at most twice, while it brings something new: a record that moved up while
    we read was skipped. Short pages mean nothing. Raises ContractBroken when the server repeats itself for ever.

    With ``newest``, rows at the head of a page that were seen before say how far the list was pushed down: new records
    do not cost another pass. Where less is left than there was, rows vanished, and others may have been skipped.
    """
    kind = NewestPlace if newest else OffsetPlace
    place = kind(**position) if position else kind()
    delivered.remember(place.edge)
    # what an interrupted reading counted already, and the records of its last page, not to be counted twice
    carried, border = place.distinct, {bytes.fromhex(text) for text in place.edge}
    seen: set[str] = set()
    previous: list[bytes] = []
    while not place.done:
        page = fetch(place.skip)
        if len(page) and page.hashes == previous:
            # the page before, shown twice: whatever belongs here was not shown
            page = fetch(place.skip)
        previous = page.hashes
        fresh = delivered.fresh(page)
        rows = [(name or digest.hex(), digest in border) for name, digest in zip(page.ids(), page.hashes, strict=True)]
        total = page.total
        if isinstance(place, NewestPlace):
            place.moved += sum(1 for _ in takewhile(lambda row: row[1] or row[0] in seen, rows))
            total = None if total is None else total - place.moved
        seen.update(name for name, carried_over in rows if not carried_over)
        place.distinct = carried + len(seen)
        place.skip += len(page)
        place.news += len(fresh[0])
        if total is not None:
            place.total = max(place.total or 0, total)
        whole = place.distinct == place.total
        outside = newest is not None and newest.outside(page)
        vanished = total is not None and total != place.total
        if ((not len(page) and not whole) or (outside and vanished)) and _again(place):
            place, carried, border = _next_pass(place), 0, set()
            seen.clear()
            continue
        short = newest is not None or len(page) < min(page.limit or page_size, page_size)
        place.done = not len(page) or outside or (whole and short)
        place.edge = edge_of(page.hashes)
        if fresh[0] or (place.done and whole):
            yield delivered.page(fresh, page.total, dict(vars(place)), complete=place.done and whole)
        if place.skip > 2 * place.distinct + 20 * page_size:
            raise ContractBroken("the source repeats the same records whatever is skipped")


def _again(place: OffsetPlace) -> bool:
    if place.total is None or place.distinct > place.total or place.passes >= MAX_PASSES:
        return False
    return place.passes == 1 or place.news > 0 or place.distinct < place.best


def _next_pass(place: OffsetPlace) -> OffsetPlace:
    return type(place)(passes=place.passes + 1, best=max(place.best, place.distinct))
