"""One batch is written while the next one is collected, and nothing of that can be seen from outside."""

import threading

import pytest

from sync_platform.sync.writing import WriteBehind


def test_work_is_done_beside_the_caller_one_piece_after_another() -> None:
    """SYS-09: the second waits for the first, and the caller for neither before it asks for a third."""
    first, order = threading.Event(), list[str]()

    def slow() -> None:
        first.wait(10)
        order.append("first")

    with WriteBehind() as behind:
        behind.start(slow)
        order.append("collected")
        first.set()
        behind.start(lambda: order.append("second"))
        behind.finish()
    assert order == ["collected", "first", "second"]


def test_an_error_reaches_the_caller_and_stops_what_comes_after() -> None:
    """SYS-09: a batch is never written after one that was not."""
    done: list[str] = []

    def fail() -> None:
        raise ValueError("no room left")

    with WriteBehind() as behind:
        behind.start(fail)
        with pytest.raises(ValueError, match="no room left"):
            behind.start(lambda: done.append("next"))
        behind.finish()
    assert done == []


def test_leaving_waits_for_what_is_under_way() -> None:
    """Nothing writes after the run has ended."""
    release, done = threading.Event(), list[str]()

    def slow() -> None:
        release.wait(10)
        done.append("written")

    def fail_meanwhile() -> None:
        with WriteBehind() as behind:
            behind.start(slow)
            threading.Timer(0.05, release.set).start()
            raise KeyError

    with pytest.raises(KeyError):
        fail_meanwhile()
    assert done == ["written"]
