"""A small chart of rows per day for the asset page: bars, and the mean of the week before each day."""

import base64
from collections.abc import Mapping
from datetime import date

import dagster as dg
import pandas as pd

WIDTH, HEIGHT, GAP = 360, 60, 2
DAYS = 30
WEEK = 7


def rows_per_day(rows: Mapping[date, int], last: date) -> pd.DataFrame:
    """The 30 days up to ``last``: ``rows`` (0 where there are none) and ``usual``, the mean of the 7 days before."""
    days = pd.date_range(end=pd.Timestamp(last), periods=DAYS + WEEK, freq="D")
    counted = pd.Series({pd.Timestamp(day): number for day, number in rows.items()}, dtype="int64")
    frame = pd.DataFrame({"rows": counted.reindex(days, fill_value=0)})
    frame["usual"] = frame["rows"].shift(1).rolling(WEEK).mean()
    return frame.tail(DAYS)


def day_chart(rows: Mapping[date, int], last: date) -> dg.MarkdownMetadataValue:
    """Rows per day up to ``last`` as an SVG that the page shows by itself, with the figures in words below it."""
    frame = rows_per_day(rows, last)
    most = max(1.0, float(frame[["rows", "usual"]].max().max()))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f"{_bars(frame['rows'], most)}{_line(frame['usual'], most)}</svg>"
    )
    picture = base64.b64encode(svg.encode()).decode()
    caption = (
        f"{frame.index[0]:%Y-%m-%d} to {frame.index[-1]:%Y-%m-%d}: {int(frame['rows'].iloc[-1])} rows on the last day,"
        f" usually {frame['usual'].iloc[-1]:.0f}, {int(frame['rows'].max())} on the fullest"
    )
    return dg.MetadataValue.md(f"![{caption}](data:image/svg+xml;base64,{picture})\n\n{caption}")


def _bars(rows: "pd.Series[int]", most: float) -> str:
    step = WIDTH / len(rows)
    return "".join(
        f'<rect x="{n * step:.1f}" y="{HEIGHT - HEIGHT * number / most:.1f}" width="{step - GAP:.1f}"'
        f' height="{HEIGHT * number / most:.1f}" fill="#4f7cac"><title>{day:%Y-%m-%d}: {number}</title></rect>'
        for n, (day, number) in enumerate(rows.items())
    )


def _line(usual: "pd.Series[float]", most: float) -> str:
    step = WIDTH / len(usual)
    points = " ".join(f"{(n + 0.5) * step:.1f},{HEIGHT - HEIGHT * mean / most:.1f}" for n, mean in enumerate(usual))
    return f'<polyline points="{points}" fill="none" stroke="#c0504d" stroke-width="1.5"/>'
