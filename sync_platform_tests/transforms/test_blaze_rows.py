"""The field map of Blaze: every mapping trap of the vendor page, and that rows and tables agree."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sync_platform.db.blaze_tables import CUSTOMERS, LOOKUPS, PRODUCTS, TRANSACTION_ITEMS, TRANSACTIONS
from sync_platform.db.target import Target
from sync_platform.transforms import blaze_rows
from sync_platform.transforms.blaze_records import Lookup, Member, Product, Transaction

HASH = "0" * 32


def member(**fields: Any) -> dict[str, Any]:
    return _named(CUSTOMERS, blaze_rows.customer(_record(Member, fields), HASH).row)


def receipt(**fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    loaded = blaze_rows.transaction(_record(Transaction, fields), HASH)
    return _named(TRANSACTIONS, loaded.row), [_named(TRANSACTION_ITEMS, line) for line in loaded.lines]


def product(**fields: Any) -> dict[str, Any]:
    return _named(PRODUCTS, blaze_rows.product(_record(Product, fields), HASH).row)


def _record(record_type: type, fields: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode({"id": "x1", "modified": 5, **fields}), type=record_type)


def _named(target: Target, row: tuple[Any, ...]) -> dict[str, Any]:
    names = [name for name, _ in target.staged]
    assert len(row) == len(names)
    return dict(zip(names, row, strict=True))


def test_rows_have_the_columns_of_their_tables_in_order() -> None:
    """BLZ-20 to BLZ-23: one description of each table, one of each row, and they fit."""
    row = member(id="m1", firstName="Ann", shopId="s1", deleted=True)
    assert (row["member_id"], row["name"], row["shop_id"], row["deleted"]) == ("m1", "Ann", "s1", True)
    assert row["source_modified_at"] == row["blaze_modified"] == row["business_day"] == 5
    kind = blaze_rows.lookup(_record(Lookup, {"name": "House"}), HASH, "brands").row
    assert _named(LOOKUPS, kind)["name"] == "House"


def test_trap_1_total_tax_is_the_calculated_tax_never_the_legacy_rate() -> None:
    """BLZ-21, trap 1."""
    row, _ = receipt(cart={"tax": 0.08, "totalCalcTax": 19.42, "total": 69.0})
    assert row["total_tax"] == Decimal("19.42")


def test_trap_2_points_earned_and_spent_come_from_two_places() -> None:
    """BLZ-21, trap 2: earned on the receipt, spent in the cart, balance on the member."""
    row, _ = receipt(pointsEarned=2.5, cart={"pointSpent": 10})
    assert (row["loyalty_points_earned"], row["loyalty_points_spent"]) == (Decimal("2.5"), Decimal(10))
    assert member(loyaltyPoints=41.5)["loyalty_points"] == Decimal("41.5")


def test_trap_3_cost_is_the_purchase_price_and_the_sold_cost_is_cogs() -> None:
    """BLZ-22, BLZ-23, trap 3: 0.0 is unknown, and a line's ``cost`` is list price times quantity."""
    assert product(purchasePrice=4.5)["cost"] == Decimal("4.5")
    assert product(purchasePrice=0.0)["cost"] is None
    _, lines = receipt(cart={"items": [{"orderItemId": "a", "cost": 25.0, "cogs": 9.0}]})
    assert lines[0]["cost_of_goods"] == Decimal("9.0")


def test_trap_4_lines_are_keyed_by_order_item_id_and_equal_lines_stay_two() -> None:
    """BLZ-12, trap 4."""
    same = {"productId": "p", "quantity": 1.0, "unitPrice": 5.0}
    _, lines = receipt(cart={"items": [{**same, "orderItemId": "a"}, {**same, "orderItemId": "b"}, same]})
    assert [line["order_item_id"] for line in lines] == ["a", "b", "#3"]
    assert [line["synthetic_key"] for line in lines] == [False, False, True]
    assert [line["line_no"] for line in lines] == [1, 2, 3]


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_trap_7_null_blank_and_zero_time_all_mean_nothing(nothing: str | None) -> None:
    """Trap 7, SYS-02."""
    row = member(email=nothing, primaryPhone=nothing, lastVisitDate=0)
    assert (row["email"], row["phone"], row["last_visited"]) == (None, None, None)
    assert member()["email"] is None


def test_trap_8_odd_types_do_not_fail_a_record() -> None:
    """Trap 8: ``sex`` as an integer, a line's null ``parentId``, a blank ``brandId``."""
    assert member(sex=0)["member_id"] == "x1"
    _, lines = receipt(id="t1", cart={"items": [{"parentId": None, "orderItemId": "a"}]})
    assert lines[0]["transaction_id"] == "t1"
    assert product(brandId="", brand=None, brandName=None)["brand"] is None


def test_trap_9_times_before_1970_are_negative_and_legal() -> None:
    """Trap 9, SYS-02."""
    assert member(dob=-590976000000, lastVisitDate=-1)["last_visited"] == -1


def test_trap_10_the_phone_may_be_in_cpn_only() -> None:
    """BLZ-20, trap 10."""
    row = member(primaryPhone="", cpn="+15595550142")
    assert (row["phone"], row["phone_e164"]) == ("+15595550142", "+15595550142")
    both = member(primaryPhone="(559) 555-0142", cpn="+15595550142")
    assert both["phone"] == "(559) 555-0142"
    assert member(cpn="5595550142")["phone_e164"] is None


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Ann", "Lee", "Ann Lee"), (" Ann ", "", "Ann"), ("", "Lee", "Lee"), (None, None, None), (" ", "  ", None)],
)
def test_a_name_is_made_of_the_parts_that_are_there(first: str | None, last: str | None, name: str | None) -> None:
    """BLZ-20."""
    assert member(firstName=first, lastName=last)["name"] == name


def test_a_receipt_without_a_cart_or_member_is_a_row_without_lines() -> None:
    """BLZ-21: transfers have no cart, guests no member."""
    row, lines = receipt(transType="Transfer", cart=None, memberId=None)
    assert lines == []
    assert (row["line_count"], row["total_amount"], row["customer_id"]) == (0, None, None)


def test_the_partition_day_of_an_open_receipt_falls_back_to_the_nearest_time() -> None:
    """Design section 6: completion, then processing, creation, modification."""
    assert receipt(completedTime=9, processedTime=8, created=7)[0]["business_day"] == 9
    assert receipt(completedTime=0, processedTime=8, created=7)[0]["business_day"] == 8
    assert receipt(completedTime=None, created=7)[0]["business_day"] == 7
    assert receipt()[0]["business_day"] == 5


@pytest.mark.parametrize(
    ("cart", "refunded"),
    [
        ({"finalRefundAmt": 12.5, "refundAmount": 3, "total": -4}, Decimal("12.5")),
        ({"finalRefundAmt": 0.0, "refundAmount": 3.25, "total": -4}, Decimal("3.25")),
        ({"finalRefundAmt": 0, "refundAmount": None, "total": -4.1}, Decimal("4.1")),
        ({}, Decimal(0)),
    ],
)
def test_refunded_money_is_the_first_amount_that_is_not_zero_whatever_its_sign(
    cart: dict[str, Any], refunded: Decimal
) -> None:
    """BLZ-31, UNVERIFIED sign and place in the vendor page."""
    assert receipt(transType="Refund", cart=cart)[0]["refunded_amount"] == refunded
    assert receipt(transType="Sale", cart=cart)[0]["refunded_amount"] is None


def test_a_product_takes_its_names_from_embedded_objects() -> None:
    """BLZ-23: brand name before brand object, category object, first picture with an address."""
    row = product(
        brandName=None,
        brand={"name": "House"},
        category={"name": "Pre-rolls"},
        assets=[{"publicURL": None}, {"publicURL": "https://img.example.org/1.png"}],
        genetics="OG",
        flowerType="Hybrid",
    )
    assert (row["brand"], row["category"]) == ("House", "Pre-rolls")
    assert row["image_url"] == "https://img.example.org/1.png"
    assert (row["flower_type"], row["strain"]) == ("Hybrid", "OG")


def test_a_lookup_is_named_by_its_name_or_the_person() -> None:
    """BLZ-24."""
    employee = blaze_rows.lookup(_record(Lookup, {"firstName": "Kim", "lastName": "Ray", "disabled": True}), HASH, "e")
    row = _named(LOOKUPS, employee.row)
    assert (row["name"], row["is_active"]) == ("Kim Ray", False)
