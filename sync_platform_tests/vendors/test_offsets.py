"""Reading by skip: ends where the count agrees, repeats what moved, never loops."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import ContractBroken
from sync_platform.vendors.offsets import read_offsets
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform_tests.vendors.model_server import ModelServer, envelope, ids

sizes = st.lists(st.integers(1, 15), max_size=5)


def shop(records: int, **changes: Any) -> ModelServer:
    return ModelServer({f"r{index:04}": (index, 0) for index in range(records)}, "any", **changes)


def read(server: ModelServer, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
    return read_offsets(server.whole_fetch, Delivered(), position, server.page_size)


@given(records=st.integers(0, 80), sizes=sizes, duplicates=st.frozensets(st.integers(2, 12), max_size=2))
@settings(max_examples=200)
def test_short_long_and_repeated_pages_lose_nothing(records: int, sizes: list[int], duplicates: frozenset[int]) -> None:
    """BLZ-06, F-26: a page shown twice hid another; the pass is repeated because the count is short."""
    server = shop(records, sizes=sizes, duplicate_calls=duplicates)
    pages = list(read(server))
    assert sorted(ids(pages)) == sorted(server.rows)
    assert pages[-1].complete


@given(records=st.integers(0, 80), sizes=sizes, totals=st.lists(st.sampled_from([None, 0, 10**9]), min_size=1))
@settings(max_examples=200)
def test_a_wrong_total_loses_nothing(records: int, sizes: list[int], totals: list[int | None]) -> None:
    """F-26: zero, huge, shrinking, absent. Reading ends on an empty page then."""
    server = shop(records, sizes=sizes, totals=totals)
    pages = list(read(server))
    if records not in totals:
        assert not any(page.complete for page in pages)
    assert sorted(ids(pages)) == sorted(server.rows)


def test_a_shrinking_total_does_not_end_the_reading_early() -> None:
    """F-26: the largest total of the pass counts."""
    server = shop(30, sizes=[7], totals=[7, 30, 28, 21, 14])
    assert sorted(ids(read(server))) == sorted(server.rows)


@pytest.mark.parametrize("missing", [2, 3, 5])
def test_an_empty_page_in_the_middle_is_not_the_end(missing: int) -> None:
    """F-26."""
    server = shop(55, empty_calls=frozenset({missing}))
    assert sorted(ids(read(server))) == sorted(server.rows)


def test_a_record_that_moved_up_while_we_read_is_found_in_a_second_pass() -> None:
    """F-27: a deletion before our place shifts an unread record past us."""
    server = shop(50, changes=[[], [], [("delete", 0)], []])
    assert server.untouched() - set(ids(read(server))) == set()


@pytest.mark.parametrize(("records", "calls"), [(0, 1), (7, 1), (840, 9), (100, 2)])
def test_reading_ends_as_soon_as_the_count_agrees(records: int, calls: int) -> None:
    """BLZ-06: a short page with the right count is the end; a full one is followed by an empty one."""
    server = shop(records, page_size=100)
    assert len(ids(read_offsets(server.whole_fetch, Delivered(), None, 10))) == records
    assert server.calls >= calls


@given(records=st.integers(0, 60), sizes=sizes)
@settings(max_examples=60)
def test_going_on_after_any_page_is_like_never_having_stopped(records: int, sizes: list[int]) -> None:
    """SYS-09."""
    whole = list(read(shop(records, sizes=sizes)))
    for index, page in enumerate(whole):
        rest = list(read(shop(records, sizes=sizes), json.loads(json.dumps(page.position))))
        assert sorted(ids(whole[: index + 1]) + ids(rest)) == sorted(shop(records).rows)
        assert (whole[: index + 1] + rest)[-1].complete
        assert len(json.dumps(page.position)) < 10_000


def test_equal_records_in_one_page_are_handed_out_once_and_counted() -> None:
    """SYS-11: exact repeats do not inflate the counters."""
    one = {"id": "a", "modified": 1}
    pages = list(read_offsets(lambda skip: envelope([one, one][skip:], 1), Delivered(), None, 10))
    assert [(len(page.records), page.repeated, page.complete) for page in pages] == [(1, 1, True)]


def test_a_server_that_ignores_skip_is_found_out() -> None:
    """F-26: no endless loop."""
    same = [{"id": f"r{index}"} for index in range(10)]
    with pytest.raises(ContractBroken):
        list(read_offsets(lambda skip: envelope(same, 500), Delivered(), None, 10))
