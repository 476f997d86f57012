"""A source that is down for long and comes back: in real time on a smaller scale, asked all the time."""

import time
from collections.abc import Callable

from sync_platform.sync.request import SyncResult
from sync_platform_tests.faults.tiers import FULL, tiered

# what stands for a minute: how long the breaker stays open; and how many of them the source is down
MINUTE, MINUTES = tiered((0.7, 5), (2.0, 30))
ASKED_EVERY = 0.1

Sync = Callable[[], SyncResult]


def ask_while_it_is_down(hit: Sync, spared: Sync) -> tuple[float, int]:
    """``spared`` is read every time. How many minutes that took, and how often it was asked."""
    began, asked = time.monotonic(), 0
    while (minutes := (time.monotonic() - began) / MINUTE) < MINUTES:
        assert hit().state in ("failed", "partial")
        assert spared().finished
        asked += 1
        time.sleep(ASKED_EVERY)
    return minutes, asked


def assert_left_alone(calls: int, minutes: float) -> None:
    """Five failures open the breaker, then one probe each time that it is half open: 36 in thirty minutes."""
    assert 5 < calls <= 5 + minutes + 1
    if FULL:
        assert calls <= 40


def minutes_until_it_is_read(hit: Sync) -> float:
    """At most two, and ten seconds more."""
    returned = time.monotonic()
    while not hit().finished:
        assert time.monotonic() - returned <= 2 * MINUTE + 10, "it does not recover"
        time.sleep(ASKED_EVERY)
    return (time.monotonic() - returned) / MINUTE
