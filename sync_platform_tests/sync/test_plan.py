"""Which windows a request needs, and how an interrupted one goes on."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.window import Window
from sync_platform.db.cursors import Cursor
from sync_platform.sync.plan import PlannedWindow, plan
from sync_platform.sync.reading import Part, parts, spans

LA = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)  # 13:00 on 10 March in Los Angeles
TODAY = date(2026, 3, 10)
MINUTES = timedelta(minutes=5)


def windows(*days: tuple[date, date], watermark: datetime | None = None) -> list[PlannedWindow]:
    return plan(days, zone=LA, now=NOW, watermark=watermark, overlap=MINUTES)


def test_days_that_are_over_are_read_whole_and_do_not_move_the_cursor() -> None:
    """Design section 6; the day with 23 hours included (SYS-02)."""
    [item] = windows((date(2026, 3, 7), date(2026, 3, 8)), watermark=NOW)
    assert item.reaches_now is False
    assert item.window.end - item.window.start == timedelta(hours=47)


def test_the_open_day_goes_on_from_the_cursor_minus_the_overlap() -> None:
    """BLZ-06, BLZ-07; a platform that was down catches up."""
    cursor = NOW - timedelta(days=3)
    assert windows((TODAY, TODAY), watermark=cursor) == [PlannedWindow(Window(cursor - MINUTES, NOW), True)]
    first = windows((TODAY, TODAY))
    assert first[0].window.start == datetime(2026, 3, 10, 7, 0, tzinfo=UTC)


def test_a_range_up_to_today_is_one_window() -> None:
    """Adjacent days are one pass."""
    [item] = windows((date(2026, 3, 1), TODAY), watermark=NOW)
    assert (item.window.start, item.window.end) == (datetime(2026, 3, 1, 8, tzinfo=UTC), NOW)


def test_days_that_have_not_begun_need_nothing() -> None:
    """The partition calendar runs ahead of most zones."""
    assert windows((TODAY + timedelta(days=1), TODAY + timedelta(days=1))) == []


def test_a_cursor_ahead_of_our_clock_still_gives_a_window() -> None:
    """HTTP-14: a source whose clock is ahead."""
    [item] = windows((TODAY, TODAY), watermark=NOW + timedelta(hours=1))
    assert item.window == Window(NOW, NOW)


@given(st.sets(st.dates(date(2026, 1, 1), date(2026, 4, 1)), max_size=20), st.sampled_from(["UTC", "Asia/Tokyo"]))
def test_every_asked_day_that_has_begun_is_covered_once(days: set[date], zone_name: str) -> None:
    """DAG-04: one key, a range or many are the same windows."""
    zone = ZoneInfo(zone_name)
    planned = plan([(d, d) for d in days], zone=zone, now=NOW, watermark=None, overlap=MINUTES)
    covered = [day for item in planned for day in item.window.days(zone)]
    assert covered == sorted(d for d in days if d <= NOW.astimezone(zone).date())


def test_an_interrupted_window_is_finished_before_the_rest() -> None:
    """SYS-09: the next run starts at the last committed batch, with the upper bound the window had."""
    start, middle = NOW - timedelta(days=2), NOW - timedelta(hours=1)
    wanted = PlannedWindow(Window(start, NOW), True)
    cursor = Cursor(None, Window(start, middle), {"chunk": "x"})
    assert parts(wanted, cursor, MINUTES) == [
        Part(Window(start, middle), {"chunk": "x"}),
        Part(Window(middle - MINUTES, NOW), None),
    ]


def test_an_interrupted_rest_does_not_bring_the_beginning_back() -> None:
    """SYS-09: the second part of a window that was interrupted twice."""
    start, rest, middle = NOW - timedelta(days=9), NOW - timedelta(days=1), NOW - timedelta(hours=1)
    wanted = PlannedWindow(Window(start, NOW), True)
    position = {"from": rest.isoformat(), "chunk": "x"}
    assert parts(wanted, Cursor(None, Window(start, middle), position), MINUTES) == [
        Part(Window(rest, middle), position),
        Part(Window(middle - MINUTES, NOW), None),
    ]


@pytest.mark.parametrize("start", [NOW - timedelta(days=3), NOW - timedelta(days=1)])
def test_a_window_that_begins_elsewhere_is_read_from_its_start(start: datetime) -> None:
    """SYS-09: another window's position says nothing about this one."""
    wanted = PlannedWindow(Window(NOW - timedelta(days=2), NOW), True)
    cursor = Cursor(None, Window(start, NOW - timedelta(hours=1)), {"chunk": "x"})
    assert parts(wanted, cursor, MINUTES) == [Part(wanted.window, None)]


@given(st.integers(0, 60 * 24 * 40), st.integers(1, 7))
def test_spans_cover_a_window_without_gap_and_never_exceed_their_length(minutes: int, days: int) -> None:
    """BLZ-05: also across a change of the clock, where seven business days may have 169 hours."""
    window, length = Window(NOW - timedelta(minutes=minutes), NOW), timedelta(days=days)
    found = spans(window, length)
    assert all(span.end - span.start <= length for span in found)
    edges = [window.start, *(span.end for span in found)]
    assert [span.start for span in found] == edges[:-1]
    assert edges[-1] == window.end
