"""When a shop sells: opening hours on its own clock, busy week-ends, a hump at noon and one after work."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from sync_platform.core.window import start_of_day
from sync_platform.sandbox.spec import ShopSpec

# Monday to Sunday
WEEKDAY_WEIGHTS = (0.8, 0.8, 0.9, 1.0, 1.35, 1.45, 0.7)


@dataclass(frozen=True)
class OpenHours:
    """One day's trading, epoch milliseconds, cut off at the shop's present; ``weight`` is its share of sales."""

    opens: int
    closes: int
    weight: float


def open_days(spec: ShopSpec) -> list[OpenHours]:
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
    days = open_days(spec)
    if not days:
        return []
    weights = [day.weight for day in days]
    total = spec.transactions if spec.transactions is not None else round(sum(weights) * spec.sales_per_day)
    triangular, random = rng.triangular, rng.random
    moments = []
    for day in rng.choices(days, weights, k=total):
        position = triangular(0.0, 1.0, 0.3 if random() < 0.4 else 0.75)
        moments.append(day.opens + min(int(position * (day.closes - day.opens)), day.closes - day.opens - 1))
    moments.sort()
    return moments


def _instant(spec: ShopSpec, day: date, hour: int) -> int:
    """An hour of the shop's clock as epoch milliseconds; hour 24 is the next midnight."""
    if hour == 24:
        return int(start_of_day(day + timedelta(days=1), spec.tz).timestamp() * 1000)
    return int(datetime.combine(day, time(hour), tzinfo=spec.tz).timestamp() * 1000)
