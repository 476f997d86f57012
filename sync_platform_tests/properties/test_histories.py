"""Random histories of a shop, a source, two clocks and our runs: whatever happened, the tables end in the truth."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.changes import SeededChanges
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.shop import Entity as Collection
from sync_platform.sandbox.shop import build_shop
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, Entity, Progress, SyncRequest
from sync_platform_tests.properties import histories
from sync_platform_tests.properties.histories import AnyHistory, let_leases_run_out, run_histories, stop_after
from sync_platform_tests.properties.mortal import DeadlySandbox, Fate, Killed
from sync_platform_tests.sync.conftest import Connect, MakePlatform, TestClock, small_shop, within_reach
from sync_platform_tests.sync.syncing import ask, sync
from sync_platform_tests.sync.truth import (
    assert_accounted,
    assert_calls_match,
    assert_tables_equal_truth,
    calls_of,
    ledger,
)

# many examples take longer than a test may usually take; a time-out in the middle of one would look like its failure
pytestmark = pytest.mark.timeout(3600)

KINDS = ("modify", "add", "delete", "refund", "void")
FOREVER = 60
entities = st.sampled_from(ENTITIES)
WEATHER = histories.WEATHER | {"page shift": [Fault(kind="mutate", rows=3, times=20)]}
weather = st.sampled_from(sorted(WEATHER))


class Histories(AnyHistory):
    """One tenant with one small shop for each history.

    ``late``: something was published with a modification in the past, which only a read of its days can find.
    """

    connect: Connect

    def __init__(self) -> None:
        super().__init__()
        spec = small_shop(f"shop-{self.number}", members=14, products=12, sales_per_day=3)
        self.shop = within_reach(build_shop(spec, clock=self.theirs), "members", "products")
        self.sandbox = DeadlySandbox([self.shop], clock=self.theirs)
        self.sandbox.fate = self.fate
        self.sandbox.start()
        self.platform = self.restarted()
        self.tenant: Tenant = self.connect(self.sandbox, self.shop)
        self.late = self.killed = False

    def restarted(self) -> Platform:
        """A new process."""
        self.fate.live()
        return self.make_platform(
            sync={"batch_records": 5, "max_delete_share": 1.0}, blaze={"page_size": 8}, http={"tries": 8}
        )

    def run_once(self, request: SyncRequest, watch: Callable[[Progress], None] = lambda _: None) -> str:
        return sync_blaze(self.platform, request, watch).state

    # --- the shop ------------------------------------------------------------------------------------

    @rule(seed=st.integers(0, 1000), count=st.integers(1, 12))
    def the_shop_changes(self, seed: int, count: int) -> None:
        SeededChanges(self.shop, seed).apply(count, kinds=KINDS)

    @rule(collection=st.sampled_from(["members", "products"]), count=st.integers(2, 14))
    def many_change_at_the_same_moment(self, collection: Collection, count: int) -> None:
        moment = self.shop.tick()
        for key in self.shop.collection(collection).ids()[:count]:
            self.shop.modify(collection, key, modified=moment, tags=[str(moment)])

    @rule(collection=st.sampled_from(["members", "products"]), minutes=st.integers(1, 3000))
    def something_is_published_late(self, collection: Collection, minutes: int) -> None:
        moment = self.shop.tick() - minutes * 60_000
        add = self.shop.add_member if collection == "members" else self.shop.add_product
        add(modified=moment, created=moment)
        self.late = True

    @rule(days=st.integers(0, 8))
    def a_sale_is_entered_late(self, days: int) -> None:
        self.shop.add_sale(completed=self.shop.tick() - days * 86_400_000)

    @rule(index=st.integers(0, 20))
    def a_product_vanishes(self, index: int) -> None:
        ids = self.shop.products.ids()
        if len(ids) > 1:
            self.shop.erase("products", ids[index % len(ids)])
            self.late = True

    # --- our runs ------------------------------------------------------------------------------------

    @initialize(loaded=st.sets(entities))
    def some_entities_are_loaded(self, loaded: set[Entity]) -> None:
        self.whole = loaded
        for entity in loaded:
            assert self.run_once(ask(self.tenant, entity, self.platform, FOREVER)) == "succeeded"

    @rule(entity=entities, days=st.integers(1, 9), kind=st.sampled_from(["scheduled", "dry_run"]), outside=weather)
    def a_run(self, entity: Entity, days: int, kind: Any, outside: str) -> None:
        self.sandbox.faults.add(*WEATHER[outside])
        assert self.run_once(ask(self.tenant, entity, self.platform, days, kind=kind)) == "succeeded"
        self.sandbox.faults.clear()

    @rule(entity=entities, ago=st.integers(0, 9), days=st.integers(1, 4))
    def a_backfill(self, entity: Entity, ago: int, days: int) -> None:
        last = self.ours().astimezone(self.tenant.zone).date() - timedelta(days=ago)
        request = ask(self.tenant, entity, self.platform, kind="backfill")
        request = replace(request, days=((last - timedelta(days=days - 1), last),))
        assert self.run_once(request) == "succeeded"

    @rule(entity=entities, full=st.booleans())
    def a_verifying_run(self, entity: Entity, full: bool) -> None:
        assert self.run_once(ask(self.tenant, entity, self.platform, 3, verify=True, full=full)) == "succeeded"

    @rule(entity=entities, batches=st.integers(1, 3), days=st.integers(1, 9), outside=weather)
    def a_cancelled_run(self, entity: Entity, batches: int, days: int, outside: str) -> None:
        self.sandbox.faults.add(*WEATHER[outside])
        state = self.run_once(ask(self.tenant, entity, self.platform, days), stop_after(batches, self.platform))
        assert state in ("succeeded", "cancelled")
        self.sandbox.faults.clear()
        self.platform.stopping.clear()

    @rule(entity=entities, moments=st.integers(0, 70), days=st.integers(1, 9), full=st.booleans())
    def a_killed_run(self, entity: Entity, moments: int, days: int, full: bool) -> None:
        request = ask(self.tenant, entity, self.platform, days, full=full)
        self.fate.die_after(moments)
        with suppress(Killed):
            self.run_once(request)
        self.killed |= self.fate.dead
        self.platform = self.restarted()
        let_leases_run_out(self.platform, self.tenant)

    # --- the end -------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.the_clocks_jump(0, 0)
            self.time_passes(60)
            self.incremental_runs_have_missed_nothing()
            self.two_clean_runs_end_in_the_truth()
            self.every_run_is_accounted_for()
        finally:
            self.sandbox.stop()

    def incremental_runs_have_missed_nothing(self) -> None:
        """Once everything was loaded, the open day alone brings every change, but what was published in the past."""
        for entity in ("products", "customers"):
            if entity in self.whole and not self.late:
                assert sync(self.platform, self.tenant, entity, 1, kind="scheduled").state == "succeeded"  # type: ignore[arg-type]
                assert_tables_equal_truth(self.platform.database, self.tenant, [self.shop], [entity])

    def two_clean_runs_end_in_the_truth(self) -> None:
        for _ in range(2):
            for entity in ENTITIES:
                assert sync(self.platform, self.tenant, entity, FOREVER, full=True).state == "succeeded"
        assert_tables_equal_truth(self.platform.database, self.tenant, [self.shop])

    def every_run_is_accounted_for(self) -> None:
        """Requests of a killed run that no batch had committed are known to the source only."""
        assert_accounted(self.platform.database, self.tenant)
        runs = ledger(self.platform.database, self.tenant)
        if not self.killed:
            assert_calls_match(self.sandbox.journal, runs)
        for endpoint, calls in calls_of(runs).items():
            assert calls <= self.sandbox.journal.count(endpoint=endpoint)


def test_every_history_ends_in_the_truth(
    make_platform: MakePlatform, connect: Connect, clock: TestClock, fate: Fate
) -> None:
    """SYS-05, SYS-09, SYS-11, HTTP-11, F-01, F-26 to F-29, F-35; I1 to I3, I6: after at most two clean runs."""
    run_histories(Histories, clock, fate, connect=connect, make_platform=make_platform)
