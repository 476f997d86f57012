"""The field map of Blaze a second time (BLZ-20 to BLZ-23), from JSON values to the row that a table has to hold.

Nothing of the platform's transforms is used here: agreement of two implementations is the proof.
"""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def words(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    cleaned = unicodedata.normalize("NFC", value.replace("\x00", ""))
    return cleaned if cleaned.strip() else None


def _amount(value: Any) -> Decimal | None:
    """As ``numeric(14,4)`` holds it; the digits are those of the JSON text."""
    if value is None or value == "":
        return None
    return Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _moment(value: Any) -> datetime | None:
    return EPOCH + timedelta(milliseconds=int(value)) if value else None


def _tail(record: Record, day: Any, zone: ZoneInfo) -> Record:
    modified, listed = _moment(record["modified"]), _moment(day)
    return {
        "blaze_created": _moment(record.get("created")),
        "blaze_modified": modified,
        "source_modified_at": modified,
        "business_day": listed.astimezone(zone).date() if listed else None,
        "shop_id": words(record.get("shopId")),
        "deleted": bool(record.get("deleted")),
    }


def customer(record: Record, zone: ZoneInfo) -> Record:
    """BLZ-20."""
    address = record.get("address") or {}
    names = [str(record.get(part) or "").strip() for part in ("firstName", "lastName")]
    normalised = words(record.get("cpn"))
    return {
        "member_id": record["id"],
        "name": " ".join(filter(None, names)) or None,
        "phone": words(record.get("primaryPhone")) or normalised,
        "phone_e164": normalised if (normalised or "").startswith("+") else None,
        "email": words(record.get("email")),
        "street_address": words(address.get("address")),
        "city": words(address.get("city")),
        "state": words(address.get("state")),
        "zip_code": words(address.get("zipCode")),
        "last_visited": _moment(record.get("lastVisitDate")),
        "loyalty_points": _amount(record.get("loyaltyPoints")),
        "lifetime_points": _amount(record.get("lifetimePoints")),
        "customer_type": words(record.get("status")),
        "is_medical": record.get("medical"),
        "text_opt_in": record.get("textOptIn"),
        "email_opt_in": record.get("emailOptIn"),
        **_tail(record, record["modified"], zone),
    }


def receipt(record: Record, zone: ZoneInfo) -> Record:
    """BLZ-21."""
    cart = record.get("cart") or {}
    day = next(filter(None, (record.get(f) for f in ("completedTime", "processedTime", "created", "modified"))), None)
    refunded = None
    if cart and str(record.get("transType") or "").lower() == "refund":
        found = [cart[f] for f in ("finalRefundAmt", "refundAmount", "total") if cart.get(f)]
        refunded = _amount(abs(Decimal(str(found[0]))) if found else 0)
    return {
        "transaction_id": record["id"],
        "customer_id": words(record.get("memberId")),
        "date": _moment(record.get("completedTime")),
        "seller_id": words(record.get("sellerId")),
        "terminal": words(record.get("terminalId")),
        "payment_type": words(cart.get("paymentOption")),
        "total_amount": _amount(cart.get("total")),
        "total_tax": _amount(cart.get("totalCalcTax")),
        "discounts": _amount(cart.get("totalDiscount")),
        "loyalty_points_earned": _amount(record.get("pointsEarned")),
        "loyalty_points_spent": _amount(cart.get("pointSpent")),
        "refunded_amount": refunded,
        "blaze_status": words(record.get("status")),
        "trans_type": words(record.get("transType")),
        "refund_status": words(record.get("transactionRefundStatus")),
        "trans_no": words(record.get("transNo")),
        "parent_transaction_id": words(record.get("parentTransactionId")),
        "line_count": len(cart.get("items") or []),
        "start_time": _moment(record.get("startTime")),
        "end_time": _moment(record.get("endTime")),
        "completed_time": _moment(record.get("completedTime")),
        **_tail(record, day, zone),
    }


def lines(record: Record, products: dict[str, Record]) -> Iterable[Record]:
    """BLZ-12, BLZ-22. Flower type and strain are the product's, as the source tells them now; where it does not know
    the product any more, what was known stays and is not compared."""
    for number, item in enumerate((record.get("cart") or {}).get("items") or [], start=1):
        own = words(item.get("orderItemId"))
        product = products.get(str(item.get("productId")))
        described = {} if product is None else {"flower_type": "flowerType", "strain": "genetics"}
        yield {
            "transaction_id": record["id"],
            "order_item_id": own.strip() if own else f"#{number}",
            "line_no": number,
            "synthetic_key": own is None,
            "product_id": words(item.get("productId")),
            "product_sku": words(item.get("productSku")),
            "product_name": words(item.get("productName")),
            "brand_name": words(item.get("brandName")),
            "category_name": words(item.get("categoryName")),
            "quantity": _amount(item.get("quantity")),
            "unit_price": _amount(item.get("unitPrice")),
            "total_price": _amount(item.get("finalPrice")),
            "discount": _amount(item.get("calcDiscount")),
            "discount_type": words(item.get("discountType")),
            "tax": _amount(item.get("calcTax")),
            "cost_of_goods": _amount(item.get("cogs")),
            "line_status": words(item.get("status")),
            **{column: words((product or {}).get(name)) for column, name in described.items()},
            "deleted": False,
        }


def product(record: Record, zone: ZoneInfo, vendors: dict[str, str | None]) -> Record:
    """BLZ-23."""
    brand, category = record.get("brand") or {}, record.get("category") or {}
    pictures = [asset["publicURL"] for asset in record.get("assets") or [] if asset.get("publicURL")]
    return {
        "product_id": record["id"],
        "sku": words(record.get("sku")),
        "name": words(record.get("name")),
        "brand": words(record.get("brandName")) or words(brand.get("name")),
        "category": words(category.get("name")),
        "vendor_id": words(record.get("vendorId")),
        "vendor": vendors.get(str(record.get("vendorId"))),
        "retail_price": _amount(record.get("unitPrice")),
        "cost": _amount(record.get("purchasePrice") or None),
        "is_active": record.get("active"),
        "thc_content": _amount(record.get("thc")),
        "cbd_content": _amount(record.get("cbd")),
        "thca": _amount(record.get("thca")),
        "cbda": _amount(record.get("cbda")),
        "cbg": _amount(record.get("cbg")),
        "flower_type": words(record.get("flowerType")),
        "strain": words(record.get("genetics")),
        "description": words(record.get("description")),
        "weight_per_unit": words(record.get("weightPerUnit")),
        "unit_value": _amount(record.get("unitValue")),
        "image_url": words(pictures[0]) if pictures else None,
        **_tail(record, record["modified"], zone),
    }
