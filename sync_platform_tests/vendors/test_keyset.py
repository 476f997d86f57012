"""Reading a window of modified records: nothing lost whatever moves, nothing twice when nothing does."""

import json
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import ContractBroken
from sync_platform.vendors.envelope import Envelope
from sync_platform.vendors.keyset import KeysetReader
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform_tests.vendors.model_server import HIGH, LOW, ModelServer, envelope, ids

changes = st.lists(
    st.lists(st.tuples(st.sampled_from(["modify", "insert", "delete"]), st.integers(0, 500)), max_size=4), max_size=40
)
row_sets = st.lists(st.integers(LOW, HIGH - 1) | st.sampled_from([LOW, 1_500, 1_501, HIGH - 1]), max_size=70).map(
    lambda times: {f"r{index:04}": (modified, 0) for index, modified in enumerate(times)}
)


def read(server: ModelServer, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
    return KeysetReader(LOW, HIGH, server.modified_fetch, Delivered(), server.page_size).pages(position)


@given(
    rows=row_sets,
    order=st.sampled_from(["newest", "oldest"]),
    inclusive=st.booleans(),
    sizes=st.lists(st.integers(1, 15), max_size=5),
    moves=changes,
    duplicates=st.frozensets(st.integers(2, 30), max_size=2),
)
@settings(max_examples=400)
def test_no_record_is_lost_that_the_next_window_does_not_bring(
    rows: dict[str, tuple[int, int]],
    order: str,
    inclusive: bool,
    sizes: list[int],
    moves: list[list[tuple[str, int]]],
    duplicates: frozenset[int],
) -> None:
    """BLZ-06, F-26, F-27: short, long and repeated pages, both orders, changes between any two calls."""
    server = ModelServer(rows, order, inclusive, sizes, moves, duplicate_calls=duplicates)
    delivered = ids(read(server))
    assert server.untouched() <= set(delivered)
    assert len(delivered) == len(set(delivered))


@pytest.mark.parametrize("seed", range(30))
def test_a_server_without_order_loses_nothing_or_says_so(seed: int) -> None:
    """F-27: read by skip, every answer checked against the one before, at most five passes."""
    rng = random.Random(seed)
    rows = {f"r{index:04}": (rng.randrange(LOW, HIGH), 0) for index in range(rng.randrange(20, 90))}
    moves = [[("modify", rng.randrange(500))] * rng.randrange(2) for _ in range(rng.randrange(12))]
    server = ModelServer(rows, "none", rng.random() < 0.5, [], moves)
    try:
        delivered = ids(read(server))
    except ContractBroken:
        assert moves
        return
    assert server.untouched() <= set(delivered)


@given(
    times=st.lists(st.integers(0, 400) | st.sampled_from([200, 201]), max_size=60),
    order=st.sampled_from(["newest", "oldest"]),
    sizes=st.lists(st.integers(1, 15), max_size=5),
    apart=st.sampled_from([1, 2]),
)
@settings(max_examples=100)
def test_going_on_after_any_page_is_like_never_having_stopped(
    times: list[int], order: str, sizes: list[int], apart: int
) -> None:
    """SYS-09: positions survive JSON and bring the rest. Only the millisecond next to a bound may come again."""
    rows = {f"r{index:04}": (LOW + time * apart, 0) for index, time in enumerate(times)}
    whole = list(read(ModelServer(dict(rows), order, True, sizes)))
    assert sorted(ids(whole)) == sorted(rows)
    for index, page in enumerate(whole):
        position = json.loads(json.dumps(page.position))
        got = ids(whole[: index + 1]) + ids(read(ModelServer(dict(rows), order, True, sizes), position))
        assert set(got) == set(rows)
        assert apart == 1 or len(got) == len(rows)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("inclusive", [True, False])
def test_three_thousand_records_of_one_moment_come_once_each(order: str, inclusive: bool) -> None:
    """F-28, trap 1: thirty pages with one cursor value; what is stored stays below 10 kB."""
    rows = {f"r{index:05}": (1_500, 0) for index in range(3_000)}
    rows |= {"before": (1_400, 0), "after": (1_600, 0)}
    server = ModelServer(rows, order, inclusive, page_size=100)
    pages = list(read(server))
    assert sorted(ids(pages)) == sorted(rows)
    assert max(len(json.dumps(page.position)) for page in pages) < 10_000
    assert server.calls < 40


def test_records_that_leave_a_tie_while_it_is_read_hide_no_other() -> None:
    """F-27 with F-28."""
    rows = {f"r{index:05}": (1_500, 0) for index in range(1_000)}
    server = ModelServer(
        rows, page_size=100, changes=[[("modify", number * 20 + step) for step in range(20)] for number in range(8)]
    )
    delivered = set(ids(read(server)))
    assert server.untouched() <= delivered
    assert len(server.touched) > 100


@pytest.mark.parametrize(("records", "calls"), [(0, 1), (1, 3), (40, 3), (99, 3)])
def test_a_quiet_window_costs_few_calls(records: int, calls: int) -> None:
    """Calls are billed: nothing new is one call, one page of news is three."""
    rows = {f"r{index}": (LOW + index * 3, 0) for index in range(records)}
    server = ModelServer(rows, page_size=100)
    assert len(ids(read(server))) == records
    assert server.calls == calls


def test_an_empty_page_in_the_middle_by_mistake_is_not_the_end() -> None:
    """F-26: the row at the bound has to be there, so an empty answer is asked for again."""
    rows = {f"r{index}": (LOW + index * 3, 0) for index in range(200)}
    server = ModelServer(rows, empty_calls=frozenset({4, 9}))
    assert sorted(ids(read(server))) == sorted(rows)


def test_records_without_a_readable_time_are_delivered_all_the_same() -> None:
    """SYS-08: a bad record is for the quarantine, not for the pager to lose or to stop at."""
    odd = [{"id": "a", "modified": "x"}, {"id": 7}, {"modified": 1_500}, {"id": "b", "modified": True}]

    def fetch(low: int, high: int, skip: int) -> Envelope:
        return envelope(odd[skip : skip + 2], 4)

    pages = KeysetReader(LOW, HIGH, fetch, Delivered(), 2).pages(None)
    assert sum(len(page.records) for page in pages) == 4


def test_a_server_that_says_the_same_for_ever_is_found_out() -> None:
    """F-26: no endless loop."""
    same = [{"id": f"r{index}", "modified": 1_500 - index} for index in range(10)]
    pages = KeysetReader(LOW, HIGH, lambda low, high, skip: envelope(same, 10), Delivered(), 10).pages(None)
    with pytest.raises(ContractBroken):
        list(pages)


def test_a_server_that_changes_its_order_on_every_call_is_found_out() -> None:
    """F-26: no endless loop, and no claim that all was read."""
    calls = count()

    def fetch(low: int, high: int, skip: int) -> Envelope:
        turn = next(calls)
        rows = [
            {"id": f"r{index}", "modified": 1_500 + (index * 7 + turn * turn) % 11, "v": turn} for index in range(30)
        ]
        return envelope(rows[skip : skip + 10], 30)

    with pytest.raises(ContractBroken):
        list(KeysetReader(LOW, HIGH, fetch, Delivered(), 10).pages(None))
