"""How near two names are (CRM-07)."""

import pytest

from sync_platform.transforms.name_nearness import NameNear, compare_names, compare_parts
from sync_platform.transforms.person_name import read_name

EXACT, PARTIAL, DIFFERENT, UNKNOWN = NameNear.EXACT, NameNear.PARTIAL, NameNear.DIFFERENT, NameNear.UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("somchai", "somchai", EXACT),
        ("somchai", "som", PARTIAL),  # its beginning
        ("somchai", "so", DIFFERENT),
        ("somchai", "s", PARTIAL),  # its initial
        ("somchai", "a", DIFFERENT),
        ("somchai", "somchia", PARTIAL),  # two letters exchanged
        ("somchai", "somsak", DIFFERENT),
        ("anna", "anne", DIFFERENT),
        ("kim", "tim", DIFFERENT),  # the first letter
        ("robert", "bob", PARTIAL),
        ("bob", "rob", PARTIAL),
        ("bob", "bill", DIFFERENT),
        ("phongsakorn", "pongsakorn", PARTIAL),  # the same sound
        ("yulia", "iuliia", PARTIAL),
        ("", "", UNKNOWN),
        ("somchai", "", UNKNOWN),
    ],
)
def test_parts_of_names_are_near_by_beginning_short_form_or_few_slips(one: str, other: str, near: NameNear) -> None:
    """CRM-07."""
    assert compare_parts(one, other) is near
    assert compare_parts(other, one) is near


@pytest.mark.parametrize(
    ("one", "other", "first", "last"),
    [
        ("Sam Example", "SAM EXAMPLE", EXACT, EXACT),
        ("Sam Example", "Example Sam", EXACT, EXACT),
        ("Sam Example", "Example S.", PARTIAL, EXACT),
        ("Sam Example", "Samexample", EXACT, EXACT),
        ("Sam Example", "Kim Example", DIFFERENT, EXACT),
        # one part of an exchanged name does not tell which of the two it is
        ("Example Sam", "Kim Example", DIFFERENT, DIFFERENT),
        ("Sam Example", "Sam", EXACT, UNKNOWN),
        ("Sam Example", "Example", UNKNOWN, EXACT),
        ("Sam", "Sam", EXACT, UNKNOWN),
        ("Sam", "Kim", DIFFERENT, UNKNOWN),
        ("Lek Jaidee", "Somchai Jaidee (Lek)", PARTIAL, EXACT),
        ("Maria Example", "Anna Maria Example", PARTIAL, EXACT),
        ("", "", UNKNOWN, UNKNOWN),
        ("Sam Example", "", UNKNOWN, UNKNOWN),
        ("สมชาย ใจดี", "Somchai Jaidee", UNKNOWN, UNKNOWN),
        ("สมชาย ใจดี", "นายสมชาย ใจดี", EXACT, EXACT),
        ("Сергей Иванов", "сергей иванов", EXACT, EXACT),
        ("山田 太郎", "山田太郎", EXACT, EXACT),
    ],
)
def test_names_are_compared_part_by_part_in_either_order(one: str, other: str, first: NameNear, last: NameNear) -> None:
    """CRM-06, CRM-07: in another script a name is not known, and no contradiction."""
    assert compare_names(read_name(one), read_name(other)) == (first, last)
