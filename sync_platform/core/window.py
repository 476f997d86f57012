"""Half-open stretches of time, and how business days in a zone map to them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, order=True)
class Window:
    """``[start, end)`` as aware UTC instants. ``start == end`` is an empty window and is allowed."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value = getattr(self, name)
            if value.tzinfo is None:
                raise ValueError(f"window {name} needs a time zone, got {value!r}")
            object.__setattr__(self, name, value.astimezone(UTC))
        if self.end < self.start:
            raise ValueError(f"window ends ({self.end}) before it starts ({self.start})")

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> "Window":
        """The business days ``first`` to ``last`` inclusive in ``zone``; 23- and 25-hour days included (SYS-02)."""
        return cls(start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone))

    def days(self, zone: ZoneInfo) -> list[date]:
        """Business days in ``zone`` that the window touches, in order."""
        if self.start == self.end:
            return []
        first = self.start.astimezone(zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def split(self, days: int, zone: ZoneInfo) -> Iterator["Window"]:
        """Consecutive windows of at most ``days`` business days in ``zone``, in order, without gap or overlap."""
        if days < 1:
            raise ValueError("a window is split into at least one day")
        start = self.start
        while start < self.end:
            end = min(start_of_day(start.astimezone(zone).date() + timedelta(days=days), zone), self.end)
            yield Window(start, end)
            start = end


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """First instant of a business day, in UTC. Where midnight does not exist (a clock change), the gap's end."""
    local = datetime.combine(day, time.min, tzinfo=zone)
    return local.astimezone(UTC).astimezone(zone).astimezone(UTC)


def day_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Merge adjacent days into inclusive ``(first, last)`` ranges, in order. A repeated day counts once."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
