"""When a shop sells: opening hours on its own clock, busy week-ends, a hump at noon and one after work."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Protocol
from zoneinfo import ZoneInfo

from sync_platform.core.window import start_of_day
from sync_platform.sandbox.spec import ShopSpec

# Monday to Sunday
WEEKDAY_WEIGHTS = (0.8, 0.8, 0.9, 1.0, 1.35, 1.45, 0.7)


class Hours(Protocol):
    """When somebody trades: ``days`` days from the first, whole hours of the own clock, up to the present."""

    @property
    def first_day(self) -> date: ...
    @property
    def days(self) -> int: ...
    @property
    def opens(self) -> int: ...
    @property
    def closes(self) -> int: ...
    @property
    def tz(self) -> ZoneInfo: ...
    @property
    def now_ms(self) -> int: ...


@dataclass(frozen=True)
class OpenHours:
    """One day's trading, epoch milliseconds, cut off at the shop's present; ``weight`` is its share of sales."""

    opens: int
    closes: int
    weight: float


def open_days(spec: Hours) -> list[OpenHours]:
    """The days on which the shop has been open so far; a day of a clock change is longer or shorter."""
    days: list[OpenHours] = []
    for number in range(spec.days):
        day = spec.first_day + timedelta(days=number)
        opens = _instant(spec, day, spec.opens)
        closes = _instant(spec, day, spec.closes)
        until = min(closes, spec.now_ms)
        if until > opens:
            share = (until - opens) / (closes - opens)
            days.append(OpenHours(opens, until, WEEKDAY_WEIGHTS[day.weekday()] * share))
    return days


def sale_moments(spec: ShopSpec, rng: Random) -> list[int]:
    """Instants of all transactions of the shop's history, oldest first, epoch milliseconds."""
    return moments(spec, spec.transactions, spec.sales_per_day, rng)


def moments(spec: Hours, total: int | None, per_day: float, rng: Random) -> list[int]:
    """``total`` instants at which somebody sells, or ``per_day`` of them, oldest first, epoch milliseconds."""
    days = open_days(spec)
    if not days:
        return []
    weights = [day.weight for day in days]
    if total is None:
        total = round(sum(weights) * per_day)
    triangular, random = rng.triangular, rng.random
    found = []
    for day in rng.choices(days, weights, k=total):
        position = triangular(0.0, 1.0, 0.3 if random() < 0.4 else 0.75)
        found.append(day.opens + min(int(position * (day.closes - day.opens)), day.closes - day.opens - 1))
    found.sort()
    return found


def _instant(spec: Hours, day: date, hour: int) -> int:
    """An hour of the shop's clock as epoch milliseconds; hour 24 is the next midnight."""
    if hour == 24:
        return int(start_of_day(day + timedelta(days=1), spec.tz).timestamp() * 1000)
    return int(datetime.combine(day, time(hour), tzinfo=spec.tz).timestamp() * 1000)
