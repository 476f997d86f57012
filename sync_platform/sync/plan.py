"""Which windows a request needs: days that are over whole, the open day from the cursor on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sync_platform.core.window import Window, day_ranges, start_of_day


@dataclass(frozen=True)
class PlannedWindow:
    """``reaches_now``: the window ends at the present, so that finishing it moves the cursor."""

    window: Window
    reaches_now: bool


def plan(
    days: Iterable[tuple[date, date]],
    *,
    zone: ZoneInfo,
    now: datetime,
    watermark: datetime | None,
    overlap: timedelta,
) -> list[PlannedWindow]:
    """Windows in order. The upper bound is fixed here: rows that keep changing cannot keep a run from ending.

    The open day alone starts at the cursor minus ``overlap``, even where that lies days back: a platform that was down
    catches up, whatever days it is asked for. Days that have not begun in the tenant's zone need nothing.
    """
    today = now.astimezone(zone).date()
    wanted = [day for first, last in days for day in _each(first, min(last, today))]
    planned: list[PlannedWindow] = []
    for first, last in day_ranges(wanted):
        start = start_of_day(first, zone)
        if last < today:
            planned.append(PlannedWindow(Window(start, start_of_day(last + timedelta(days=1), zone)), False))
            continue
        if watermark is not None:
            # this window will move the cursor, so it may not leave out what lies between the cursor and its first day
            behind = min(watermark - overlap, now)
            start = behind if first == today else min(start, behind)
        planned.append(PlannedWindow(Window(start, now), True))
    return planned


def _each(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
