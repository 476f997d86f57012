"""A long window as consecutive short ones; shorter still when the source cannot answer in time (BLZ-05, HTTP-05)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync_platform.core.errors import InvalidRequest, VendorTimeout
from sync_platform.core.window import Window
from sync_platform.vendors.paging import Delivered, RawPage, WindowReader

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
TIMEOUTS_BEFORE_HALVING = 2


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds, rounded down, exact for any year."""
    return (moment - _EPOCH) // _MILLISECOND


def epoch_ms_up(moment: datetime) -> int:
    """Whole milliseconds, rounded up: the end of a window must not move into it."""
    return -((_EPOCH - moment) // _MILLISECOND)


def read_windows(
    window: Window,
    position: dict[str, Any] | None,
    max_days: int,
    zone: ZoneInfo,
    read: WindowReader,
    by_instant: bool = False,
) -> Iterator[RawPage]:
    """Sub-windows of at most ``max_days`` business days, oldest first. ``position`` must be of the same window.

    ``by_instant``: the source counts a day as 24 hours, so that a week with a 25-hour day is too long for it.

    A sub-window that times out twice is halved down to one day, and so are those after it: a source that is slow for
    one week is slow for the next. Records handed out before the halving do not come again.
    """
    start, days, inside = window.start, max_days, None
    if position is not None:
        if position["window"] != _name(window):
            raise InvalidRequest("the position belongs to another window")
        start = _EPOCH + position["from"] * timedelta(microseconds=1)
        days, inside = min(position["days"], max_days), position["in"]
    delivered = Delivered()
    while start < window.end:
        part = next(Window(start, window.end).split(days, zone))
        if by_instant:
            part = Window(start, min(part.end, start + timedelta(days=days)))
        touched = len(part.days(zone))
        try:
            for page in read(part, inside, delivered, TIMEOUTS_BEFORE_HALVING if touched > 1 else None):
                place = {"window": _name(window), "from": _micro(start), "days": days, "in": page.position}
                yield replace(page, position=place)
        except VendorTimeout:
            if touched == 1:
                raise
            days, inside = max(1, touched // 2), None
            continue
        delivered.forget()
        start, inside = part.end, None


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _name(window: Window) -> list[int]:
    return [_micro(window.start), _micro(window.end)]
