"""Which line says what a payment was for (MX-10)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.loaded import Loaded
from sync_platform.transforms.products import InvoiceLine, invoice_lines, primary_product
from sync_platform_tests.transforms.mx_samples import DETAIL, DETAILS_DECODER, PURCHASES, outcome


def line(position: int, total: str | None, quantity: str | None = "1", returned: str | None = "0") -> InvoiceLine:
    return InvoiceLine(
        position,
        None,
        f"line {position}",
        None if quantity is None else Decimal(quantity),
        None if returned is None else Decimal(returned),
        None if total is None else Decimal(total),
    )


@pytest.mark.parametrize(
    ("lines", "position"),
    [
        ([], None),
        ([line(1, "25"), line(2, "175")], 2),
        ([line(1, "175"), line(2, "175.00"), line(3, "10")], 1),
        ([line(2, "175"), line(1, "175")], 1),
        ([line(1, "175", "1", "1"), line(2, "25")], 2),
        ([line(1, "175", "2", "1"), line(2, "25")], 1),
        ([line(1, "175", "1", "1")], None),
        ([line(1, "175", None, "1"), line(2, "0")], 2),
        ([line(1, None), line(2, "-5")], 2),
        ([line(1, None, None, None)], 1),
        ([line(1, "-10"), line(2, "-20")], 1),
        ([line(1, "0", "0", "0"), line(2, "0")], 1),
    ],
)
def test_the_dearest_line_counts_and_of_equal_ones_the_first(lines: list[InvoiceLine], position: int | None) -> None:
    """MX-10, trap 8: returned lines do not count; one of which something was kept does; without lines, no product."""
    found = primary_product(lines)
    assert (found.position if found else None) == position


@given(st.permutations([line(number, total) for number, total in enumerate(["5", "7", "7", "1", "7"], 1)]))
def test_the_order_in_which_lines_are_given_does_not_matter(lines: list[InvoiceLine]) -> None:
    """MX-10: only their place on the invoice does."""
    found = primary_product(lines)
    assert found is not None
    assert found.position == 2


def lines_of(*purchases: dict[str, Any]) -> list[InvoiceLine]:
    """Through the rows that the sync writes."""
    found = outcome(DETAILS_DECODER, {**DETAIL, "purchases": purchases})
    assert isinstance(found, Loaded)
    return invoice_lines(found.lines)


def test_lines_are_taken_from_the_rows_of_an_invoice() -> None:
    """MX-10, trap 8: equal highest prices, and no product id."""
    first, second = ({**PURCHASES[1], "id": n, "productName": name} for n, name in ((1, "First"), (2, "Second")))
    lines = lines_of(first, second)
    assert [(each.position, each.name, each.product_id, each.total) for each in lines] == [
        (1, "First", None, Decimal(25)),
        (2, "Second", None, Decimal(25)),
    ]
    assert primary_product(lines) == lines[0]
    lines = lines_of({**first, "quantityReturned": 1}, second)
    assert primary_product(lines) == lines[1]
