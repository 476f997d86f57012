"""What a generated CRM project is like (SBX-01)."""

from collections import Counter

import pytest

from sync_platform.sandbox.crm_names import stable_hash
from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_world import crm_demo_specs
from sync_platform_tests.sandbox.crm_club import CUSTOMERS, build_club, club_spec


@pytest.fixture(scope="module")
def club() -> CrmProject:
    return build_club()


def test_the_same_description_gives_the_same_rows(club) -> None:
    """SBX-01."""
    again = build_club()
    for table in ("customers", "packages"):
        assert again.truth(table) == club.truth(table)
    assert build_club(seed=12).truth("customers") != club.truth("customers")
    assert again.profiles(20, seed=1) == club.profiles(20, seed=1) != club.profiles(20, seed=2)


def test_there_are_as_many_customers_as_asked_for(club) -> None:
    """SBX-01."""
    assert len(club.truth("customers")) == CUSTOMERS
    assert 1.2 < len(club.truth("packages")) / CUSTOMERS < 1.8
    assert build_club(customers=0).truth("customers") == []
    assert build_club(customers=20, packages_each=0).truth("packages") == []


def test_the_hash_is_made_of_name_and_digits() -> None:
    """SBX-01: as the vendor's page defines it."""
    assert stable_hash(" Sam Example ", "081-234-5678") == stable_hash("sam example", "0812345678 (LINE)")
    assert stable_hash("Sam Example", "+66 81 234 5678") != stable_hash("Sam Example", "081-234-5678")
    assert stable_hash("Sam Example", "081-234-5678") == "691b5a61eddc04682a87ff4e66be80b7"
    assert stable_hash("Sam", None) is stable_hash(None, "1") is None


def test_customers_are_as_untidy_as_people_leave_them(club) -> None:
    """SBX-01: forms of numbers, missing fields, families with one telephone, two rows of one customer."""
    rows = club.truth("customers")
    phones = [row["contact_number"] for row in rows]
    assert {None, "", "-"} <= set(phones)
    starts = Counter((phone or "?")[:2] for phone in phones)
    assert {"+6", "66", "00", "(0", "08", "09", "06"} <= set(starts)
    emails = [row["email"] for row in rows]
    assert 0.2 < emails.count(None) / len(rows) < 0.5
    assert "" in emails
    twins = [key for key, number in Counter(row["stable_hash_id"] for row in rows).items() if key and number > 1]
    assert twins
    assert all(len({row["customer_name"] for row in club.customers_of(key)}) > 1 for key in twins[:3])
    by_number: dict[str, set[str]] = {}
    for row in rows:
        digits = "".join(sign for sign in row["contact_number"] or "" if sign.isdigit())[-9:]
        if len(digits) == 9:
            by_number.setdefault(digits, set()).add(row["stable_hash_id"])
    assert sum(len(hashes) > 1 for hashes in by_number.values()) > 10


def test_packages_have_all_the_states_that_matter(club) -> None:
    """SBX-01, CRM-12: older rows with the columns from before, 0 and null hours, expired and undated."""
    rows = club.truth("packages")
    today = club.spec.today.isoformat()
    older = [row for row in rows if row["package_name_from_def"] is None]
    assert 0 < len(older) < len(rows) / 2
    assert all(row["package_name"] and row["calculated_used_hours"] is None for row in older)
    assert any(row["calculated_remaining_hours"] == 0 for row in rows)
    assert any(row["package_name"] is None and row["package_total_hours_from_def"] is None for row in rows)
    assert any(row["expiration_date"] is None for row in rows)
    dated = [row["expiration_date"] for row in rows if row["expiration_date"]]
    assert min(dated) < today < max(dated)
    hours = {row["calculated_remaining_hours"] for row in rows}
    assert any(isinstance(one, float) and one != int(one) for one in hours)
    assert all(row["stable_hash_id"] in set(club.hashes()) for row in rows)


def test_ids_of_packages_are_numbers_or_texts() -> None:
    """SBX-01: the vendor's page leaves it open."""
    assert {type(row["id"]) for row in build_club(customers=20).truth("packages")} == {int}
    assert {type(row["id"]) for row in build_club(customers=20, package_ids="text").truth("packages")} == {str}


def test_profiles_belong_to_customers_with_a_hash_of_their_own(club) -> None:
    """SBX-01, CRM-05."""
    profiles = club.profiles(300, seed=4)
    assert len({one.profile_id for one in profiles}) == len({one.stable_hash_id for one in profiles}) == 300
    assert all(len(club.customers_of(one.stable_hash_id)) == 1 for one in profiles)
    assert sum(one.email is None for one in profiles) > 30
    with pytest.raises(ValueError, match="customers have a hash"):
        club.profiles(CUSTOMERS + 1)


@pytest.mark.parametrize(
    "wrong",
    [{"customers": -1}, {"packages_each": -0.5}, {"family_share": 1.5}, {"api_key": "one", "public_key": "one"}],
)
def test_a_description_that_makes_no_sense_is_refused(wrong) -> None:
    """SBX-01."""
    with pytest.raises(ValueError):
        club_spec(**wrong)


def test_the_demonstrations_projects_differ(club) -> None:
    """SBX-01: one does not fit into an answer."""
    first, second = crm_demo_specs(club.spec.today)
    assert first.customers > 1000 > second.customers
    assert len({first.api_key, first.public_key, second.api_key, second.public_key}) == 4
