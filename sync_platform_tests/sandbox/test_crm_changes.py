"""What can happen in a stand-in CRM project (SBX-01)."""

import pytest

from sync_platform.sandbox.crm_changes import CRM_KINDS, CrmChanges
from sync_platform.sandbox.crm_names import stable_hash
from sync_platform.sandbox.crm_project import CrmProject
from sync_platform_tests.sandbox.crm_club import build_club


@pytest.fixture
def club() -> CrmProject:
    return build_club(customers=80)


def owner(club: CrmProject) -> str:
    """The hash of a customer with packages and one row."""
    return next(one for one in club.hashes() if len(club.packages_of(one)) > 1 and len(club.customers_of(one)) == 1)


def test_a_corrected_name_is_another_hash_and_the_packages_go_with_it(club) -> None:
    """SBX-01, CRM-05."""
    before = owner(club)
    customer, packages = club.customers_of(before)[0], club.packages_of(before)
    after = club.rename(customer["id"], name="Somebody Else")
    assert after["stable_hash_id"] == stable_hash("Somebody Else", customer["contact_number"]) != before
    assert after["id"] == customer["id"]
    assert club.packages_of(before) == club.customers_of(before) == []
    moved = club.packages_of(after["stable_hash_id"])
    assert [row["id"] for row in moved] == [row["id"] for row in packages]
    assert {row["customer_name"] for row in moved} == {"Somebody Else"}
    assert club.rename(customer["id"], phone="0800000000")["stable_hash_id"] == stable_hash(
        "Somebody Else", "0800000000"
    )


def test_packages_stay_with_the_other_row_of_the_same_hash(club) -> None:
    """SBX-01."""
    before = owner(club)
    row, packages = club.customers_of(before)[0], club.packages_of(before)
    club.add_customer(**{key: row[key] for key in ("customer_name", "contact_number")})
    assert len(club.customers_of(before)) == 2
    packages = club.packages_of(before)
    club.rename(row["id"], name="Somebody Else")
    assert club.packages_of(before) == packages
    club.remove_customer(club.customers_of(before)[0]["id"])
    assert club.packages_of(before) == []


@pytest.mark.parametrize("overlap", [True, False])
def test_a_rebuilt_table_has_the_same_customers_under_other_ids(club, overlap) -> None:
    """SBX-01: an id may be somebody else's afterwards."""
    before = {row["id"]: row for row in club.truth("customers")}
    moved = club.rebuild_ids(overlap=overlap)
    after = {row["id"]: row for row in club.truth("customers")}
    assert moved.keys() == before.keys()
    assert all(old != new for old, new in moved.items())
    assert {moved[old]: row | {"id": moved[old]} for old, row in before.items()} == after
    assert (after.keys() == before.keys()) is overlap
    assert after.keys() == before.keys() or not after.keys() & before.keys()
    assert club.add_customer()["id"] not in after
    assert club.profiles(10)


def test_packages_are_bought_used_and_taken_away(club) -> None:
    """SBX-01."""
    key = owner(club)
    bought = club.add_package(key, package_total_hours_from_def=40)
    assert bought in club.packages_of(key)
    changed = club.change_hours(bought["id"], 0, 40)
    assert (changed["calculated_remaining_hours"], changed["calculated_used_hours"]) == (0, 40)
    club.remove_package(bought["id"])
    assert bought["id"] not in [row["id"] for row in club.packages_of(key)]
    with pytest.raises(KeyError):
        club.remove_package(bought["id"])


def test_a_row_that_is_written_again_is_the_last_of_the_heap(club) -> None:
    """SBX-01: without an order a page may not be relied on."""
    first = next(iter(club.customers))
    club.modify("customers", first["id"], email="new@example.org")
    assert list(club.customers)[-1]["id"] == first["id"]
    assert [row["id"] for row in club.truth("customers")] == sorted(row["id"] for row in club.truth("customers"))


def test_seeded_changes_are_the_same_for_the_same_seed() -> None:
    """SBX-01."""
    made = []
    for _ in range(2):
        club = build_club(customers=40)
        made.append((CrmChanges(club, 5).apply(120), club.truth("customers"), club.truth("packages")))
    assert made[0] == made[1]
    assert {line.split()[0] for line in made[0][0]} == set(CRM_KINDS)


def test_changes_can_be_kept_to_one_table(club) -> None:
    """SBX-01."""
    customers = club.truth("customers")
    CrmChanges(club, 1).apply(30, entity="packages")
    assert club.truth("customers") == customers
    packages = {row["id"] for row in club.truth("packages")}
    CrmChanges(club, 1).apply(5, entity="customers", kinds=("customer",))
    assert packages <= {row["id"] for row in club.truth("packages")}
    empty = build_club(customers=0)
    assert CrmChanges(empty, 1).apply(1, kinds=("hours",)) == ["customer 1"]
