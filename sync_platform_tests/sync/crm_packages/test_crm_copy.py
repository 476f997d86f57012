"""The copy of the customers, and the faults of the replaced job: unpaged read, names alone, delete before insert."""

from dataclasses import replace
from typing import Any

import pytest

from sync_platform.core.errors import Cancelled
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sandbox.faults import Fault
from sync_platform.sync import package_writing
from sync_platform.sync.profiles import save_profiles
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.crm_packages.club import Club, numbers, report
from sync_platform_tests.sync.crm_packages.conftest import OpenClub


def copied(club: Club) -> dict[int, tuple[Any, ...]]:
    found = club.rows(
        "select customer_id, stable_hash_id, customer_name, contact_number, email from crm.customers"
        " where deleted_at is null"
    )
    return {row[0]: tuple(row[1:]) for row in found}


def truth(club: Club) -> dict[int, tuple[Any, ...]]:
    names = ("stable_hash_id", "customer_name", "contact_number", "email")
    return {
        one["id"]: tuple(one[name] if (one[name] or "").strip() else None for name in names)
        for one in club.project.truth("customers")
    }


def later(club: Club, clock: TestClock) -> None:
    clock.forward(club.platform.settings.crm.customers_max_age_minutes)


def test_customers_beyond_the_thousandth_are_matched(open_club: OpenClub) -> None:
    """CRM-01, the old job's first fault: one unpaged call saw 1,000 customers, silently, and matched no others."""
    club = open_club(customers=1203, packages_each=0.5)
    last = club.project.truth("customers")[-3:]
    save_profiles(
        club.platform,
        club.tenant,
        [ProfileFacts(f"p-{c['id']}", c["customer_name"], c["contact_number"], c["email"]) for c in last],
    )
    result = club.sync()
    assert result.state == "succeeded"
    assert copied(club) == truth(club)
    assert numbers(result) == (3, 3, 0, 0)
    assert club.stored() == club.truth({f"p-{c['id']}": c["stable_hash_id"] for c in last})
    assert report(result, "customers").counters.fetched == 1203
    assert report(result, "customers").counters.balanced


def test_a_name_alone_leads_to_nobodys_packages(club: Club) -> None:
    """CRM-07, the old job's second fault: first name and part of the last name were enough for somebody's packages."""
    customer = next(one for one in club.project.truth("customers") if club.project.packages_of(one["stable_hash_id"]))
    save_profiles(
        club.platform, club.tenant, [ProfileFacts("p-1", customer["customer_name"], "+66 2 000 0000", "x@example.org")]
    )
    result = club.sync(profiles=("p-1",))
    assert numbers(result) == (1, 0, 0, 1)
    assert club.stored() == {}
    assert club.rows("select 1 from crm.customer_mapping where state in ('auto', 'confirmed')") == []


@pytest.mark.parametrize("step", ["merge", "delete_gone_lines", "mark_synced"])
def test_a_process_that_dies_between_the_steps_leaves_the_previous_set(
    club: Club, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """CRM-12, the old job's third fault: it deleted and then inserted, and a death between the two lost the set."""
    mapped = club.link()
    club.sync()
    profile, customer = next((p, h) for p, h in mapped.items() if len(club.project.packages_of(h)) > 1)
    before = club.stored()
    club.project.remove_package(club.project.packages_of(customer)[0]["id"])
    club.project.add_package(customer)
    real = getattr(package_writing, step)

    def dies(*args: Any, **values: Any) -> Any:
        real(*args, **values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(package_writing, step, dies)
        with pytest.raises(KeyboardInterrupt):
            club.sync(profiles=(profile,))
    assert club.stored() == before
    assert club.sync(profiles=(profile,)).state == "succeeded"
    assert club.stored() == club.truth(mapped)


def test_a_bulk_that_was_killed_goes_on_and_writes_nothing_twice(open_club: OpenClub) -> None:
    """SYS-09, CRM-13: batches that were committed change nothing when they are read again."""
    club = open_club(customers=60)
    mapped = club.link()
    stops = replace(club.platform, sleep=lambda _: club.platform.stopping.set())
    result = club.sync(on=stops)
    assert (result.state, type(result.error)) == ("cancelled", Cancelled)
    assert numbers(result) == (60, 20, 0, 40)
    club.platform.stopping.clear()
    again = club.sync()
    assert club.stored() == club.truth(mapped)
    assert report(again).counters.unchanged == len(club.truth(dict(sorted(mapped.items())[:20])))


def test_the_copy_is_read_again_when_it_is_too_old(club: Club, clock: TestClock) -> None:
    """A quarter of an hour by default; ``full`` reads it at once."""
    club.link()
    club.sync()
    assert club.calls()["/customers"] == 1
    club.sync()
    assert "/customers" not in club.calls()
    club.sync(full=True)
    assert club.calls()["/customers"] == 1
    later(club, clock)
    club.sync()
    assert club.calls()["/customers"] == 1


def test_equal_customers_are_not_written_again(club: Club, clock: TestClock) -> None:
    """SYS-05; a changed, a new and a gone one are."""
    club.link()
    club.sync()
    later(club, clock)
    before = club.versions()
    result = club.sync()
    assert club.versions() == before
    assert report(result, "customers").counters.unchanged == 40
    first, second, *_ = club.project.truth("customers")
    club.project.rename(first["id"], phone="+66 81 000 0000")
    club.project.remove_customer(second["id"])
    club.project.add_customer()
    later(club, clock)
    counted = report(club.sync(), "customers").counters
    assert (counted.inserted, counted.updated, counted.deleted, counted.unchanged) == (1, 1, 1, 38)
    assert copied(club) == truth(club)


def test_more_customers_missing_than_may_go_at_once_stay(club: Club, clock: TestClock) -> None:
    """SYS-15: and packages of those who are there are synced all the same."""
    mapped = club.link()
    club.sync()
    for customer in club.project.truth("customers")[:10]:
        club.project.remove_customer(customer["id"], packages=False)
    later(club, clock)
    result = club.sync()
    assert (result.state, type(result.error).__name__) == ("partial", "TooManyDeletes")
    assert "10 of 40 customers are missing" in str(result.error)
    assert len(copied(club)) == 40
    assert numbers(result) == (40, 40, 0, 0)
    assert club.stored() == club.truth(mapped)


@pytest.mark.parametrize("overlap", [True, False])
def test_a_table_that_was_rebuilt_is_nobody_gone(club: Club, clock: TestClock, overlap: bool) -> None:
    """Vendor page, section 6: the customers' numbers are not stable; hashes, mappings and packages are."""
    mapped = club.link()
    club.sync()
    before = club.stored()
    club.project.rebuild_ids(overlap=overlap)
    later(club, clock)
    result = club.sync()
    assert (result.state, result.error) == ("succeeded", None)
    assert copied(club) == truth(club)
    assert club.stored() == before == club.truth(mapped)


def test_a_copy_that_was_interrupted_is_gone_on_with(open_club: OpenClub, make_platform: MakePlatform) -> None:
    """SYS-09: what was read is not read twice, and who is gone is found by the next whole reading."""
    on = make_platform(crm={"calls_per_second": 1000, "page_size": 10}, sync={"batch_records": 10}, http={"tries": 1})
    club = open_club(on=on)
    club.link()
    club.server.faults.add(Fault(kind="status", status=503, path="/customers", after=2))
    assert club.sync().state == "failed"
    assert 0 < len(copied(club)) < 40
    club.server.faults.clear()
    club.calls()
    assert club.sync().state == "succeeded"
    assert club.calls()["/customers"] <= 3
    assert copied(club) == truth(club)


def test_a_customer_that_cannot_be_loaded_is_quarantined_and_not_taken_for_gone(club: Club, clock: TestClock) -> None:
    """SYS-08, SYS-15."""
    club.link()
    club.sync()
    odd = club.project.truth("customers")[3]["id"]
    club.project.modify("customers", odd, customer_name=["a", "list"])
    later(club, clock)
    result = club.sync()
    counted = report(result, "customers").counters
    assert (counted.quarantined, counted.deleted) == (1, 0)
    assert counted.balanced
    assert odd in copied(club)
