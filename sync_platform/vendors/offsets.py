"""Reading by ``skip``: for collections whose ``total`` can be trusted (BLZ-06, F-26)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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


def read_offsets(
    fetch: Callable[[int], Envelope], delivered: Delivered, position: dict[str, Any] | None, page_size: int
) -> Iterator[RawPage]:
    """Advance by the rows received until as many distinct records were seen as ``total`` says, or a page is empty.

    A pass that ends with fewer is repeated, at most twice, while it brings something new: a record that moved up while
    we read was skipped. Short pages mean nothing. Raises ContractBroken when the server repeats itself for ever.
    """
    place = OffsetPlace(**position) if position else OffsetPlace()
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
        named = zip(page.ids(), page.hashes, strict=True)
        seen.update(name or digest.hex() for name, digest in named if digest not in border)
        place.distinct = carried + len(seen)
        place.skip += len(page)
        place.news += len(fresh[0])
        if page.total is not None:
            place.total = max(place.total or 0, page.total)
        whole = place.distinct == place.total
        short = len(page) < min(page.limit or page_size, page_size)
        if not len(page) and not whole and _again(place):
            place, carried, border = _next_pass(place), 0, set()
            seen.clear()
            continue
        place.done = not len(page) or (whole and short)
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
    return OffsetPlace(passes=place.passes + 1, best=max(place.best, place.distinct))
