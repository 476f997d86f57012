"""Phones as people write them (CRM-06)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.person_phone import NO_PHONE, Phone, read_phone

MOBILE = Phone("+66812345678", "812345678")


@pytest.mark.parametrize(
    "text",
    [
        "0812345678",
        "081-234-5678",
        " (081) 234.5678 ",
        "+66 81 234 5678",
        "+66 (0) 81 234 5678",
        "66812345678",
        "0066812345678",
        "๐๘๑๒๓๔๕๖๗๘",
        "0812345678 (LINE)",
        "Ann 0812345678",
        "081-234-5678 ext. 12",
        "081-234-5678 / 02-123-4567",
        "081 234 5678 +66 2 123 4567",
        "12345, 0812345678",
    ],
)
def test_every_way_to_write_a_number_is_the_same_phone(text: str) -> None:
    """CRM-06: E.164 by the tenant's country."""
    assert read_phone(text, "TH") == MOBILE


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("02 123 4567", "TH", Phone("+6621234567", "621234567")),
        ("(212) 555-2671", "US", Phone("+12125552671", "125552671")),
        ("+44 20 7946 0958", "TH", Phone("+442079460958", "079460958")),
        ("+66812345678", "", MOBILE),
        ("0812345678", "", Phone("", "812345678")),  # nobody says of which country
    ],
)
def test_the_country_is_the_tenants_unless_the_number_has_its_own(text: str, country: str, phone: Phone) -> None:
    """CRM-06."""
    assert read_phone(text, country) == phone


def test_a_number_outside_of_the_plan_keeps_its_digits_to_be_near_what_was_meant() -> None:
    """CRM-07: one digit too few makes a short number, which is never nearly another."""
    assert read_phone("0412345678", "TH") == Phone("", "412345678")
    assert read_phone("081234567", "TH") == Phone("", "81234567")


@pytest.mark.parametrize(
    "text", [None, "", " ", "-", "n/a", "12345", "0000000000", "000-000-0000", "9999999999", "0123456789", "++", "LINE"]
)
def test_what_is_no_number_is_no_phone(text: str | None) -> None:
    """CRM-06: empty is equal to nothing, nor is what is typed to get past a form."""
    assert read_phone(text, "TH") == NO_PHONE
    assert read_phone(text, "") == NO_PHONE


@given(st.text(max_size=40), st.sampled_from(["TH", "US", "", "SG"]))
def test_any_text_is_read_and_the_key_is_the_end_of_the_number(text: str, country: str) -> None:
    """CRM-06."""
    phone = read_phone(text, country)
    assert phone.key == "" or (7 <= len(phone.key) <= 9 and phone.key.isdecimal())
    assert phone.e164.endswith(phone.key) or not phone.e164
