"""Money, times, cards and ids of MX Merchant: exact, or not at all."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.db.mx_tables import PAYMENTS
from sync_platform.transforms.loaded import Loaded
from sync_platform_tests.transforms.mx_samples import PAYMENT, PAYMENTS_DECODER, ms, outcome, payment


@pytest.mark.parametrize(
    ("sent", "stored"), [("181.12", "181.12"), ("269.1", "269.1"), ("175", "175"), ("0", "0"), ("-14.14", "-14.14")]
)
def test_money_is_the_text_that_came(sent: str, stored: str) -> None:
    """Trap 1: no trailing zeros, and refunds are negative."""
    row = payment(amount=sent, type="Return")
    assert (row["amount"], str(row["amount"])) == (Decimal(stored), stored)


@given(st.decimals(min_value=Decimal("-9999999999.9999"), max_value=Decimal("9999999999.9999"), places=4))
def test_money_is_exact_from_the_wire_to_the_row(amount: Decimal) -> None:
    """SYS-01, trap 1: whether it comes in quotes or not."""
    digits = format(amount, "f")
    assert str(payment(amount=digits)["amount"]) == digits
    bare = json.dumps(PAYMENT).replace('"amount": "207"', f'"amount": {digits}')
    found = outcome(PAYMENTS_DECODER, bare.encode())
    assert isinstance(found, Loaded)
    assert found.row[PAYMENTS.names.index("amount")] == amount


@pytest.mark.parametrize(
    ("sent", "stored", "assumed"),
    [
        ("2025-03-13T23:00:01.32", "2025-03-13T23:00:01.320-04:00", True),
        ("2025-01-13T23:00:01", "2025-01-13T23:00:01-05:00", True),
        ("2025-11-02T01:30:00", "2025-11-02T01:30:00-04:00", True),
        ("2025-03-13T23:00:01.3Z", "2025-03-13T23:00:01.300+00:00", False),
        (" 2025-03-13t23:00:01.325z ", "2025-03-13T23:00:01.325+00:00", False),
        ("2025-03-13T23:00:01+05:30", "2025-03-13T23:00:01+05:30", False),
    ],
)
def test_a_time_without_a_zone_is_the_tenants_and_marked(sent: str, stored: str, assumed: bool) -> None:
    """SYS-02, trap 7: 1 to 3 digits of a second; of a repeated hour the first is meant."""
    row = payment(settledDate=sent)
    assert (row["settled_date"], row["zone_assumed"]) == (ms(stored), assumed)


@pytest.mark.parametrize("nothing", [None, "", "  ", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"])
def test_no_time_is_no_time(nothing: str | None) -> None:
    """SYS-02: the first instant of year 1 is how the vendor's platform writes none."""
    row = payment(settledDate=nothing)
    assert (row["settled_date"], row["zone_assumed"]) == (None, None)


def test_of_a_card_nothing_but_the_last_four_digits_is_kept() -> None:
    """SYS-13: even where a whole number were sent in their place."""
    assert payment(cardAccount={"cardType": "Visa", "last4": "4111111111111111"})["card_last4"] == "1111"
    row = payment(cardAccount=None)
    assert (row["card_type"], row["card_last4"], row["card_present"]) == (None, None, False)
    assert payment(cardPresent=None, cardAccount={"cardPresent": True})["card_present"] is True


def test_ids_beyond_32_bits_are_exact() -> None:
    """Trap 10, SYS-03: 64 bits, no floats."""
    assert payment(id=2**63 - 1, originalId=2**53 + 1) | {"content_hash": ""} == payment() | {
        "payment_id": 2**63 - 1,
        "original_id": 2**53 + 1,
        "content_hash": "",
    }
