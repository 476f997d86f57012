"""Windows and business days in zones with and without clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.window import Window, day_ranges, start_of_day

ZONES = st.sampled_from(
    [ZoneInfo(n) for n in ("UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")]
)


def test_a_window_needs_zones_and_a_start_before_its_end() -> None:
    """SYS-02."""
    aware = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        Window(datetime(2026, 1, 1), aware)  # noqa: DTZ001
    with pytest.raises(ValueError, match="before it starts"):
        Window(aware, aware - timedelta(seconds=1))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)])
def test_business_days_have_23_24_or_25_hours(day: date, hours: int) -> None:
    """SYS-02."""
    window = Window.of_days(day, day, ZoneInfo("America/Los_Angeles"))
    assert window.end - window.start == timedelta(hours=hours)
    assert window.days(ZoneInfo("America/Los_Angeles")) == [day]


def test_a_day_whose_midnight_does_not_exist_starts_where_the_gap_ends() -> None:
    """SYS-02: Beirut moves its clocks at midnight."""
    assert start_of_day(date(2024, 3, 31), ZoneInfo("Asia/Beirut")) == datetime(2024, 3, 30, 22, tzinfo=UTC)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 40), st.integers(1, 7), ZONES)
def test_splitting_leaves_no_gap_and_no_overlap(first: date, length: int, days: int, zone: ZoneInfo) -> None:
    """BLZ-05: at most seven business days each."""
    window = Window.of_days(first, first + timedelta(days=length), zone)
    parts = list(window.split(days, zone))
    assert parts[0].start == window.start
    assert parts[-1].end == window.end
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert all(1 <= len(part.days(zone)) <= days for part in parts)


@given(st.lists(st.dates(date(2026, 1, 1), date(2026, 2, 10))))
def test_day_ranges_cover_exactly_the_days(days: list[date]) -> None:
    """DAG-04."""
    ranges = day_ranges(days)
    covered = [first + timedelta(days=n) for first, last in ranges for n in range((last - first).days + 1)]
    assert covered == sorted(set(days))
    assert all(b[0] - a[1] > timedelta(days=1) for a, b in pairwise(ranges))
