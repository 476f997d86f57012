"""Which references may be numbers of invoices (MX-05)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.invoice_reference import invoice_number


@pytest.mark.parametrize(
    ("text", "number"), [("2636", 2636), ("0", 0), ("0002636", 2636), ("9" * 18, 10**18 - 1), ("0" * 18, 0)]
)
def test_digits_and_nothing_else_may_be_a_number(text: str, number: int) -> None:
    """MX-05, trap 4: a text there, an integer in the invoice."""
    assert invoice_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "B00EXMP2", "V00EXMPL", "5E6", "12 34", " 12", "12 ", "12\n", "+12", "-12", "1.0", "1,000", "0x1F", "1_000", "",
        " ", None, "2636A", "A2636", "9" * 19, "٣٤", "²", "①", "12\x00",
    ],
)  # fmt: skip
def test_anything_else_is_a_text(text: str | None) -> None:
    """MX-05, trap 2: a stand-alone payment carries the end of the processor's reference there."""
    assert invoice_number(text) is None


@given(st.text(max_size=25))
def test_no_text_raises(text: str) -> None:
    """MX-05: what Python's own parser would take is not enough."""
    number = invoice_number(text)
    assert (number is not None) == (text.isascii() and text.isdigit() and len(text) <= 18)
