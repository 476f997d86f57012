"""How much speaks for two records being one person (CRM-07)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.match_score import PhoneNear, Score, compare_phones, score
from sync_platform.transforms.name_nearness import NameNear
from sync_platform.transforms.person import Person, Traits, normalise
from sync_platform.transforms.person_phone import Phone


def _traits(name: str | None = None, phone: str | None = None, email: str | None = None) -> Traits:
    return normalise(Person(name, phone, email), "TH")


SAM = _traits("Sam Example", "081-234-5678", "sam@example.org")


@pytest.mark.parametrize(
    ("other", "total"),
    [
        (_traits(phone="+66812345678"), "0.70"),
        (_traits(phone="0812345679"), "0.60"),
        (_traits(phone="0812345699"), "0.50"),
        (_traits(phone="0812345999"), "0.00"),
        (_traits("Sam"), "0.50"),
        (_traits("Samuel Other"), "0.20"),
        (_traits("Other Person"), "0.00"),
        (_traits("Other Example"), "0.50"),
        (_traits("Other Exampel"), "0.20"),
        (_traits("S. Exampel"), "0.40"),
        (_traits("Sam Example"), "1.00"),
        (_traits(email="SAM@example.org"), "0.50"),
        (_traits("Sam Other", email="SAM@example.org"), "1.00"),
        (_traits("Sam Example", "0812345678", "sam@example.org"), "1.00"),
        (_traits(), "0.00"),
    ],
)
def test_points_are_those_of_the_rule_and_capped(other: Traits, total: str) -> None:
    """CRM-07."""
    assert str(score(SAM, other).total) == total
    assert score(SAM, other).points == score(other, SAM).points


def test_empty_never_matches_empty() -> None:
    """CRM-06: the replaced job took the edit distance of an empty text as 0."""
    nobody = Traits()
    assert score(nobody, nobody) == Score()
    assert score(nobody, SAM).total == score(SAM, nobody).total == Decimal("0.00")


def test_short_numbers_are_the_same_or_not_near() -> None:
    """CRM-07: with few digits, most numbers are one digit off somebody's."""
    assert compare_phones(Phone("", "1234567"), Phone("", "1234567")) is PhoneNear.EXACT
    assert compare_phones(Phone("", "1234567"), Phone("", "1234568")) is PhoneNear.DIFFERENT
    assert compare_phones(Phone("", "81234567"), Phone("", "812345678")) is PhoneNear.DIFFERENT


def test_the_same_digits_in_two_countries_are_not_strong() -> None:
    """CRM-07: a coincidence of nine digits."""
    found = score(_traits(phone="+66812345678"), normalise(Person(phone="+49 30 812345678"), "TH"))
    assert (found.phone, found.strong, found.method) == (PhoneNear.ELSEWHERE, False, "")
    assert found.total == Decimal("0.70")


def test_one_digit_off_is_strong_for_the_very_same_name_only() -> None:
    """CRM-07: a family's numbers are often in a row."""
    assert score(SAM, _traits("Example Sam", "0812345679")).strong
    assert score(SAM, _traits("Example Sam", "0812345679")).method == "phone"
    assert not score(SAM, _traits("S. Example", "0812345679")).strong
    assert not score(SAM, _traits("Sam Example", "0812345699")).strong


def test_a_name_alone_is_never_strong() -> None:
    """CRM-07."""
    found = score(SAM, _traits("Sam Example"))
    assert (found.total, found.strong, found.method) == (Decimal("1.00"), False, "")


@pytest.mark.parametrize(
    ("name", "contradicts"),
    [
        ("Sam Example", False),
        ("Sam Other", False),  # people marry
        ("Samuel Example", False),
        ("Samuel Other", True),
        ("Kim Example", True),  # a relative
        ("Kim Other", True),  # the next holder of the number
        ("Example", False),
        (None, False),
    ],
)
def test_another_first_name_is_another_person(name: str | None, contradicts: bool) -> None:
    """CRM-07: phones are shared, and numbers are given to somebody else."""
    assert score(SAM, _traits(name, "0812345678")).contradicts is contradicts


def test_evidence_says_of_each_attribute_how_near_it_is_and_nothing_personal() -> None:
    """CRM-05."""
    found = score(SAM, _traits("Samuel Example", "0812345679", "other@example.org"))
    assert found.evidence == {
        "phone": {"near": "one digit off", "points": 0.6},
        "first_name": {"near": "partial", "points": 0.2},
        "last_name": {"near": "exact", "points": 0.5},
        "email": {"near": "different", "points": 0.0},
    }
    assert score(SAM, _traits()).evidence["email"] == {"near": "unknown", "points": 0.0}
    assert score(SAM, SAM).method == "phone_email"
    assert score(SAM, _traits(email="sam@example.org")).method == "email"


@given(
    st.sampled_from(PhoneNear),
    st.sampled_from(NameNear),
    st.sampled_from(NameNear),
    st.sampled_from([None, False, True]),
)
def test_evidence_adds_up_to_the_points_whatever_is_near(
    phone: PhoneNear, first: NameNear, last: NameNear, email: bool | None
) -> None:
    """CRM-07."""
    found = Score(phone, first, last, email)
    assert round(sum(one["points"] for one in found.evidence.values()) * 100) == found.points
    assert found.total == min(Decimal(found.points) / 100, Decimal(1))
    assert found.strong is bool(found.method)
