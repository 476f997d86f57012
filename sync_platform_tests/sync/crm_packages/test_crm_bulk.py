"""All profiles: grouped calls, one bad profile that stops nobody, batches, pauses, who is taken (CRM-13 to CRM-20)."""

from dataclasses import replace
from typing import Any

import pytest

from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.profiles import save_profiles
from sync_platform.sync.request import Progress
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.crm_packages.club import Club, numbers, report, statistics
from sync_platform_tests.sync.crm_packages.conftest import OpenClub


def test_a_thousand_profiles_of_which_one_is_poisoned(open_club: OpenClub) -> None:
    """The figures of the issue: 999 of 1,000 succeed, and calls stay below a tenth of the profiles."""
    club = open_club(customers=1000, packages_each=1.0)
    mapped = club.link()
    spoilt = sorted(mapped)[500]
    club.project.poison(mapped[spoilt])
    result = club.sync()
    assert result.state == "partial"
    assert numbers(result) == (1000, 999, 1, 0)
    truth = club.truth({profile: customer for profile, customer in mapped.items() if profile != spoilt})
    assert club.stored() == truth
    assert report(result).counters.balanced
    assert report(result).counters.quarantined == 1
    assert statistics(result)["packages"] == len(truth)
    assert sum(club.calls().values()) <= 100
    assert statistics(result)["api_calls"] <= 100


@pytest.mark.parametrize("source", ["table", "function"])
def test_one_hash_about_which_no_call_can_be_answered(open_club: OpenClub, make_platform: Any, source: str) -> None:
    """CRM-13, CRM-15: the batch is halved until the one is alone; all others are written."""
    on = make_platform(crm={"calls_per_second": 1000, "packages_source": source})
    club = open_club(on=on, customers=60)
    mapped = club.link()
    spoilt = sorted(mapped)[27]
    club.project.poison(mapped[spoilt], "error")
    club.calls()
    result = club.sync()
    assert (result.state, type(result.error).__name__) == ("partial", "ItemsMissing")
    assert numbers(result) == (60, 59, 1, 0)
    assert club.stored() == club.truth({p: h for p, h in mapped.items() if p != spoilt})
    assert club.retry() == {spoilt: (1, "open")}
    calls = club.calls()
    if source == "table":
        assert calls["/packages"] <= 3 + 5 + 5 * 3  # five halvings: one half answers, the other is tried again
    else:
        assert calls["/rpc/get_packages_by_hash_id"] >= 60
    club.project.cure(mapped[spoilt])
    assert club.sync(profiles=(spoilt,)).state == "succeeded"
    assert club.retry() == {}
    assert club.stored() == club.truth(mapped)


def test_function_and_table_end_in_the_same_rows(open_club: OpenClub, make_platform: MakePlatform) -> None:
    """CRM-10: one function behind both ways."""
    club = open_club(customers=30)
    mapped = club.link()
    club.sync()
    by_table = club.stored()
    club.rows("update crm.packages set deleted_at = now() returning 1")
    on = make_platform(crm={"calls_per_second": 1000, "packages_source": "function"})
    assert club.sync(on=on).state == "succeeded"
    assert club.stored() == by_table == club.truth(mapped)


def test_batches_and_pauses_are_as_set(open_club: OpenClub, make_platform: MakePlatform) -> None:
    """CRM-13: 45 profiles in batches of 20 are three calls and two pauses."""
    slept: list[float] = []
    on = replace(make_platform(crm={"calls_per_second": 1000}), sleep=slept.append)
    club = open_club(on=on, customers=45)
    club.link()
    seen: list[Progress] = []
    result = club.sync(watch=seen.append)
    assert club.calls()["/packages"] == 3
    assert slept == [0.5, 0.5]
    assert statistics(result)["succeeded"] == 45
    steps = [(step.done, step.planned) for step in seen if step.stage == "profiles"]
    assert steps == [(20, 45), (40, 45), (45, 45)]


def test_a_record_that_cannot_be_loaded_keeps_the_previous_set(club: Club) -> None:
    """CRM-12, SYS-08, SYS-11: what was there stays whole, although other packages of the answer are good."""
    mapped = club.link()
    club.sync()
    profile, customer = next((p, h) for p, h in mapped.items() if len(club.project.packages_of(h)) > 2)
    before = club.stored(profile)
    first, second, *_ = club.project.packages_of(customer)
    club.project.change_hours(first["id"], 1)
    club.project.remove_package(second["id"])
    club.project.poison(customer)
    result = club.sync()
    assert statistics(result)["failed"] == 1
    assert club.stored(profile) == before
    others = {p: h for p, h in mapped.items() if p != profile}
    assert {key: row for key, row in club.stored().items() if key[0] != profile} == club.truth(others)
    assert report(result).counters.balanced
    assert statistics(result)["set_aside"] == len(before) - 1
    [(reason, state)] = club.rows("select reason, state from platform.quarantine where entity = 'packages'")
    assert state == "open"
    club.project.cure(customer)
    club.sync(profiles=(profile,))
    assert club.stored() == club.truth(mapped)
    assert reason in ("wrong_type", "out_of_range")


def test_failed_profiles_wait_longer_each_time_and_then_for_a_person(club: Club, clock: TestClock) -> None:
    """CRM-15: 15 min, 1 h, 6 h, 24 h; first in the next run when due; review after 10 failures."""
    mapped = club.link()
    spoilt = sorted(mapped)[-1]
    club.project.poison(mapped[spoilt], "error")
    club.sync()
    for tries, minutes in enumerate([15, 60, 360, *[1440] * 6], 1):
        assert club.retry() == {spoilt: (tries, "open")}
        clock.forward(minutes - 1)
        assert statistics(club.sync(max_profiles=45))["skipped_because"] == {"waiting": 1}
        clock.forward(1)
        assert numbers(club.sync(max_profiles=1)) == (1, 0, 1, 0)
    assert club.retry() == {spoilt: (10, "review")}
    clock.forward(100_000)
    assert statistics(club.sync())["skipped_because"] == {"review": 1}
    club.project.cure(mapped[spoilt])
    assert club.sync(profiles=(spoilt,)).state == "succeeded"
    assert club.retry() == {}
    assert club.stored() == club.truth(mapped)


def test_only_so_many_and_only_new_ones(club: Club) -> None:
    """CRM-14."""
    mapped = club.link()
    assert numbers(club.sync(max_profiles=7)) == (7, 7, 0, 0)
    club.calls()
    assert numbers(club.sync(only_new=True)) == (33, 33, 0, 0)
    assert numbers(club.sync(only_new=True)) == (0, 0, 0, 0)
    assert club.stored() == club.truth(mapped)
    assert club.sync(max_profiles=0).state == "refused"


def test_who_was_not_synced_for_the_longest_time_comes_first(club: Club, clock: TestClock) -> None:
    """CRM-14: a nightly limit gets round to everybody."""
    mapped = club.link()
    for _ in range(4):
        club.sync(max_profiles=10)
        clock.forward(60)
    assert club.stored() == club.truth(mapped)


def test_unmatched_profiles_are_skipped_and_counted(club: Club) -> None:
    """CRM-20: the total is of active profiles."""
    half = club.project.truth("customers")[:20]
    club.link(half)
    save_profiles(club.platform, club.tenant, [ProfileFacts("x-1", "Quite Somebodyelse", "+66 2 000 0001", None)])
    save_profiles(club.platform, club.tenant, [ProfileFacts("x-2", "Zed Nobody", None, None, active=False)])
    told = statistics(club.sync())
    assert (told["total"], told["skipped_because"]) == (21, {"unmatched": 1})


def test_a_dry_run_tells_and_writes_nothing(club: Club) -> None:
    """SYS-20."""
    mapped = club.link()
    club.sync()
    profile, customer = next((p, h) for p, h in mapped.items() if len(club.project.packages_of(h)) > 1)
    gone, changed, *_ = club.project.packages_of(customer)
    club.project.remove_package(gone["id"])
    club.project.change_hours(changed["id"], 0.25)
    club.project.add_package(customer)
    before = (club.versions(), club.rows("select * from crm.profiles order by 2"), club.retry())
    would = club.sync(kind="dry_run", profiles=(profile,))
    assert (club.versions(), club.rows("select * from crm.profiles order by 2"), club.retry()) == before
    did = club.sync(profiles=(profile,))
    names = ("added", "changed", "removed", "packages")
    assert numbers(would, names) == numbers(did, names)
    assert would.reports[0].report["sample"]
