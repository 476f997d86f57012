"""Records of the vendor as rows of the tables: what a careful script takes out of them. Shared by the peers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]


def moment(value: int | None) -> datetime | None:
    """Epoch milliseconds as a time."""
    return datetime.fromtimestamp(value / 1000, UTC) if value else None


def customer(record: Record) -> Record:
    """A member as a row."""
    address = record.get("address") or {}
    return {
        "member_id": record["id"],
        "name": f"{record.get('firstName') or ''} {record.get('lastName') or ''}".strip() or None,
        "phone": record.get("primaryPhone") or record.get("cpn"),
        "email": record.get("email") or None,
        "street_address": address.get("address") or None,
        "city": address.get("city") or None,
        "state": address.get("state") or None,
        "zip_code": address.get("zipCode") or None,
        "last_visited": moment(record.get("lastVisitDate")),
        "loyalty_points": record.get("loyaltyPoints"),
        "lifetime_points": record.get("lifetimePoints"),
        "customer_type": record.get("status"),
        "is_medical": record.get("medical"),
        "text_opt_in": record.get("textOptIn"),
        "email_opt_in": record.get("emailOptIn"),
        "shop_id": record.get("shopId"),
        "created": moment(record.get("created")),
        "modified": moment(record.get("modified")),
        "deleted": record.get("deleted"),
    }


def transaction(record: Record) -> Record:
    """A receipt as a row."""
    cart = record.get("cart") or {}
    return {
        "transaction_id": record["id"],
        "customer_id": record.get("memberId"),
        "date": moment(record.get("completedTime")),
        "shop_id": record.get("shopId"),
        "seller_id": record.get("sellerId"),
        "terminal": record.get("terminalId"),
        "payment_type": cart.get("paymentOption"),
        "total_amount": cart.get("total"),
        "total_tax": cart.get("totalCalcTax"),
        "discounts": cart.get("totalDiscount"),
        "loyalty_points_earned": record.get("pointsEarned"),
        "loyalty_points_spent": cart.get("pointSpent"),
        "refunded_amount": cart.get("finalRefundAmt") or cart.get("refundAmount"),
        "blaze_status": record.get("status"),
        "trans_type": record.get("transType"),
        "refund_status": record.get("transactionRefundStatus"),
        "trans_no": record.get("transNo"),
        "parent_transaction_id": record.get("parentTransactionId"),
        "start_time": moment(record.get("startTime")),
        "end_time": moment(record.get("endTime")),
        "created": moment(record.get("created")),
        "modified": moment(record.get("modified")),
        "deleted": record.get("deleted"),
    }


def lines(record: Record) -> Iterator[Record]:
    """The lines of a receipt as rows."""
    for number, item in enumerate((record.get("cart") or {}).get("items") or [], 1):
        yield {
            "transaction_id": record["id"],
            "order_item_id": item.get("orderItemId") or f"#{number}",
            "line_no": number,
            "product_id": item.get("productId"),
            "product_sku": item.get("productSku"),
            "product_name": item.get("productName"),
            "brand_name": item.get("brandName"),
            "category_name": item.get("categoryName"),
            "quantity": item.get("quantity"),
            "unit_price": item.get("unitPrice"),
            "total_price": item.get("finalPrice"),
            "discount": item.get("calcDiscount"),
            "discount_type": item.get("discountType"),
            "tax": item.get("calcTax"),
            "cost_of_goods": item.get("cogs"),
            "line_status": item.get("status"),
        }


def product(record: Record) -> Record:
    """A product as a row."""
    picture = next((asset["publicURL"] for asset in record.get("assets") or [] if asset.get("publicURL")), None)
    return {
        "product_id": record["id"],
        "sku": record.get("sku"),
        "name": record.get("name"),
        "brand": record.get("brandName"),
        "category": (record.get("category") or {}).get("name"),
        "vendor_id": record.get("vendorId"),
        "retail_price": record.get("unitPrice"),
        "cost": record.get("purchasePrice"),
        "is_active": record.get("active"),
        "thc": record.get("thc"),
        "cbd": record.get("cbd"),
        "thca": record.get("thca"),
        "cbda": record.get("cbda"),
        "cbg": record.get("cbg"),
        "flower_type": record.get("flowerType"),
        "strain": record.get("genetics"),
        "description": record.get("description"),
        "weight_per_unit": record.get("weightPerUnit"),
        "unit_value": record.get("unitValue"),
        "image_url": picture,
        "shop_id": record.get("shopId"),
        "created": moment(record.get("created")),
        "modified": moment(record.get("modified")),
        "deleted": record.get("deleted"),
    }
