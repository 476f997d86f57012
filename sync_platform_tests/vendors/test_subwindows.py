"""Long windows in parts, halved when the source is slow, resumed where they stopped."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import InvalidRequest, VendorTimeout
from sync_platform.core.window import Window
from sync_platform.vendors.envelope import decode_envelope
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform.vendors.subwindows import epoch_ms, epoch_ms_up, read_windows

ZONE = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 3, 1, 8, tzinfo=UTC)


class SlowSource:
    """One record per hour; a window of more than ``able`` days times out after its first page."""

    def __init__(self, able: int) -> None:
        self.able = able
        self.asked: list[tuple[int, int | None]] = []

    def read(
        self, part: Window, inside: dict[str, Any] | None, delivered: Delivered, timeout_tries: int | None
    ) -> Iterator[RawPage]:
        days = len(part.days(ZONE))
        self.asked.append((days, timeout_tries))
        hours = [part.start + timedelta(hours=n) for n in range((part.end - part.start) // timedelta(hours=1))]
        for at in range(inside["at"] if inside else 0, len(hours), 10):
            if days > self.able and at > 0:
                raise VendorTimeout("slow")
            values = [{"id": f"{hour:%d%H}"} for hour in hours[at : at + 10]]
            page = decode_envelope(json.dumps({"values": values}).encode())
            yield delivered.page(delivered.fresh(page), None, {"at": at + 10})


def ids(pages: list[RawPage]) -> list[str]:
    return [json.loads(bytes(record))["id"] for page in pages for record in page.records]


@pytest.mark.parametrize(
    ("able", "sizes"),
    [
        (7, [7, 7, 6]),
        (3, [7, 3, 3, 3, 3, 3, 3, 2]),
        (1, [7, 3, *[1] * 20]),
    ],
)
def test_a_window_that_times_out_is_halved_down_to_a_day_and_loses_nothing(able: int, sizes: list[int]) -> None:
    """HTTP-05, F-30, BLZ-05: over a change of the clocks, each hour once."""
    window = Window.of_days(datetime(2026, 3, 1, tzinfo=UTC).date(), datetime(2026, 3, 20, tzinfo=UTC).date(), ZONE)
    source = SlowSource(able)
    got = ids(list(read_windows(window, None, 7, ZONE, source.read)))
    assert len(got) == len(set(got)) == 20 * 24 - 1
    assert [days for days, _ in source.asked] == sizes
    assert {tries for days, tries in source.asked if days == 1} <= {None}
    assert {tries for days, tries in source.asked if days > 1} <= {2}


def test_a_single_day_that_times_out_is_an_error() -> None:
    """HTTP-05: there is nothing left to halve."""
    window = Window(START, START + timedelta(days=3))
    with pytest.raises(VendorTimeout):
        list(read_windows(window, None, 7, ZONE, SlowSource(0).read))


@settings(max_examples=30)
@given(days=st.integers(1, 20), able=st.integers(1, 7), minutes=st.integers(0, 1439))
def test_going_on_after_any_page_is_like_never_having_stopped(days: int, able: int, minutes: int) -> None:
    """SYS-09: the position names the part, its length and the place in it."""
    window = Window(START + timedelta(minutes=minutes), START + timedelta(days=days, minutes=minutes))
    whole = list(read_windows(window, None, 7, ZONE, SlowSource(able).read))
    for index in range(0, len(whole), 7):
        position = json.loads(json.dumps(whole[index].position))
        rest = list(read_windows(window, position, 7, ZONE, SlowSource(able).read))
        # a part that is halved after a resumption is read from its beginning
        assert set(ids(whole[: index + 1]) + ids(rest)) == set(ids(whole))
        assert able < 7 or len(ids(whole[: index + 1]) + ids(rest)) == len(ids(whole))


def test_a_position_of_another_window_is_refused() -> None:
    """SYS-09: going on from it would leave a gap that nobody sees."""
    window = Window(START, START + timedelta(days=3))
    position = next(read_windows(window, None, 7, ZONE, SlowSource(7).read)).position
    with pytest.raises(InvalidRequest):
        list(read_windows(Window(START, START + timedelta(days=4)), position, 7, ZONE, SlowSource(7).read))


def test_an_empty_window_asks_nothing() -> None:
    """BLZ-05."""
    source = SlowSource(7)
    assert list(read_windows(Window(START, START), None, 7, ZONE, source.read)) == []
    assert source.asked == []


@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_are_exact_and_never_cut_into_a_window(moment: datetime) -> None:
    """SYS-02, F-35: 1969 and 9999 as well."""
    floor, ceiling = epoch_ms(moment), epoch_ms_up(moment)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert epoch + floor * timedelta(milliseconds=1) <= moment
    assert ceiling - floor == (0 if moment.microsecond % 1000 == 0 else 1)
