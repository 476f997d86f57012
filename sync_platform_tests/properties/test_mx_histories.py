"""Random histories of a clinic, a source, two clocks and our runs: whatever happened, the tables end in the truth."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_changes import MxChanges
from sync_platform.sandbox.mx_merchant import build_merchant
from sync_platform.sync.platform import Platform
from sync_platform_tests.properties import histories
from sync_platform_tests.properties.histories import AnyHistory, let_leases_run_out, run_histories, stop_after
from sync_platform_tests.properties.mortal import DeadlyMxSandbox, Fate, Killed
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.mx_merchant.clinic import DAYS, Clinic, clinic_spec, connect_merchant
from sync_platform_tests.sync.mx_truth import assert_merchants_stored
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, calls_of, ledger

pytestmark = pytest.mark.timeout(3600)

# as far back as any of the clinic's payments, however far the clock was moved
FOREVER = 60
# a sale, and what happens to a payment; what changes an invoice that was paid before is told by nothing (MX-07)
TOLD = ("settle", "void", "chargeback", "refund", "payment", "sale")
UNTOLD = ("instalment", "purchase", "return")
WEATHER = histories.WEATHER | {
    "page shift": [Fault(kind="mutate", path="/payment", rows=3, times=4)],
    "lost details": [Fault(kind="status", status=404, path="/invoice/*", every=2, times=3)],
}
weather = st.sampled_from(sorted(WEATHER))


class MxHistories(AnyHistory):
    """One tenant with one small clinic for each history.

    ``untold``: something happened, or may have happened, to an invoice that was paid before.
    """

    make_tenant: Callable[..., Tenant]

    def __init__(self) -> None:
        super().__init__()
        spec = clinic_spec(f"clinic-{self.number}", 1_000_000_000 + self.number, payments=24, invoices=11)
        self.merchant = build_merchant(spec, clock=self.theirs)
        self.sandbox = DeadlyMxSandbox([self.merchant], clock=self.theirs)
        self.sandbox.fate = self.fate
        self.sandbox.start()
        self.untold = self.killed = False
        tenant = self.make_tenant(spec.name, zone=spec.zone)
        self.clinic = Clinic(self.restarted(), tenant, self.sandbox, self.merchant)
        connect_merchant(self.clinic.platform, tenant, self.sandbox, self.merchant)

    def restarted(self) -> Platform:
        """A new process."""
        self.fate.live()
        mx = {"calls_per_second": 1000, "page_size": 7, "batch_payments": 7, "details_per_transaction": 4}
        return self.make_platform(mx_merchant=mx, http={"tries": 8})

    def run_in(self, outside: str, days: int, **values: Any) -> str:
        """The state of a run while the source behaves like that."""
        self.untold |= outside == "page shift"
        self.sandbox.faults.add(*WEATHER[outside])
        state = self.clinic.sync(days, **values).state
        self.sandbox.faults.clear()
        return state

    # --- the clinic ----------------------------------------------------------------------------------

    @rule(seed=st.integers(0, 1000), count=st.integers(1, 12))
    def payments_change(self, seed: int, count: int) -> None:
        MxChanges(self.merchant, seed).apply(count, kinds=TOLD)

    @rule(seed=st.integers(0, 1000), count=st.integers(1, 6))
    def invoices_change(self, seed: int, count: int) -> None:
        MxChanges(self.merchant, seed).apply(count, kinds=UNTOLD)
        self.untold = True

    @rule(days=st.integers(1, 8), count=st.integers(1, 9))
    def batches_are_closed_late(self, days: int, count: int) -> None:
        """All that was approved so long ago is settled only now."""
        until = (self.now - timedelta(days=days)).isoformat()
        due = [one for one in self.merchant.truth("payments") if one["status"] == "Approved" and one["created"] < until]
        for payment in due[:count]:
            self.merchant.settle(payment["id"])

    @rule(count=st.integers(2, 16))
    def many_pay_at_the_same_moment(self, count: int) -> None:
        moment = self.merchant.tick()
        for _ in range(count):
            self.merchant.add_payment(created=moment)

    # --- our runs ------------------------------------------------------------------------------------

    @initialize(loaded=st.booleans())
    def everything_is_loaded(self, loaded: bool) -> None:
        assert not loaded or self.run_in("fair", DAYS + 2) == "succeeded"

    @rule(days=st.integers(1, 12), kind=st.sampled_from(["scheduled", "dry_run", "backfill"]), outside=weather)
    def a_run(self, days: int, kind: str, outside: str) -> None:
        state = self.run_in(outside, days, kind=kind)
        assert state == "succeeded" or (state == "partial" and outside == "lost details")

    @rule(newest=st.integers(1, 30), outside=weather)
    def the_newest_payments(self, newest: int, outside: str) -> None:
        state = self.run_in(outside, 1, newest=newest)
        assert state == "succeeded" or (state == "partial" and outside == "lost details")

    @rule(days=st.integers(1, 12), outside=weather)
    def a_verifying_run(self, days: int, outside: str) -> None:
        state = self.run_in(outside, days, verify=True)
        assert state == "succeeded" or (state == "partial" and outside == "lost details")

    @rule(batches=st.integers(1, 3), days=st.integers(1, 12), outside=weather)
    def a_cancelled_run(self, batches: int, days: int, outside: str) -> None:
        stop = stop_after(batches, self.clinic.platform)
        assert self.run_in(outside, days, watch=stop) in ("succeeded", "cancelled", "partial")
        self.clinic.platform.stopping.clear()

    @rule(moments=st.integers(0, 70), days=st.integers(1, 12))
    def a_killed_run(self, moments: int, days: int) -> None:
        self.fate.die_after(moments)
        with suppress(Killed):
            self.clinic.sync(days)
        self.killed |= self.fate.dead
        self.clinic = Clinic(self.restarted(), self.clinic.tenant, self.sandbox, self.merchant)
        let_leases_run_out(self.clinic.platform, self.clinic.tenant)

    # --- the end -------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.the_clocks_jump(0, 0)
            self.time_passes(60)
            self.two_clean_runs_end_in_the_truth()
            self.every_run_is_accounted_for()
        finally:
            self.sandbox.stop()

    def two_clean_runs_end_in_the_truth(self) -> None:
        for _ in range(2):
            assert self.run_in("fair", FOREVER, verify=True) == "succeeded"
        database, tenant = self.clinic.platform.database, self.clinic.tenant
        assert_merchants_stored(database, tenant, [self.merchant], only_payments=self.untold)

    def every_run_is_accounted_for(self) -> None:
        """What left when the process died may be known to one side only, in the run that was killed."""
        assert_accounted(self.clinic.platform.database, self.clinic.tenant)
        runs = ledger(self.clinic.platform.database, self.clinic.tenant)
        if not self.killed:
            assert_calls_match(self.sandbox.journal, runs)
        for endpoint, calls in calls_of(runs).items():
            assert self.killed or calls == self.sandbox.journal.count(endpoint=endpoint)


def test_every_history_of_a_clinic_ends_in_the_truth(
    make_platform: MakePlatform, make_tenant: Callable[..., Tenant], clock: TestClock, fate: Fate
) -> None:
    """SYS-05, SYS-09, SYS-11, HTTP-11, MX-03 to MX-12, F-01, F-26, F-27, F-35; I1 to I3, I6: after two clean runs."""
    run_histories(MxHistories, clock, fate, make_tenant=make_tenant, make_platform=make_platform)
