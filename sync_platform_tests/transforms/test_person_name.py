"""Names as people write them (CRM-06)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.person import Person, normalise, read_email
from sync_platform.transforms.person_name import NO_NAME, read_name


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Sam Example", "sam", "example"),
        ("  SAM   example ", "sam", "example"),
        ("Example, Sam", "sam", "example"),
        ("Mr. Sam Example", "sam", "example"),
        ("Khun Sam Example", "sam", "example"),
        ("K. Sam Example", "sam", "example"),
        ("K. Example", "k", "example"),
        ("Dr. Sam van der Example", "sam", "example"),
        ("José Müller-Núñez", "jose", "nunez"),
        ("Søren Straße", "soren", "strasse"),
        ("Seán O'Brien", "sean", "obrien"),
        ("Seán O\u2019Brien", "sean", "obrien"),
        ("Sam", "sam", ""),
        ("S. Example", "s", "example"),
        ("Sam Example (Sammy)", "sam", "example"),
        ("Sam Example 2", "sam", "example"),
        ("นายสมชาย ใจดี", "สมชาย", "ใจดี"),
        ("นางสาว สมหญิง ใจดี", "สมหญิง", "ใจดี"),
        ("คุณากร ใจดี", "คุณากร", "ใจดี"),  # begins like a title and is a name
        ("Фёдор Достоевский", "федор", "достоевскии"),
        ("山田 太郎", "山田", "太郎"),
        ("Somchai Jaidee สมชาย ใจดี", "somchai", "jaidee"),
    ],
)
def test_case_accents_titles_and_order_do_not_matter(text: str, first: str, last: str) -> None:
    """CRM-06."""
    name = read_name(text)
    assert (name.first, name.last) == (first, last)


def test_middle_names_and_brackets_are_kept_beside() -> None:
    """CRM-06: names have parts."""
    name = read_name("Anna Maria Example (Annie)")
    assert name.others == ("maria", "annie")
    assert name.parts == ("anna", "maria", "annie", "example")


def test_thai_vowels_and_tones_are_no_accents() -> None:
    """CRM-06: without them two names would be one."""
    assert read_name("สุดา").first != read_name("สีดา").first


@pytest.mark.parametrize("text", [None, "", "  ", "-", "Mr.", "...", "12"])
def test_what_is_no_name_is_none(text: str | None) -> None:
    """CRM-06."""
    assert read_name(text) == NO_NAME


@given(st.text(max_size=40))
def test_any_text_is_read_and_reading_it_again_changes_nothing(text: str) -> None:
    """CRM-06."""
    name = read_name(text)
    assert bool(name.first) == bool(name.joined)
    assert read_name(text.upper().lower()).script == name.script or not text.isascii()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Sam@Example.ORG ", "sam@example.org"),
        ("sam+kids@example.org", "sam+kids@example.org"),
        ("sam", ""),
        ("@example.org", ""),
        ("sam@host", ""),
        ("a@b@example.org", ""),
        ("-", ""),
        (None, ""),
    ],
)
def test_an_address_is_trimmed_and_in_small_letters_and_else_as_it_is(text: str | None, address: str) -> None:
    """CRM-06: what is behind a + tells members of a family apart."""
    assert read_email(text) == address


def test_a_person_without_anything_has_nothing_to_compare() -> None:
    """CRM-06."""
    traits = normalise(Person(), "TH")
    assert (traits.phone_e164, traits.phone_key, traits.email, traits.name) == ("", "", "", NO_NAME)
