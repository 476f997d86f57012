"""The rule of the replaced job, with its faults: what ours is compared with (CRM-09)."""

import pytest

from sync_platform.sandbox.old_match import OldMatch
from sync_platform.transforms.person import Person

SAM = Person("Sam Example", "081-234-5678", "sam@example.org")


def _links(customer: Person, profile: Person = SAM) -> bool:
    return OldMatch([("other", Person("Unlike Anybody", "0999999999")), ("asked", customer)]).linked(profile) == "asked"


@pytest.mark.parametrize(
    ("customer", "linked"),
    [
        (Person("Kim Other", "66812345678"), True),  # the phone alone, whoever has it
        (Person("Kim Other", "0812345679"), True),
        (Person("Kim Other", "0812345699"), True),  # lifted from 0.5
        (Person("Kim Other", "0812345999"), False),
        (Person("Sam Exam", "0999999998"), True),  # a first name and a part of the last: 0.7
        (Person("Sam Other", "0999999998"), False),
        (Person("Kim Other", "0999999998", "sam@example.org"), False),
        (Person("Sam Other", "0999999998", "SAM@example.org"), True),
        (Person("Kim Other", ""), True),  # the distance of an empty text was taken as 0
    ],
)
def test_the_replaced_job_linked_what_it_linked(customer: Person, linked: bool) -> None:
    """Regression: its known faults are what the rule must not do."""
    assert _links(customer) is linked


def test_a_profile_without_a_phone_was_linked_to_the_first_customer() -> None:
    """Regression."""
    old = OldMatch([("first", Person("Kim Other", "0999999999")), ("second", Person("Ann Third", "0888888888"))])
    assert old.linked(Person("Sam Example")) == "first"


def test_of_several_that_are_equally_near_the_first_was_taken() -> None:
    """Regression."""
    family = [("parent", Person("Kim Example", "0812345678")), ("child", Person("Sam Example", "0812345678"))]
    assert OldMatch(family).linked(SAM) == "parent"
