"""A small chart of rows per day for the asset page: bars, and the mean of the week before each day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import dagster as dg

from sync_platform.defs.picture import picture

WIDTH, HEIGHT, GAP = 360, 60, 2
DAYS = 30
WEEK = 7


class Day(NamedTuple):
    """``usual`` is the mean of the 7 days before."""

    day: date
    rows: int
    usual: float


def rows_per_day(rows: Mapping[date, int], last: date) -> list[Day]:
    """The 30 days up to ``last``; days without rows count as zero."""
    import pandas as pd  # here: a fifth of the time in which definitions load, and only runs draw charts

    days = [last - timedelta(days=n) for n in reversed(range(DAYS + WEEK))]
    counted = pd.Series([rows.get(day, 0) for day in days])
    usual = counted.shift(1).rolling(WEEK).mean()
    return [Day(*each) for each in zip(days, counted.tolist(), usual.tolist(), strict=True)][WEEK:]


def day_chart(rows: Mapping[date, int], last: date) -> dg.MarkdownMetadataValue:
    """Rows per day up to ``last`` as an SVG that the page shows by itself, with the figures in words below it.

    Small on purpose: it is kept with the latest materialisation of every day.
    """
    days = rows_per_day(rows, last)
    fullest = max(day.rows for day in days)
    most = max(1.0, fullest, *(day.usual for day in days))
    caption = (
        f"{days[0].day} to {last}: {days[-1].rows} rows on the last day, usually {days[-1].usual:.0f},"
        f" {fullest} on the fullest"
    )
    drawn = _bars([day.rows for day in days], most) + _line([day.usual for day in days], most)
    return picture(drawn, WIDTH, HEIGHT, caption)


def _bars(rows: Sequence[int], most: float) -> str:
    step = WIDTH / len(rows)
    path = "".join(f"M{(n + 0.5) * step:g} {HEIGHT}v-{HEIGHT * number / most:.3g}" for n, number in enumerate(rows))
    return f'<path d="{path}" stroke="#4f7cac" stroke-width="{step - GAP:g}"/>'


def _line(usual: Sequence[float], most: float) -> str:
    step = WIDTH / len(usual)
    points = " ".join(f"{(n + 0.5) * step:g},{HEIGHT - HEIGHT * mean / most:.3g}" for n, mean in enumerate(usual))
    return f'<polyline points="{points}" fill="none" stroke="#c0504d" stroke-width="1.5"/>'
