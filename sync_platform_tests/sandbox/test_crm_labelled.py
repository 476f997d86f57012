"""The labelled set: people of whom it is known who is who (CRM-09)."""

from collections import Counter, defaultdict
from random import Random

import pytest

from sync_platform.sandbox.crm_labelled import LabelledSet, labelled_set
from sync_platform.sandbox.crm_labelled_people import people
from sync_platform.sandbox.crm_labelled_writing import STAFF, slipped
from sync_platform.transforms.person import normalise


@pytest.fixture(scope="module")
def labelled() -> LabelledSet:
    return labelled_set(7, 3000)


def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    """CRM-09: a figure can be shown again."""
    assert labelled_set(1, 200) == labelled_set(1, 200)
    assert labelled_set(1, 200) != labelled_set(2, 200)


def test_it_has_as_many_profiles_as_asked_for_and_about_as_many_customers(labelled: LabelledSet) -> None:
    """CRM-09."""
    assert len(labelled.profiles) == len({one.profile_id for one in labelled.profiles}) == 3000
    assert 2700 < len(labelled.customers) < 3600
    assert len({one.customer_id for one in labelled.customers}) == len(labelled.customers)
    with_customer = sum(bool(one.hashes) for one in labelled.profiles) / 3000
    assert 0.70 < with_customer < 0.80


def test_every_profile_that_has_a_customer_has_it_in_the_set(labelled: LabelledSet) -> None:
    """CRM-09."""
    hashes = {one.stable_hash_id for one in labelled.customers}
    assert all(one.hashes <= hashes for one in labelled.profiles)


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("no e-mail", 0.38, 0.50),
        ("other e-mail", 0.06, 0.10),
        ("title", 0.06, 0.12),
        ("name mistyped", 0.04, 0.08),
        ("swapped", 0.04, 0.08),
        ("first name only", 0.04, 0.08),
        ("spelling", 0.02, 0.06),
        ("nickname", 0.025, 0.055),
        ("family phone", 0.02, 0.06),
        ("no phone", 0.02, 0.04),
        ("old phone", 0.012, 0.035),
        ("phone mistyped", 0.01, 0.03),
        ("own script", 0.01, 0.035),
        ("initial", 0.01, 0.03),
        ("entered twice", 0.005, 0.018),
        ("number of somebody else before", 0.004, 0.02),
        ("no name", 0.001, 0.012),
    ],
)
def test_the_shares_of_what_is_odd_are_the_written_ones(
    labelled: LabelledSet, kind: str, least: float, most: float
) -> None:
    """CRM-09: of the profiles with a customer, either record."""
    known = [one for one in labelled.profiles if one.hashes]
    assert least <= sum(kind in one.odd for one in known) / len(known) <= most


def test_some_rows_are_there_twice_with_one_hash(labelled: LabelledSet) -> None:
    """CRM-09."""
    rows = Counter(one.stable_hash_id for one in labelled.customers)
    assert 0.01 < sum(count > 1 for count in rows.values()) / len(rows) < 0.06


def test_phones_are_shared_and_numbers_have_had_another_holder(labelled: LabelledSet) -> None:
    """CRM-09: the customer with the profile's phone is somebody else, the right one being there or not."""
    holders = defaultdict(set)
    for one in labelled.customers:
        holders[normalise(one.person, labelled.country).phone_key].add(one.stable_hash_id)
    del holders[""]
    shared = Counter[str]()
    for profile in labelled.profiles:
        others = holders.get(normalise(profile.person, labelled.country).phone_key, set()) - profile.hashes
        shared["present" if profile.hashes else "absent"] += bool(others)
    assert shared["present"] > 40
    assert shared["absent"] > 8


def test_names_are_the_same_as_seldom_as_in_life() -> None:
    """CRM-09: with few names a set would be about nothing but namesakes."""
    names = Counter((one.first.latin, one.last.latin) for one in people(Random(3), 3000))
    assert sum(count for count in names.values() if count > 1) / 3000 < 0.05


def test_a_slip_changes_one_place_of_a_text() -> None:
    """CRM-09."""
    rng = Random(1)
    texts = {slipped("somchai", rng) for _ in range(200)}
    assert all(6 <= len(text) <= 8 for text in texts)
    assert len(texts) > 40
    assert 0 < STAFF.slip < 0.1
