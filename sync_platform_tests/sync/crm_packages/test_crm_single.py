"""Packages of one profile: one call, the whole set, and nobody else's (CRM-10, CRM-12)."""

from datetime import date, timedelta

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.sync.crm_packages.club import Club, number, numbers, report, statistics


def test_a_mapped_profile_costs_one_call_and_gets_the_whole_set(club: Club) -> None:
    """CRM-10, CRM-12, F-20 to F-26 have their own tests; this is the usual case."""
    mapped = club.link()
    profile = next(p for p in mapped if len(club.project.packages_of(mapped[p])) > 1)
    club.calls()
    result = club.sync(profiles=(profile,))
    assert (result.state, result.error) == ("succeeded", None)
    assert club.calls() == {"/packages": 1}
    assert club.stored() == club.truth({profile: mapped[profile]})
    told = statistics(result)
    assert (told["total"], told["succeeded"], told["api_calls"]) == (1, 1, 1)
    assert told["added"] == told["packages"] == len(club.stored())
    counters = report(result).counters
    assert counters.balanced
    assert counters.fetched == len(club.stored())
    [(synced, packages)] = club.rows(
        "select packages_synced_at, packages_count from crm.profiles where profile_id = %s", profile
    )
    assert (synced, packages) == (club.platform.clock(), len(club.stored()))


def test_the_same_again_writes_no_data_row(club: Club) -> None:
    """SYS-05."""
    mapped = club.link()
    club.sync()
    before = club.versions()
    again = club.sync()
    assert club.versions() == before
    assert report(again).counters.written == 0
    assert report(again).counters.unchanged == len(club.truth(mapped))
    assert numbers(again, ("added", "changed", "removed")) == (0, 0, 0)


def test_a_set_follows_the_crm_package_by_package(club: Club) -> None:
    """CRM-12: added, changed, removed and back again."""
    mapped = club.link()
    profile, customer = next((p, h) for p, h in mapped.items() if len(club.project.packages_of(h)) > 1)
    club.sync(profiles=(profile,))
    gone, changed, *_ = club.project.packages_of(customer)
    club.project.remove_package(gone["id"])
    club.project.change_hours(changed["id"], 0)
    new = club.project.add_package(customer)
    result = club.sync(profiles=(profile,))
    assert numbers(result, ("added", "changed", "removed")) == (1, 1, 1)
    assert club.stored() == club.truth({profile: customer})
    assert (profile, str(new["id"])) in club.stored()
    assert club.stored()[profile, str(changed["id"])][3] == 0
    [(deleted,)] = club.rows("select count(*) from crm.packages where deleted_at is not null")
    assert deleted == 1
    club.project.add_package(customer, id=gone["id"])
    assert numbers(club.sync(profiles=(profile,)), ("added", "changed", "removed")) == (1, 0, 0)
    assert club.stored() == club.truth({profile: customer})


def test_null_clears_and_what_is_not_shown_any_more_stays(club: Club) -> None:
    """SYS-07: hours that became unlimited; a column that the CRM stopped to show."""
    mapped = club.link()
    profile, customer = next((p, h) for p, h in mapped.items() if club.project.packages_of(h))
    package = club.project.packages_of(customer)[0]["id"]
    club.project.modify("packages", package, package_total_hours_from_def=15, calculated_remaining_hours=3)
    club.sync(profiles=(profile,))
    club.project.modify(
        "packages", package, package_total_hours_from_def=None, total_hours=None, calculated_remaining_hours=0
    )
    name = club.stored()[profile, str(package)][1]
    hidden = Fault(kind="missing_field", path="/packages", field="package_name_from_def", share=1.0)
    club.server.faults.add(hidden)
    club.project.modify("packages", package, package_name="Another name, which is not the definition's")
    club.sync(profiles=(profile,))
    row = club.stored()[profile, str(package)]
    assert (row[2], row[3]) == (None, 0)
    assert row[1] in (name, "Another name, which is not the definition's")


def test_expired_and_undated_packages_are_kept_with_their_state(club: Club) -> None:
    """CRM-12: the old job skipped them. The state follows the tenant's own day."""
    mapped = club.link()
    profile, customer = next(iter(mapped.items()))
    for package in club.project.packages_of(customer):
        club.project.remove_package(package["id"])
    [(today,)] = club.rows("select (now() at time zone 'Asia/Bangkok')::date")
    ends = {"active": today, "expired": today - timedelta(days=1), "undated": None}
    ids = {
        state: str(club.project.add_package(customer, expiration_date=end and end.isoformat())["id"])
        for state, end in ends.items()
    }
    club.sync(profiles=(profile,))
    shown = dict(club.rows("select crm_package_id, state from analytics.customer_packages"))
    assert shown == {package: state for state, package in ids.items()}


def test_packages_are_never_shown_at_another_profile(club: Club) -> None:
    """The purpose of it all: after any number of runs every package is at the profile of its own customer."""
    mapped = club.link()
    club.sync()
    club.sync(profiles=tuple(list(mapped)[:7]))
    assert club.stored() == club.truth(mapped)
    mine = {profile: {key[1] for key in club.stored() if key[0] == profile} for profile in mapped}
    assert sum(len(packages) for packages in mine.values()) == len(set().union(*mine.values()))


def test_numbers_are_exact(club: Club) -> None:
    """SYS-01."""
    mapped = club.link()
    profile, customer = next(iter(mapped.items()))
    package = club.project.add_package(customer, calculated_remaining_hours=6.1, package_total_hours_from_def=15)
    club.sync(profiles=(profile,))
    assert club.stored()[profile, str(package["id"])][2:4] == (number(15), number("6.1"))


@pytest.mark.parametrize("days", [-1, 1])
def test_only_today_can_be_read(club: Club, days: int) -> None:
    """What packages looked like on another day cannot be found out; the tenant's zone says which day it is."""
    today = club.platform.clock().astimezone(club.tenant.zone).date()
    assert today == date(2026, 11, 21)  # while it is still the 20th in UTC
    club.link()
    other = today + timedelta(days=days)
    result = club.sync(days=((other, other),))
    assert result.state == "refused"
    assert "only today (2026-11-21) can be read" in str(result.error)
    assert club.sync(days=((today, today),)).state == "succeeded"
