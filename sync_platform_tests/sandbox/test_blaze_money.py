"""The relations between the amounts of a receipt that were verified on live sales."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.sandbox.cart import rounded
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import Rounding
from sync_platform_tests.sandbox.corner_shop import shop_spec

STEPS: dict[Rounding, int] = {
    "ONE_CENT": 1,
    "FIVE_CENT": 5,
    "NEAREST_DOLLAR": 100,
    "UP_DOLLAR": 100,
    "DOWN_DOLLAR": 100,
}


def money(value: float) -> Decimal:
    """The amount exactly as it is written in JSON."""
    return Decimal(repr(value))


def of(record: dict[str, Any], *names: str) -> Decimal:
    return sum((money(record[name]) for name in names), Decimal(0))


def added(records: list[dict[str, Any]], name: str) -> Decimal:
    return sum((money(record[name]) for record in records), Decimal(0))


@pytest.fixture(scope="module", params=list(STEPS))
def busy(request: pytest.FixtureRequest) -> Shop:
    return build_shop(shop_spec(transactions=900, rounding=request.param))


def test_the_amounts_of_every_cart_add_up(busy: Shop) -> None:
    """SBX-04: subTotal, totalDiscount, subTotalDiscount, tax, rounding and total of every receipt."""
    carts = [record["cart"] for record in busy.truth("transactions") if record["cart"]]
    assert len(carts) > 850
    for cart in carts:
        items = cart["items"]
        assert of(cart, "subTotal") == added(items, "cost")
        assert of(cart, "totalDiscount") == added(items, "calcDiscount") + of(cart, "calcCartDiscount")
        assert of(cart, "subTotalDiscount") == of(cart, "subTotal") - of(cart, "totalDiscount")
        assert of(cart, "subTotalDiscount") == added(items, "finalPrice")
        assert abs(of(cart, "totalCalcTax")) == abs(added(cart["taxRateDetails"], "taxRateAmount"))
        assert abs(of(cart, "totalCalcTax") - added(items, "calcTax")) < Decimal("0.03")
        before = of(cart, "subTotalDiscount", "totalCalcTax", "totalFees")
        assert of(cart, "totalBeforeTaxRounding") == before
        assert of(cart, "totalAfterTaxRounding") == before + of(cart, "roundAmt")
        assert of(cart, "totalAfterTaxRounding") % (Decimal(STEPS[busy.spec.rounding]) / 100) == 0
        on_top = of(cart, "creditCardFee", "deliveryFee", "tipAmount")
        assert of(cart, "total") == of(cart, "totalAfterTaxRounding") + on_top
        assert of(cart, "changeDue") == of(cart, "cashReceived") - of(cart, "total")


def test_the_amounts_of_every_line_add_up(busy: Shop) -> None:
    """SBX-04: a line's cost is its list price times its quantity; line ids are unique in the cart."""
    for record in busy.truth("transactions"):
        items = record["cart"]["items"] if record["cart"] else []
        assert len({item["orderItemId"] for item in items}) == len(items)
        for item in items:
            assert of(item, "cost") == of(item, "unitPrice") * of(item, "quantity")
            assert abs(of(item, "finalPrice")) <= abs(of(item, "cost"))
            assert of(item, "calcTax").as_tuple().exponent >= -4


def test_tenders_add_up_to_what_was_paid(busy: Shop) -> None:
    """SBX-04: paid amount without card fee, received amount with it."""
    paid = [record for record in busy.truth("transactions") if record["paid"] and record["payments"]]
    assert any(len(record["payments"]) == 2 for record in paid)
    for record in paid:
        assert of(record, "paidAmount") == added(record["payments"], "amount")
        assert of(record, "paidAmount") == of(record["cart"], "total") - of(record["cart"], "creditCardFee")
        assert of(record, "paymentReceived") == added(record["payments"], "paymentReceived")


def test_refunded_money_is_the_first_amount_that_is_not_zero(busy: Shop) -> None:
    """SBX-04: wherever the amount stands, it is the returned lines with tax, rounded."""
    refunds = [record for record in busy.truth("transactions") if record["transType"] == "Refund"]
    places = set()
    for record in refunds:
        cart = record["cart"]
        place = next(name for name in ("finalRefundAmt", "refundAmount", "total") if cart[name])
        places.add(place)
        assert abs(of(cart, place)) == abs(of(cart, "totalAfterTaxRounding"))
    assert places == {"finalRefundAmt", "refundAmount", "total"}


@settings(max_examples=200)
@given(cents=st.integers(0, 10**7), how=st.sampled_from(list(STEPS)))
def test_rounding_moves_less_than_one_step(cents: int, how: Rounding) -> None:
    result = rounded(cents, how)
    assert result % STEPS[how] == 0
    moved = result - cents
    if how == "UP_DOLLAR":
        assert 0 <= moved < 100
    elif how == "DOWN_DOLLAR":
        assert -100 < moved <= 0
    else:
        assert -STEPS[how] < 2 * moved <= STEPS[how]
