"""What every random history has, whatever the source: two clocks that go wrong, processes that die, bad weather."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, Progress
from sync_platform_tests.properties.effort import effort
from sync_platform_tests.properties.mortal import Fate
from sync_platform_tests.sync.conftest import NOW, MakePlatform, TestClock

# what a source does while a run reads; never five failures in a row, which the breaker's clock would remember
WEATHER: dict[str, list[Fault]] = {
    "fair": [],
    "errors": [Fault(kind="status", status=502, every=3, times=4), Fault(kind="truncated", every=4, times=3)],
    "throttled": [Fault(kind="throttle", retry_after="0", times=2)],
    "odd pages": [Fault(kind="short_page", rows=3, every=2, times=9), Fault(kind="duplicate_page", every=5, times=3)],
}


class AnyHistory(RuleBasedStateMachine):
    """One tenant with an account of its own for each history, the ``number``-th."""

    make_platform: MakePlatform
    ours: TestClock
    fate: Fate
    number = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).number += 1
        self.now, self.our_error, self.their_error = NOW, timedelta(0), timedelta(0)
        self.ours.now = NOW

    def theirs(self) -> float:
        """The source's clock."""
        return (self.now + self.their_error).timestamp()

    @rule(minutes=st.sampled_from([1, 7, 60, 600, 3000]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.ours.now = self.now + self.our_error

    @rule(ours=st.integers(-10, 10), theirs=st.integers(-10, 10))
    def the_clocks_jump(self, ours: int, theirs: int) -> None:
        self.our_error, self.their_error = timedelta(minutes=ours), timedelta(minutes=theirs)
        self.ours.now = self.now + self.our_error


def stop_after(batches: int, platform: Platform) -> OnProgress:
    """Somebody who cancels a run when so many batches are done."""
    done: list[Progress] = []

    def stop(progress: Progress) -> None:
        done.append(progress)
        if len(done) >= batches:
            platform.stopping.set()

    return stop


def let_leases_run_out(platform: Platform, tenant: Tenant) -> None:
    """Those of a process that died."""
    with platform.database.transaction(tenant.id) as conn:
        conn.execute("update platform.sync_runs set lease_until = now() - interval '1 s' where state = 'running'")


def run_histories(histories: type[AnyHistory], clock: TestClock, fate: Fate, **makers: Callable[..., Any]) -> None:
    """Many of them, with the fixtures of a test."""
    fixtures = {"ours": clock, "fate": fate, **{name: staticmethod(maker) for name, maker in makers.items()}}
    here = type("Here", (histories,), fixtures)
    run_state_machine_as_test(here, settings=effort(8, 100, stateful_step_count=12))  # type: ignore[no-untyped-call]
