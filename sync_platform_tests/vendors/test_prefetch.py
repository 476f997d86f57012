"""Prefetching: same pages, same order, same errors, no thread left."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.errors import VendorUnavailable
from sync_platform.vendors.prefetch import prefetched


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


@given(pages=st.lists(st.integers()), ahead=st.integers(0, 4))
def test_pages_come_in_order_and_no_thread_is_left(pages: list[int], ahead: int) -> None:
    """The life of one record, step 2: the next page is fetched while the last one is loaded."""
    assert list(prefetched(iter(pages), ahead)) == pages
    assert threads() == []


def test_an_error_comes_after_the_pages_before_it() -> None:
    """SYS-09: what was fetched before is still loaded."""

    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise VendorUnavailable("down")

    pages = prefetched(failing())
    assert [next(pages), next(pages)] == [1, 2]
    with pytest.raises(VendorUnavailable, match="down"):
        next(pages)
    assert threads() == []


def test_the_next_page_is_fetched_while_the_last_one_is_in_use() -> None:
    """At most ``ahead`` pages wait, and one more is in the hands of the thread."""
    fetched = threading.Semaphore(0)
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            fetched.release()
            yield number

    pages = prefetched(source(), ahead=2)
    assert next(pages) == 0
    for _ in range(4):
        assert fetched.acquire(timeout=30)
    assert made == [0, 1, 2, 3]
    pages.close()


@pytest.mark.parametrize("taken", [1, 3])
def test_closing_early_stops_the_thread_and_closes_the_source(taken: int) -> None:
    """F-04."""
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    pages = prefetched(endless())
    for _ in range(taken):
        next(pages)
    pages.close()
    assert closed.wait(30)
    assert threads() == []


def test_a_source_that_is_busy_when_we_leave_ends_by_itself() -> None:
    """F-04: a call under way cannot be interrupted and is not waited for without end."""
    busy, release, delivered = threading.Event(), threading.Event(), []

    def slow() -> Iterator[int]:
        yield 1
        busy.set()
        assert release.wait(30)
        delivered.append(2)
        yield 2
        delivered.append(3)

    pages = prefetched(slow())
    assert next(pages) == 1
    assert busy.wait(30)
    pages.close()
    release.set()
    for thread in threads():
        thread.join(30)
    assert threads() == []
    assert delivered == [2]


def test_nothing_is_started_before_the_first_page_is_wanted() -> None:
    """A generator that is never used leaks nothing."""
    prefetched(iter([1])).close()
    assert threads() == []
