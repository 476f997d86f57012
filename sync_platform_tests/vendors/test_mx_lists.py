"""Lists with the newest record first: exact in their calls while nothing moves, and losing nothing while it does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import ContractBroken, InvalidRequest, VendorTimeout
from sync_platform.core.window import Window
from sync_platform.vendors.envelope import Envelope
from sync_platform.vendors.mx_lists import SMALLEST_PAGE, created_of, read_newest
from sync_platform.vendors.paging import RawPage
from sync_platform_tests.vendors.mx_model import MxModel, listed, minute, minutes, numbers, page

SIZE = 10
sizes = st.lists(st.integers(1, 25), max_size=5)
change = st.tuples(st.sampled_from(["insert", "insert", "change", "delete"]), st.integers(0, 500))


def read(
    model: MxModel, window: Window | None = None, position: dict[str, Any] | None = None, newest: int | None = None
) -> Iterator[RawPage]:
    return read_newest(model.fetch, window, position, SIZE, newest)


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (45, 5), (100, 10), (101, 11)]
)
def test_a_list_that_stands_still_costs_a_call_a_page_and_none_more(count: int, calls: int) -> None:
    """MX-08, PERF-05: the count ends the reading, also behind a full page."""
    model = listed(count)
    pages = list(read(model))
    assert numbers(pages) == list(range(count, 0, -1))
    assert model.calls == calls
    assert pages[-1].complete


@given(count=st.integers(0, 90), sizes=sizes, duplicates=st.frozensets(st.integers(2, 12), max_size=2))
@settings(max_examples=200)
def test_short_long_and_repeated_pages_lose_nothing(count: int, sizes: list[int], duplicates: frozenset[int]) -> None:
    """F-26: a page shown twice hid another."""
    model = listed(count, sizes=sizes, duplicate_calls=duplicates)
    pages = list(read(model))
    assert sorted(numbers(pages)) == sorted(model.rows)
    assert pages[-1].complete


@given(count=st.integers(0, 90), sizes=sizes, totals=st.lists(st.sampled_from([None, 0, 10**9]), min_size=1))
@settings(max_examples=200)
def test_a_wrong_count_loses_nothing(count: int, sizes: list[int], totals: list[int | None]) -> None:
    """F-26: 0, huge, absent, or now this and now that."""
    model = listed(count, sizes=sizes, totals=totals)
    assert sorted(numbers(read(model))) == sorted(model.rows)


@given(count=st.integers(1, 90), steps=st.lists(st.integers(0, 3), min_size=60, max_size=60))
@settings(max_examples=100)
def test_a_count_that_shrinks_from_page_to_page_does_not_end_the_reading_early(count: int, steps: list[int]) -> None:
    """F-26: the largest count of the pass is the one that holds."""
    shrinking = [max(0, count - sum(steps[:index])) for index in range(60)]
    model = listed(count, totals=[*shrinking[-1:], *shrinking[:-1]])
    assert sorted(numbers(read(model))) == sorted(model.rows)


@pytest.mark.parametrize("missing", [1, 2, 3, 6])
def test_a_page_that_is_missing_in_the_middle_is_not_the_end(missing: int) -> None:
    """F-26."""
    model = listed(55, empty_calls=frozenset({missing}))
    assert sorted(numbers(read(model))) == sorted(model.rows)


@given(count=st.integers(0, 80), arrivals=st.lists(st.integers(0, 12), max_size=12))
@settings(max_examples=200)
def test_payments_that_arrive_meanwhile_hide_nothing(count: int, arrivals: list[int]) -> None:
    """F-27: they push the list down, so that rows come again; none is missed."""
    model = listed(count, changes=[[("insert", 0)] * number for number in arrivals])
    assert model.wanted() <= set(numbers(read(model)))


def test_payments_that_arrive_meanwhile_do_not_cost_another_pass() -> None:
    """MX-08: their number is told by the rows that come again."""
    model = listed(300, changes=[[("insert", 0)] * 3] * 30)
    assert set(numbers(read(model))) >= set(range(1, 301))
    assert model.calls <= 45


@given(
    count=st.integers(0, 80),
    edits=st.lists(st.lists(change, max_size=4), max_size=8),
    dates=st.booleans(),
    bounds=st.none() | st.tuples(st.integers(0, 80), st.integers(0, 80)),
)
@settings(max_examples=400)
def test_whatever_moves_while_we_read_nothing_that_was_there_is_lost(
    count: int, edits: list[list[tuple[str, int]]], dates: bool, bounds: tuple[int, int] | None
) -> None:
    """F-27: arrivals, settlements and deletions between any two calls, with and without a working filter by date."""
    window = minutes(min(bounds), max(bounds)) if bounds else None
    model = listed(count, changes=[[], *edits], within=window, dates=dates)
    found = numbers(read(model, window))
    assert model.wanted(window) <= set(found)
    assert all(window is None or window.start <= minute(number - 1) < window.end for number in found if number < 1000)


@pytest.mark.parametrize(("first", "calls"), [(1000, 1), (990, 2), (985, 3), (500, 51)])
def test_reading_ends_at_the_first_page_that_lies_wholly_before_the_window(first: int, calls: int) -> None:
    """MX-03: where the source ignores dates, what is older than the window is not paged through."""
    model = listed(1000)
    window = minutes(first, 2000)
    assert numbers(read(model, window)) == list(range(1000, first, -1))
    assert model.calls == calls


def test_a_record_that_cannot_be_dated_is_handed_out_and_ends_nothing() -> None:
    """SYS-08: the quarantine gets it; the page around it is not taken for an old one."""
    pages = [
        page([{"id": 3, "created": "yesterday"}, {"id": 2, "created": "2020-01-01T00:00:00Z"}], 3),
        page([{"id": 1, "created": minute(5).isoformat()}], 3),
    ]
    found = read_newest(lambda offset, limit, tries: pages[offset // 2], minutes(0, 10), None, 2)
    assert numbers(found) == [3, 1]


def test_a_window_is_half_open() -> None:
    """SYS-02: a record at the very end belongs to the next window."""
    model = listed(5)
    exact = Window(minute(1).replace(microsecond=450_000), minute(3).replace(microsecond=450_000))
    assert numbers(read(model, exact)) == [3, 2]


@pytest.mark.parametrize(("newest", "calls"), [(1, 1), (10, 1), (11, 2), (25, 3), (500, 5)])
def test_only_the_newest_are_read_when_so_many_are_asked_for(newest: int, calls: int) -> None:
    """MX-08: 10 payments are one call, whatever there is."""
    model = listed(45)
    assert numbers(read(model, newest=newest)) == list(range(45, max(0, 45 - newest), -1))
    assert model.calls == calls


def test_the_newest_of_a_window_are_counted_in_the_window() -> None:
    """The newest payments of a day that is over are not today's."""
    model = listed(45)
    assert numbers(read(model, minutes(0, 20), newest=5)) == [20, 19, 18, 17, 16]
    with pytest.raises(InvalidRequest):
        list(read(model, newest=0))


@given(count=st.integers(0, 60), arrivals=st.integers(0, 30), newest=st.none() | st.integers(1, 70))
@settings(max_examples=80)
def test_going_on_after_any_page_is_like_never_having_stopped(count: int, arrivals: int, newest: int | None) -> None:
    """SYS-09: also when payments arrived between the two runs; the position is JSON and small (F-28)."""
    window = minutes(0, 500)
    whole = list(read(listed(count), window, newest=newest))
    for index, found in enumerate(whole):
        position = json.loads(json.dumps(found.position))
        assert len(json.dumps(position)) < 10_000
        later = listed(count, changes=[[("insert", 0)] * arrivals])
        rest = numbers(read(later, window, position, newest))
        assert sorted({*numbers(whole[: index + 1]), *rest}) == sorted(numbers(whole))


def test_a_position_of_another_window_is_refused() -> None:
    """SYS-09."""
    position = next(iter(read(listed(30), minutes(0, 20)))).position
    with pytest.raises(InvalidRequest):
        list(read(listed(30), minutes(0, 21), position))
    with pytest.raises(InvalidRequest):
        list(read(listed(30), None, position))


def test_a_page_that_does_not_come_in_time_is_asked_in_halves() -> None:
    """HTTP-05: a smaller page is what less means here; it stays small."""
    model, asked = listed(90), []

    def slow(offset: int, limit: int, tries: int | None) -> Envelope:
        asked.append((limit, tries))
        if limit > 30:
            raise VendorTimeout("no whole answer in time")
        return model.fetch(offset, limit)

    assert len(numbers(read_newest(slow, None, None, 100))) == 90
    assert asked[:3] == [(100, 2), (50, 2), (25, 2)]
    assert {limit for limit, _ in asked[2:]} == {25}


def test_the_smallest_page_is_tried_as_often_as_anything_else() -> None:
    """HTTP-05."""
    asked = []

    def stuck(offset: int, limit: int, tries: int | None) -> Envelope:
        asked.append((limit, tries))
        raise VendorTimeout("no whole answer in time")

    with pytest.raises(VendorTimeout):
        list(read_newest(stuck, None, None, 25))
    assert asked == [(25, 2), (12, 2), (SMALLEST_PAGE, None)]


def test_a_source_that_ignores_the_offset_is_found_out() -> None:
    """F-26: no endless loop."""
    same = [{"id": number, "created": "2025-03-01T00:00:00Z"} for number in range(1, 11)]
    with pytest.raises(ContractBroken):
        list(read_newest(lambda offset, limit, tries: page(same, 500), None, None, 10))


@pytest.mark.parametrize(
    "created", ["2025-03-13T23:00:01.32", "soon", "", None, 7, "9999-12-31T23:59:59-12:00", "2025-13-01T00:00:00Z"]
)
def test_only_a_time_with_a_zone_dates_a_record(created: Any) -> None:
    """SYS-02: whether it lies in the window is for those to say who know the tenant's zone."""
    assert created_of(page([{"id": 1, "created": created}], 1).records[0]) is None
