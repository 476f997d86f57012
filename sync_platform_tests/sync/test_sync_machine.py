"""Random histories: changes, runs, cancelled runs, time; one clean run over everything ends in the truth."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.changes import SeededChanges
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, Progress
from sync_platform_tests.sync.conftest import NOW, Connect, MakePlatform, TestClock, small_shop, within_reach
from sync_platform_tests.sync.syncing import ask, sync
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, assert_tables_equal_truth, ledger

KINDS = ("modify", "add", "delete", "refund", "void")
FOREVER = 60


class Histories(RuleBasedStateMachine):
    """One tenant with one small shop for each history."""

    platform: Platform
    clock: TestClock
    connect: Callable[..., Tenant]
    number = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).number += 1
        self.clock.now = NOW
        spec = small_shop(f"shop-{self.number}", members=12, products=10, sales_per_day=3)
        self.shop = within_reach(build_shop(spec, clock=self.clock.epoch))
        self.sandbox = BlazeSandbox([self.shop], clock=self.clock.epoch).start()
        self.tenant = self.connect(self.sandbox, self.shop)
        self.loaded = False

    @rule(seed=st.integers(0, 1000), count=st.integers(1, 12))
    def the_shop_changes(self, seed: int, count: int) -> None:
        SeededChanges(self.shop, seed).apply(count, kinds=KINDS)

    @rule(minutes=st.sampled_from([1, 7, 60, 600, 3000]))
    def time_passes(self, minutes: int) -> None:
        self.clock.forward(minutes)

    @rule(entity=st.sampled_from(ENTITIES), days=st.integers(1, 9), kind=st.sampled_from(["scheduled", "dry_run"]))
    def a_run(self, entity: str, days: int, kind: str) -> None:
        result = sync(self.platform, self.tenant, entity, days, kind=kind)  # type: ignore[arg-type]
        assert result.state == "succeeded"
        self.loaded = True

    @rule(entity=st.sampled_from(ENTITIES), batches=st.integers(1, 3), days=st.integers(1, 9))
    def a_cancelled_run(self, entity: str, batches: int, days: int) -> None:
        done: list[Progress] = []

        def stop(progress: Progress) -> None:
            done.append(progress)
            if len(done) >= batches:
                self.platform.stopping.set()

        request = ask(self.tenant, entity, self.platform, days)  # type: ignore[arg-type]
        assert sync_blaze(self.platform, request, stop).state in ("succeeded", "cancelled")
        self.platform.stopping.clear()
        self.loaded = True

    @precondition(lambda self: self.loaded)
    @rule(entity=st.sampled_from(ENTITIES))
    def a_verifying_run(self, entity: str) -> None:
        result = sync(self.platform, self.tenant, entity, 3, verify=True)  # type: ignore[arg-type]
        assert result.state == "succeeded"

    def teardown(self) -> None:
        try:
            self.clock.forward()
            for entity in ENTITIES:
                assert sync(self.platform, self.tenant, entity, FOREVER, full=True).state == "succeeded"
            assert_tables_equal_truth(self.platform.database, self.tenant, [self.shop])
            assert_accounted(self.platform.database, self.tenant)
            assert_calls_match(self.sandbox.journal, ledger(self.platform.database, self.tenant))
        finally:
            self.sandbox.stop()


def test_every_history_ends_in_the_truth(make_platform: MakePlatform, connect: Connect, clock: TestClock) -> None:
    """SYS-05, SYS-09, SYS-11, HTTP-11, I1 to I3, I6."""

    class Here(Histories):
        platform = make_platform(sync={"batch_records": 5}, blaze={"page_size": 8})

    Here.clock, Here.connect = clock, staticmethod(connect)  # type: ignore[assignment]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=12,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
