"""What is missing at the CRM takes packages away only where that is believable (SYS-15, CRM-03, CRM-12)."""

from typing import Any

import pytest
from psycopg import sql

from sync_platform.core.errors import ContractBroken
from sync_platform.db.pool import Database
from sync_platform.sync.package_sets import by_customer
from sync_platform.vendors.crm import CrmClient
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.crm_packages.club import Club, numbers, report, statistics, with_packages
from sync_platform_tests.sync.crm_packages.conftest import OpenClub


def empty(club: Club, customer: str) -> None:
    """The CRM has no packages of a customer any more."""
    for package in club.project.packages_of(customer):
        club.project.remove_package(package["id"])


def test_an_empty_answer_for_a_customer_who_is_still_there_empties_the_set(club: Club) -> None:
    """CRM-12: two more calls, which only this case costs."""
    mapped = club.link()
    club.sync()
    profile, customer = with_packages(club, mapped)
    empty(club, customer)
    club.calls()
    result = club.sync(profiles=(profile,))
    assert result.state == "succeeded"
    assert club.stored(profile) == {}
    assert statistics(result)["removed"] > 0
    assert club.calls()["/customers"] == 1
    club.sync(profiles=(profile,))
    assert club.calls().get("/customers") is None


def test_an_empty_answer_for_a_customer_who_is_hidden_as_well_takes_nothing(club: Club) -> None:
    """Vendor page, section 1: a row that the key may not see is left out without a word."""
    mapped = club.link()
    club.sync()
    profile, customer = with_packages(club, mapped)
    before = club.stored(profile)
    empty(club, customer)
    hidden = next(one for one in club.project.truth("customers") if one["stable_hash_id"] == customer)
    club.project.remove_customer(hidden["id"])
    result = club.sync(profiles=(profile,))
    assert numbers(result) == (1, 0, 1, 0)
    assert club.stored(profile) == before
    assert "neither packages nor the customer" in club.rows("select reason from platform.retry_items")[0][0]


def test_a_key_that_sees_no_packages_at_all_takes_nothing(club: Club) -> None:
    """CRM-03: customers are visible and packages are not, as row security can have it."""
    mapped = club.link()
    club.sync()
    before = club.stored()
    for customer in mapped.values():
        empty(club, customer)
    profile = next(iter(before))[0]
    assert statistics(club.sync(profiles=(profile,)))["failed"] == 1
    assert club.stored() == before
    result = club.sync()
    assert result.state == "partial"
    assert club.stored() == before


def test_a_bulk_that_would_take_too_many_takes_none(open_club: OpenClub) -> None:
    """SYS-15: more than 5 % of the live packages; what is new or different is written all the same."""
    club = open_club(customers=60)
    mapped = club.link()
    club.sync()
    before = club.stored()
    chosen = [profile for profile in mapped if len(club.project.packages_of(mapped[profile])) > 1][:10]
    for profile in chosen:
        club.project.remove_package(club.project.packages_of(mapped[profile])[0]["id"])
    other = next(p for p in mapped if p not in chosen)
    club.project.add_package(mapped[other])
    result = club.sync()
    assert (result.state, type(result.error).__name__) == ("partial", "TooManyDeletes")
    assert "nothing was removed" in str(result.error)
    told = statistics(result)
    assert (told["removed"], told["added"], told["skipped_because"]) == (0, 1, {"too_many_would_go": 10})
    assert before.items() <= club.stored().items()
    assert report(result).counters.balanced
    assert club.retry() == {}


def test_a_bulk_may_take_more_where_the_share_is_raised(open_club: OpenClub, make_platform: MakePlatform) -> None:
    """SYS-15: for one run, by setting."""
    club = open_club(customers=60)
    mapped = club.link()
    club.sync()
    for customer in list(mapped.values())[:20]:
        empty(club, customer)
    result = club.sync(on=make_platform(crm={"calls_per_second": 1000}, sync={"max_delete_share": 1.0}))
    assert result.state == "succeeded"
    assert club.stored() == club.truth(mapped)


def test_few_packages_that_are_gone_go_in_the_bulk(open_club: OpenClub) -> None:
    """CRM-12: as they do every day."""
    club = open_club(customers=60)
    mapped = club.link()
    club.sync()
    profile, customer = next((p, h) for p, h in mapped.items() if len(club.project.packages_of(h)) > 1)
    club.project.remove_package(club.project.packages_of(customer)[0]["id"])
    other, _ = next((p, h) for p, h in mapped.items() if len(club.project.packages_of(h)) == 1 and p != profile)
    empty(club, mapped[other])
    result = club.sync()
    assert (result.state, statistics(result)["removed"]) == ("succeeded", 2)
    assert club.stored() == club.truth(mapped)


def test_a_customer_who_vanished_keeps_the_last_set_and_is_reported(open_club: OpenClub) -> None:
    """CRM-12: a mapping to a hash that is not there any more is no empty set."""
    club = open_club(customers=60)
    mapped = club.link()
    club.sync()
    profile, customer = with_packages(club, mapped)
    before = club.stored(profile)
    gone = next(one for one in club.project.truth("customers") if one["stable_hash_id"] == customer)
    club.project.remove_customer(gone["id"])
    club.rows("update platform.sync_cursors set watermark = null returning 1")  # as after a quarter of an hour
    result = club.sync()
    assert statistics(result)["skipped_because"] == {"customer_gone": 1}
    assert club.stored(profile) == before


def test_an_answer_with_somebody_elses_packages_is_refused_whole(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    """The purpose of it all: a function or a proxy that ignores the filter writes nothing anywhere."""
    mapped = club.link()
    profile, customer = with_packages(club, mapped)
    club.sync(profiles=(profile,))
    before = club.stored()
    stranger = next(h for p, h in mapped.items() if p != profile and club.project.packages_of(h))
    real = CrmClient.packages
    monkeypatch.setattr(CrmClient, "packages", lambda self, hashes: real(self, [*hashes, stranger]))
    result = club.sync(profiles=(profile,))
    assert (result.state, type(result.error)) == ("failed", ContractBroken)
    assert stranger not in str(result.error)
    assert customer not in str(result.error)
    assert club.stored() == before


@pytest.mark.parametrize("records", [[b'{"id": 1, "stable_hash_id": "c"}'], [b'{"id": 1}'], [b"[]"], [b"{"]])
def test_a_record_must_say_that_it_belongs_to_somebody_asked_for(records: list[Any]) -> None:
    with pytest.raises(ContractBroken, match="not asked for"):
        by_customer(records, ["a", "b"])


def test_a_mapping_that_was_taken_back_meanwhile_gets_nothing(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    """CRM-05: a person rejects the match between the answer and its transaction."""
    mapped = club.link()
    profile, _ = with_packages(club, mapped)
    real = CrmClient.packages

    def rejected_meanwhile(self: CrmClient, hashes: Any) -> Any:
        found = real(self, hashes)
        club.rows("update crm.customer_mapping set state = 'rejected' where profile_id = %s returning 1", profile)
        return found

    monkeypatch.setattr(CrmClient, "packages", rejected_meanwhile)
    result = club.sync(profiles=(profile,))
    assert statistics(result)["skipped_because"] == {"mapping_changed": 1}
    assert club.stored() == {}
    assert report(result).counters.balanced


def test_the_view_shows_no_packages_of_a_mapping_that_was_taken_back(club: Club, database: Database) -> None:
    """CRM-12, TEN-02: nor those of another tenant."""
    mapped = club.link()
    club.sync()
    shown = club.rows("select count(*), count(distinct profile_id) from analytics.customer_packages")
    assert shown[0][0] == len(club.stored())
    profile, _ = with_packages(club, mapped)
    club.rows("update crm.customer_mapping set state = 'rejected' where profile_id = %s returning 1", profile)
    left = club.rows("select count(*) from analytics.customer_packages where profile_id = %s", profile)
    assert left == [(0,)]
    with database.transaction(None, "sp_web") as conn:
        row = conn.execute(sql.SQL("select count(*) from analytics.customer_packages")).fetchone()
    assert row == (0,)
