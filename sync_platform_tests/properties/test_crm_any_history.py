"""Random histories of a CRM, a tenant's profiles, the people who decide, two clocks and our runs end in the truth."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sandbox.crm_people import CrmProfile
from sync_platform.sandbox.crm_project import build_crm
from sync_platform.sandbox.faults import Fault
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import save_profiles
from sync_platform.sync.reviews import confirm, open_reviews, reject
from sync_platform_tests.properties import histories
from sync_platform_tests.properties.crm_holds import assert_no_package_is_a_strangers, mapped_and_shown
from sync_platform_tests.properties.histories import AnyHistory, let_leases_run_out, run_histories, stop_after
from sync_platform_tests.properties.mortal import DeadlyCrm, Fate, Killed
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.crm_packages.club import Club, club_spec, connect_crm
from sync_platform_tests.sync.truth import assert_accounted

pytestmark = pytest.mark.timeout(3600)

PROFILES, CUSTOMERS = 8, 12
WEATHER = histories.WEATHER | {
    "odd pages": [Fault(kind="short_page", rows=3, every=2, times=9), Fault(kind="missing_row", every=3, times=3)],
}
index = st.integers(0, 40)


class CrmHistories(AnyHistory):
    """One tenant with one small CRM for each history. ``people`` are those whose profile is there, ``waiting`` those
    who will come; all are customers in the beginning."""

    make_tenant: Callable[..., Tenant]
    waiting: list[CrmProfile]
    people: list[CrmProfile]

    def restarted(self) -> Platform:
        """A new process."""
        self.fate.live()
        return self.make_platform(
            crm={"calls_per_second": 1000, "page_size": 5, "batch_profiles": 3},
            sync={"batch_records": 3, "max_delete_share": 1.0, "max_reject_share": 1.0},
            http={"tries": 8},
        )

    @property
    def club(self) -> Club:
        return Club(self.platform, self.tenant, self.sandbox, self.project)

    # --- the CRM -------------------------------------------------------------------------------------

    def _customer(self, at: int) -> dict[str, Any]:
        found = self.project.truth("customers")
        return found[at % len(found)]

    @rule(at=index, phone=st.booleans())
    def a_customer_is_renamed(self, at: int, phone: bool) -> None:
        one = self._customer(at)
        if phone:
            self.project.rename(one["id"], phone=f"+66 89 123 {at:04}")
        else:
            self.project.rename(one["id"], name=f"{one['customer_name']} Jr")

    @rule(overlap=st.booleans())
    def the_table_is_rebuilt(self, overlap: bool) -> None:
        self.project.rebuild_ids(overlap=overlap)

    @rule(at=index)
    def a_package_is_bought(self, at: int) -> None:
        self.project.add_package(self._customer(at)["stable_hash_id"])

    @rule(at=index, hours=st.sampled_from([None, 0, 0.5, 12]))
    def hours_are_used(self, at: int, hours: float | None) -> None:
        if packages := self.project.truth("packages"):
            self.project.change_hours(packages[at % len(packages)]["id"], hours)

    @rule(at=index)
    def a_package_goes(self, at: int) -> None:
        if packages := self.project.truth("packages"):
            self.project.remove_package(packages[at % len(packages)]["id"])

    @rule()
    def a_customer_comes(self) -> None:
        self.project.add_customer()

    @rule(at=index)
    def a_customer_goes(self, at: int) -> None:
        if len(self.project.truth("customers")) > 2:
            self.project.remove_customer(self._customer(at)["id"])

    # --- the application and the people --------------------------------------------------------------

    @rule(count=st.integers(1, 4))
    def profiles_come(self, count: int) -> None:
        come, self.waiting = self.waiting[:count], self.waiting[count:]
        self.people += come
        save_profiles(self.platform, self.tenant, [facts(one) for one in come])

    @rule(at=index, active=st.booleans())
    def a_profile_goes_or_is_back(self, at: int, active: bool) -> None:
        if self.people:
            one = self.people[at % len(self.people)]
            save_profiles(self.platform, self.tenant, [facts(one, active=active)])

    @rule(at=index, right=st.booleans())
    def somebody_decides(self, at: int, right: bool) -> None:
        """A person who may be wrong. What is asked may be answered, or gone, by the time it is decided."""
        if waiting := open_reviews(self.platform, self.tenant):
            one = waiting[at % len(waiting)]
            with suppress(SyncError):
                decide = confirm if right else reject
                decide(self.platform, self.tenant, one.id, "somebody", "as the person says")

    # --- our runs ------------------------------------------------------------------------------------

    @initialize(seed=st.integers(0, 9), loaded=st.booleans())
    def it_may_have_been_synced(self, seed: int, loaded: bool) -> None:
        self.project = build_crm(club_spec(f"club-{self.number}", customers=CUSTOMERS, seed=seed))
        self.sandbox = DeadlyCrm([self.project], clock=self.theirs)
        self.sandbox.fate = self.fate
        self.sandbox.start()
        self.platform = self.restarted()
        self.tenant = self.make_tenant(self.project.name, zone="Asia/Bangkok", country="TH")
        connect_crm(self.platform, self.tenant, self.sandbox, self.project)
        self.waiting, self.people = self.project.profiles(PROFILES), []
        self.profiles_come(4)
        if loaded:
            assert self.club.sync().state == "succeeded"

    @rule(outside=st.sampled_from(sorted(WEATHER)), full=st.booleans())
    def a_run(self, outside: str, full: bool) -> None:
        self.sandbox.faults.add(*WEATHER[outside])
        self.club.sync(full=full)
        self.sandbox.faults.clear()
        self.nobody_sees_the_packages_of_others()

    @rule(at=index)
    def a_profile_is_synced(self, at: int) -> None:
        if self.people:
            self.club.sync(profiles=(self.people[at % len(self.people)].profile_id,))
        self.nobody_sees_the_packages_of_others()

    @rule(batches=st.integers(1, 4))
    def a_cancelled_run(self, batches: int) -> None:
        self.club.sync(watch=stop_after(batches, self.platform), full=True)
        self.platform.stopping.clear()
        self.nobody_sees_the_packages_of_others()

    @rule(moments=st.integers(0, 70), full=st.booleans())
    def a_killed_run(self, moments: int, full: bool) -> None:
        self.fate.die_after(moments)
        with suppress(Killed):
            self.club.sync(full=full)
        self.platform = self.restarted()
        let_leases_run_out(self.platform, self.tenant)
        self.nobody_sees_the_packages_of_others()

    # --- what holds ----------------------------------------------------------------------------------

    def nobody_sees_the_packages_of_others(self) -> None:
        """At any time."""
        assert_no_package_is_a_strangers(self.club)

    def teardown(self) -> None:
        try:
            self.the_clocks_jump(0, 0)
            self.two_clean_runs_end_in_the_truth()
            self.nobody_sees_the_packages_of_others()
            assert_accounted(self.platform.database, self.tenant)
        finally:
            self.sandbox.stop()

    def two_clean_runs_end_in_the_truth(self) -> None:
        for _ in range(2):
            self.time_passes(3000)
            self.club.sync(full=True)
        mapped = mapped_and_shown(self.club)
        stored = {key: row for key, row in self.club.stored().items() if key[0] in mapped}
        assert stored == self.club.truth(mapped)


def facts(one: CrmProfile, *, active: bool = True) -> ProfileFacts:
    return ProfileFacts(one.profile_id, one.full_name, one.phone, one.email, active=active)


def test_every_history_of_a_crm_ends_in_the_truth(
    make_platform: MakePlatform, make_tenant: Callable[..., Tenant], clock: TestClock, fate: Fate
) -> None:
    """CRM-05, CRM-08, CRM-12, CRM-15, SYS-09, SYS-11, F-01: packages of each mapped profile are those of its customer
    after at most two clean runs; nobody ever sees those of another."""
    run_histories(CrmHistories, clock, fate, make_tenant=make_tenant, make_platform=make_platform)
