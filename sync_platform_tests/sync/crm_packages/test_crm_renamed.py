"""A customer renamed in the CRM keeps the mapping, and the packages follow (CRM-05, CRM-12)."""

from sync_platform.sandbox.collection import Record
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.crm_packages.club import Club, numbers, report


def renamed(club: Club, clock: TestClock) -> tuple[str, str, Record]:
    """Profile and old hash of a customer whose packages were read, and whose phone was corrected since."""
    mapped = club.link()
    club.sync()
    clock.forward(60)
    one = next(c for c in club.project.truth("customers") if club.project.packages_of(c["stable_hash_id"]))
    profile = next(p for p, h in mapped.items() if h == one["stable_hash_id"])
    return profile, one["stable_hash_id"], club.project.rename(one["id"], phone="+66 81 555 0199")


def test_the_bulk_follows_and_reports_it(club: Club, clock: TestClock) -> None:
    """CRM-05: nothing is removed, nobody is asked."""
    profile, old, now = renamed(club, clock)
    result = club.sync()
    assert result.state == "succeeded"
    assert report(result).report["matching"]["renamed"] == 1
    assert club.stored(profile) == club.truth({profile: now["stable_hash_id"]})
    assert len(club.stored(profile)) > 0
    assert old not in {row[0] for row in club.stored(profile).values()}
    shown = club.rows("select count(*) from analytics.customer_packages where profile_id = %s", profile)
    assert shown == [(len(club.stored(profile)),)]


def test_a_single_sync_finds_the_customer_again(club: Club, clock: TestClock) -> None:
    """CRM-11: somebody who signs in right after the correction does not wait for the night."""
    profile, _, now = renamed(club, clock)
    result = club.sync(profiles=(profile,))
    assert (result.state, result.error) == ("succeeded", None)
    assert numbers(result) == (1, 1, 0, 0)
    assert club.stored(profile) == club.truth({profile: now["stable_hash_id"]})
    assert club.retry() == {}
    club.calls()
    club.sync(profiles=(profile,))
    assert club.calls() == {"/packages": 1}
