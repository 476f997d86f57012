"""Counting calls right before they leave (HTTP-11, I6)."""

import threading
import time

import pytest

from sync_platform.core.errors import Cancelled
from sync_platform.sync.calls import UNANSWERED, CallCounter, CallCounts

THREADS = 8


class Ledger:
    """Stores counts. The first time it waits until all threads have come."""

    def __init__(self, refused: bool = False) -> None:
        self.stored: list[CallCounts] = []
        self.left: list[int] = []
        self._refused = refused
        self.counter = CallCounter(self._record)

    def _record(self, counts: CallCounts) -> None:
        while not self.stored and self.counter.waiting < THREADS - 1:
            time.sleep(0.001)
        self.stored.append(counts)
        if self._refused:
            raise Cancelled("the run was cancelled")

    def call(self, refusals: list[Cancelled]) -> None:
        """What each thread does: no call leaves before it is stored."""
        try:
            self.counter.started("/invoice/{id}")
        except Cancelled as error:
            refusals.append(error)
        else:
            self.left.append(self.stored[-1]["/invoice/{id}"][UNANSWERED])

    def together(self) -> list[Cancelled]:
        refusals: list[Cancelled] = []
        threads = [threading.Thread(target=self.call, args=(refusals,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return refusals


def test_calls_that_wait_while_another_is_stored_are_stored_together():
    """HTTP-11: two statements for eight calls, and none left before it was in one."""
    ledger = Ledger()
    assert ledger.together() == []
    assert ledger.stored == [{"/invoice/{id}": {UNANSWERED: 1}}, {"/invoice/{id}": {UNANSWERED: THREADS}}]
    assert sorted(ledger.left)[-1] == THREADS
    assert len(ledger.left) == THREADS


def test_none_of_the_calls_leaves_that_were_refused_together():
    """F-04: the run was cancelled; every call is told, and none of them is counted."""
    ledger = Ledger(refused=True)
    assert len(ledger.together()) == THREADS
    assert ledger.counter.counts() == ({}, 0)
    assert ledger.left == []


def test_a_call_that_was_refused_has_not_ended():
    """HTTP-11: what did not leave is counted neither way."""
    ledger = Ledger(refused=True)
    ledger.stored.append({})
    with pytest.raises(Cancelled):
        ledger.counter.started("/payment")
    ledger.counter.ended("/payment", "transport", 0)
    assert ledger.counter.counts() == ({}, 0)
