"""Dates and times of a purchase file (CSV-06, SYS-02): ISO 8601, or another order where the sender says which.

A time without a zone is the tenant's. Of an hour that a clock change repeats the first is meant; one that it leaves out
is read as if the clock had not changed. A day without a time begins at midnight.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sync_platform.transforms.purchase_rules import Dates

FIRST_YEAR, LAST_YEAR = 1900, 2199
CODES = frozenset(("missing_value", "not_a_date", "date_out_of_range"))
_REMEMBERED = 20_000
_HOURS = r"(?P<clock>(?P<hour>[01]?[0-9]|2[0-3])(?P<rest>:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?))"
_ZONE = r"(?P<zone>Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)"  # PostgreSQL knows offsets below 16 hours
_CLOCK = rf"(?:[T ]{_HOURS}(?: ?{_ZONE})?)?"
_OTHERS = r"(?P<date>(?P<{}>[0-9]{{1,2}})(?P<mark>[./-])(?P<{}>[0-9]{{1,2}})(?P=mark)(?P<year>[0-9]{{4}}))"
_FORMATS = {
    "iso": r"(?P<date>(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2}))",
    "day_first": _OTHERS.format("day", "month"),
    "month_first": _OTHERS.format("month", "day"),
}


class Times(dict[str, str]):
    """A cell -> ISO 8601 with an offset, or one of CODES. Remembers a bounded number of cells."""

    def __init__(self, dates: Dates, zone: ZoneInfo) -> None:
        super().__init__()
        self._format = re.compile(_FORMATS[dates] + _CLOCK, re.IGNORECASE)
        self._zone = zone
        self._days = dict[str, tuple[str, str]]()

    def __missing__(self, cell: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[cell] = found = self._read(cell.strip())
        return found

    def _read(self, cell: str) -> str:
        if not cell:
            return "missing_value"
        match = self._format.fullmatch(cell)
        if not match:
            return "not_a_date"
        date, hour, rest, zone = match.group("date", "hour", "rest", "zone")
        known = self._days.get(date)
        if known is None:
            try:
                known = self._day(*map(int, match.group("year", "month", "day")))
            except ValueError:  # no such day
                return "not_a_date"
            if len(self._days) >= _REMEMBERED:
                self._days.clear()
            self._days[date] = known
        day, usual = known
        if day in CODES:
            return day
        local = f"{day} {hour:0>2}{rest}" if hour else f"{day} 00:00"
        if zone:
            return local + _written(zone)
        return local + (usual or offset(datetime.fromisoformat(local), self._zone))

    def _day(self, year: int, month: int, day: int) -> tuple[str, str]:
        """The day as ISO 8601, and the offset that it has from its first moment to its last; blank if that changes."""
        first = datetime(year, month, day)  # noqa: DTZ001
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return "date_out_of_range", ""
        usual = offset(first, self._zone)
        last = first.replace(hour=23, minute=59, second=59, fold=1)
        return first.date().isoformat(), usual if usual == offset(last, self._zone) else ""


def offset(moment: datetime, zone: ZoneInfo) -> str:
    """Of a local time, as ISO 8601 writes it."""
    distance = moment.replace(tzinfo=zone).utcoffset() or timedelta(0)
    sign = "-" if distance < timedelta(0) else "+"
    minutes, seconds = divmod(abs(distance) // timedelta(seconds=1), 60)
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _written(zone: str) -> str:
    if zone in "Zz":
        return "+00:00"
    digits = zone[1:].replace(":", "")
    return f"{zone[0]}{digits[:2]}:{digits[2:] or '00'}"
