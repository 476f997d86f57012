"""The field map of the CRM: each value where it belongs; 0 is a value, null is not (CRM-12)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.db.copy_text import array_text, copy_line
from sync_platform_tests.transforms.crm_samples import CUSTOMER, HASH, PACKAGE, customer, outcome, package, rejected


def test_a_package_fills_its_columns() -> None:
    """CRM-12, the field table of the vendor page."""
    row = package()
    digest = row.pop("content_hash")
    assert len(digest) == 32
    assert row == {
        "crm_package_id": "812",
        "stable_hash_id": HASH,
        "customer_name": "Sam Example",
        "package_name": "Silver (15H)",
        "package_display_name": "Silver",
        "package_type": "Monthly",
        "total_hours": Decimal(15),
        "pax": Decimal(5),
        "validity_period": "3 months",
        "first_use_date": "2025-02-01",
        "expiration_date": "2025-05-01",
        "remaining_hours": Decimal("6.5"),
        "used_hours": Decimal("8.5"),
        "purchased_at": int(datetime(2025, 1, 28, 9, 12, tzinfo=UTC).timestamp() * 1000),
        "source_modified_at": None,
        "explicit_nulls": (),
    }


FALLBACKS = {
    "package_name": ("package_name_from_def", "package_name"),
    "package_display_name": ("package_display_name_from_def", "package_display_name"),
    "package_type": ("package_type_from_def", "package_type_name"),
    "total_hours": ("package_total_hours_from_def", "total_hours"),
    "pax": ("package_pax_from_def", "pax"),
    "remaining_hours": ("calculated_remaining_hours", "remaining_hours"),
    "used_hours": ("calculated_used_hours", "used_hours"),
}
NUMBERS = {"total_hours", "pax", "remaining_hours", "used_hours"}


@pytest.mark.parametrize("column", FALLBACKS)
@pytest.mark.parametrize("older", [True, False])
def test_an_older_name_counts_where_the_first_is_null_or_absent(column: str, older: bool) -> None:
    """CRM-12."""
    first, second = FALLBACKS[column]
    mine, theirs = (7, 3) if column in NUMBERS else ("mine", "theirs")
    wanted: Any = (theirs if older else mine) if column not in NUMBERS else Decimal(theirs if older else mine)
    fields = {second: theirs} | ({} if older else {first: mine})
    assert package(without=first if older else "", **fields)[column] == wanted
    assert package(**({first: None if older else mine} | {second: theirs}))[column] == wanted


@pytest.mark.parametrize("column", sorted(NUMBERS))
def test_zero_is_a_value_and_does_not_fall_back(column: str) -> None:
    """CRM-12: a package with 0 hours left is not one with unknown hours."""
    first, second = FALLBACKS[column]
    assert package(**{first: 0, second: 9})[column] == 0
    assert package(**{first: None, second: 0})[column] == 0
    row = package(**{first: None, second: None})
    assert row[column] is None
    assert column in row["explicit_nulls"]


def test_null_blank_and_absent_are_told_apart() -> None:
    """SYS-07: only what the CRM says to be null may clear."""
    assert "validity_period" in package(package_validity_period_from_def=None)["explicit_nulls"]
    assert "validity_period" not in package(package_validity_period_from_def="  ")["explicit_nulls"]
    assert "validity_period" not in package(without="package_validity_period_from_def")["explicit_nulls"]
    assert package(package_validity_period_from_def="  ")["validity_period"] is None
    assert package(package_name_from_def=" ", package_name="Old name")["package_name"] == "Old name"
    for name, column in (
        ("first_use_date", "first_use_date"),
        ("expiration_date", "expiration_date"),
        ("created_at_for_purchase_date", "purchased_at"),
    ):
        assert column in package(**{name: None})["explicit_nulls"]
        assert column not in package(without=name)["explicit_nulls"]
        assert column not in package(**{name: ""})["explicit_nulls"]


def test_ids_are_numbers_or_texts_and_become_texts() -> None:
    """SYS-03, vendor page section 6."""
    assert package(id=812)["crm_package_id"] == "812"
    assert package(id="pk-812 ")["crm_package_id"] == "pk-812"
    assert rejected(PACKAGE | {"id": None}).reason == "wrong_type"
    assert rejected({n: v for n, v in PACKAGE.items() if n != "id"}).field_path == "id"
    assert rejected(PACKAGE | {"id": "x" * 201}).reason == "out_of_range"
    assert rejected(PACKAGE | {"id": True}).reason == "wrong_type"


def test_expired_and_undated_packages_are_rows_like_any_other() -> None:
    """CRM-12: the replaced job dropped them."""
    assert package(expiration_date="2001-01-01")["expiration_date"] == "2001-01-01"
    row = package(expiration_date=None, first_use_date=None)
    assert (row["expiration_date"], row["first_use_date"]) == (None, None)


@pytest.mark.parametrize("value", ["2026-13-45", "tomorrow", "2025-05-01T00:00:00", "20250501", "2025-W18-4"])
def test_what_is_no_date_is_rejected_and_named(value: str) -> None:
    """SYS-08."""
    reject = rejected(PACKAGE | {"expiration_date": value})
    assert (reject.reason, reject.field_path, reject.source_id) == ("wrong_type", "expiration_date", "812")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"package_total_hours_from_def": "many"}, "package_total_hours_from_def"),
        ({"calculated_remaining_hours": [1]}, "calculated_remaining_hours"),
        ({"stable_hash_id": None}, "stable_hash_id"),
        ({"created_at_for_purchase_date": "yesterday"}, "created_at_for_purchase_date"),
    ],
)
def test_values_of_no_type_are_rejected(fields: dict[str, Any], path: str) -> None:
    """SYS-08."""
    reject = rejected(PACKAGE | fields)
    assert (reject.reason, reject.field_path) == ("wrong_type", path)


def test_numbers_beyond_the_column_are_rejected() -> None:
    """SYS-01: numeric(14,4)."""
    assert rejected(PACKAGE | {"package_pax_from_def": 10**11}).reason == "out_of_range"
    assert package(calculated_remaining_hours="6.25")["remaining_hours"] == Decimal("6.25")


def test_a_time_of_purchase_without_a_zone_is_the_tenants() -> None:
    """SYS-02."""
    row = package(created_at_for_purchase_date="2025-01-28T09:12:00.123456")
    assert row["purchased_at"] == int(datetime(2025, 1, 28, 2, 12, tzinfo=UTC).timestamp() * 1000) + 123


def test_a_customer_is_copied_as_the_crm_writes_it() -> None:
    """Normalisation is the comparison's."""
    row = customer()
    row.pop("content_hash")
    assert row == {
        "customer_id": 4711,
        "stable_hash_id": HASH,
        "customer_name": "Sam Example",
        "contact_number": "081-234-5678",
        "email": None,
        "source_modified_at": None,
    }
    assert customer(contact_number=812345678)["contact_number"] == "812345678"
    assert customer(contact_number="  ")["contact_number"] is None
    assert rejected(CUSTOMER | {"id": "4711a"}, customer=True).reason == "wrong_type"


@given(
    st.dictionaries(
        st.sampled_from(sorted(PACKAGE)),
        st.none() | st.text(max_size=8) | st.integers() | st.decimals(allow_nan=False).map(str) | st.booleans()
        | st.lists(st.integers(), max_size=2),
        max_size=6,
    )
)  # fmt: skip
def test_any_record_becomes_a_row_that_can_be_copied_or_a_reject(fields: dict[str, Any]) -> None:
    """SYS-08: never an exception."""
    found = outcome(PACKAGE | fields)
    if hasattr(found, "row"):
        assert copy_line((*found.row[:-1], array_text(found.row[-1])))
