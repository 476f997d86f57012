"""MX Merchant's lists: newest ``created`` first, read by offset and filtered again by ourselves (MX-03)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from sync_platform.core.errors import InvalidRequest, VendorTimeout
from sync_platform.core.window import Window
from sync_platform.vendors.envelope import Envelope
from sync_platform.vendors.offsets import NewestFirst, read_offsets
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform.vendors.subwindows import TIMEOUTS_BEFORE_HALVING

SMALLEST_PAGE = 10

FetchList = Callable[[int, int, int | None], Envelope]
"""``(offset, limit, timeout_tries)``."""


class _Dated(msgspec.Struct):
    created: datetime


_DATED = msgspec.json.Decoder(_Dated)


def created_of(record: msgspec.Raw) -> datetime | None:
    """When the source made the record, None where that cannot be told from the record alone."""
    try:
        created = _DATED.decode(record).created
        return None if created.tzinfo is None else created.astimezone(UTC)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError):
        return None


def read_newest(
    fetch: FetchList, window: Window | None, position: dict[str, Any] | None, page_size: int, newest: int | None = None
) -> Iterator[RawPage]:
    """Pages of a list without the records outside the window; at most ``newest`` records.

    Reading ends once a page lies wholly before the window: whether the source filters by date is not certain. A record
    whose ``created`` cannot be read is handed out, so that the quarantine gets it. ``position`` must be of the same
    window; where only the newest are asked for, an interrupted reading begins again: which those are has changed.
    A page that does not come in time is asked for in halves (HTTP-05).
    """
    if newest is not None and newest < 1:
        raise InvalidRequest("at least one record has to be asked for")
    name = [window.start.isoformat(), window.end.isoformat()] if window else []
    if position is not None and position["window"] != name:
        raise InvalidRequest("the position belongs to another window")
    given = 0
    limit = page_size if newest is None else min(page_size, newest)

    def page_at(offset: int) -> Envelope:
        nonlocal limit
        while True:
            try:
                return fetch(offset, limit, TIMEOUTS_BEFORE_HALVING if limit > SMALLEST_PAGE else None)
            except VendorTimeout:
                if limit <= SMALLEST_PAGE:
                    raise
                limit = max(SMALLEST_PAGE, limit // 2)

    def outside(page: Envelope) -> bool:
        return bool(page.records) and window is not None and all(_before(record, window) for record in page.records)

    place = position["in"] if position and newest is None else None
    for page in read_offsets(page_at, Delivered(), place, page_size, NewestFirst(outside)):
        inside = _inside(page, window)
        left = len(inside.records) if newest is None else newest - given
        shown = replace(inside, records=inside.records[:left], hashes=inside.hashes[:left])
        given += len(shown.records)
        if shown.records or shown.complete:
            yield replace(shown, position={"window": name, "in": page.position})
        if newest is not None and given >= newest:
            return


def _before(record: msgspec.Raw, window: Window) -> bool:
    created = created_of(record)
    return created is not None and created < window.start


def _inside(page: RawPage, window: Window | None) -> RawPage:
    if window is None:
        return page
    kept = []
    for record, digest in zip(page.records, page.hashes, strict=True):
        created = created_of(record)
        if created is None or window.start <= created < window.end:
            kept.append((record, digest))
    return replace(page, records=[record for record, _ in kept], hashes=[digest for _, digest in kept])
