"""The chart of rows per day: every day there, the week before as the measure."""

import base64
import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.defs.day_chart import DAYS, WEEK, day_chart, rows_per_day

LAST = date(2026, 11, 21)
counts = st.dictionaries(st.integers(0, 60).map(lambda n: LAST - timedelta(days=n)), st.integers(0, 10_000))


@given(counts)
def test_every_day_is_there_and_usual_is_the_mean_of_the_week_before(rows: dict[date, int]) -> None:
    """DAG-06: agrees with a plain second computation; days without rows count as zero."""
    days = rows_per_day(rows, LAST)
    assert [each.day for each in days] == [LAST - timedelta(days=n) for n in reversed(range(DAYS))]
    for each in days:
        before = [rows.get(each.day - timedelta(days=n), 0) for n in range(1, WEEK + 1)]
        assert each.rows == rows.get(each.day, 0)
        assert abs(each.usual - sum(before) / WEEK) < 1e-6


@given(counts)
def test_the_picture_stays_inside_its_frame_and_says_its_figures_in_words(rows: dict[date, int]) -> None:
    """UI pages show no information by picture alone."""
    text = day_chart(rows, LAST).md_str
    assert text is not None
    assert f"{rows.get(LAST, 0)} rows on the last day" in text
    svg = base64.b64decode(re.search(r"base64,([^)]+)\)", text)[1]).decode()  # type: ignore[index]
    heights = [float(height) for height in re.findall(r"v-([\d.]+(?:e-\d+)?)", svg)]
    assert len(heights) == DAYS
    assert all(0 <= height <= 60 for height in heights)
