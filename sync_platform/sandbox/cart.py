"""Carts and their lines: whole-number money inside, the vendor's field names and JSON numbers outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.object_ids import ObjectIds, fixed_uuid
from sync_platform.sandbox.spec import Rounding, TaxRate

DiscountKind = Literal["Cash", "Percentage", "FinalPrice"]
ROUNDING_STEP = {"ONE_CENT": 1, "FIVE_CENT": 5, "NEAREST_DOLLAR": 100, "UP_DOLLAR": 100, "DOWN_DOLLAR": 100}


@dataclass(frozen=True, slots=True)
class Article:
    """What a line needs to know of a product. ``price`` in cents, ``cogs`` in hundredths of a cent."""

    product_id: str
    sku: str
    name: str
    category: str
    brand: str | None
    price: int
    cogs: int
    weight: str
    batch_id: str | None
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One rung-up line. ``halves`` counts half units; the rest is cents.

    ``final`` is what is paid before tax: it carries the line's own ``discount`` and its share of the cart's.
    """

    article: Article
    halves: int
    gross: int
    discount: int
    final: int
    kind: DiscountKind = "Cash"
    entered: float = 0.0
    status: str = "Active"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a cart is paid; cents. ``entered`` is the cart discount as typed in, of kind ``kind``."""

    payment: str = "Cash"
    split: Record | None = None
    kind: DiscountKind = "Cash"
    entered: float = 0.0
    fee: int = 0
    card_fee: int = 0
    delivery_fee: int = 0
    tip: int = 0
    received: int | None = None
    points_spent: int = 0


def rounded(cents: int, how: Rounding) -> int:
    """The amount after the shop's rounding of totals, halves up."""
    step = ROUNDING_STEP[how]
    if how == "UP_DOLLAR":
        return -(-cents // step) * step
    if how == "DOWN_DOLLAR":
        return cents // step * step
    return (cents * 2 + step) // (2 * step) * step


class Carts:
    """Writes carts of one shop."""

    def __init__(self, ids: ObjectIds, taxes: Sequence[TaxRate], rounding: Rounding, inventory_id: str) -> None:
        self._ids, self._taxes, self._rounding, self._inventory_id = ids, taxes, rounding, inventory_id
        self._rate_ids = [fixed_uuid("tax", inventory_id, rate.name) for rate in taxes]
        self._basis_points = [rate.basis_points for rate in taxes]
        self._all_basis_points = sum(self._basis_points)

    def total(self, lines: Sequence[Line], fee: int = 0) -> int:
        """What the lines cost after tax and rounding, in cents; nothing on top."""
        final = sum(line.final for line in lines)
        return rounded(final + sum(self._taxes_of(final)) + fee, self._rounding)

    def _taxes_of(self, final: int) -> list[int]:
        """Each rate is rounded to a cent, then they are summed: up to some cents off the sum of the lines."""
        return [(final * points + 5_000) // 10_000 for points in self._basis_points]

    def cart(self, at: int, lines: Sequence[Line], terms: Terms) -> Record:
        """A whole cart as the vendor sends it, changed for the last time at ``at``."""
        gross = sum(line.gross for line in lines)
        final = sum(line.final for line in lines)
        line_discount = sum(line.discount for line in lines)
        taxes = self._taxes_of(final)
        before = final + sum(taxes) + terms.fee
        after = rounded(before, self._rounding)
        total = after + terms.card_fee + terms.delivery_fee + terms.tip
        received = total if terms.received is None else terms.received
        next_id = self._ids.next
        return {
            "id": next_id(at),
            "created": at,
            "modified": at,
            "deleted": False,
            "discount": terms.entered,
            "discountType": terms.kind,
            "promoCode": "",
            "consumerType": "AdultUse",
            "subTotal": gross / 100,
            "totalDiscount": (gross - final) / 100,
            "calcCartDiscount": (gross - final - line_discount) / 100,
            "subTotalDiscount": final / 100,
            # a legacy rate, not the tax
            "tax": 0.08,
            "totalCalcTax": sum(taxes) / 100,
            "totalPreCalcTax": 0.0,
            "totalExciseTax": 0.0,
            "totalALExciseTax": 0.0,
            "taxRateDetails": [
                {"taxRateId": rate_id, "taxRateName": rate.name, "taxType": rate.kind}
                | {"taxRateAmount": amount / 100, "preTax": False, "exciseTax": False}
                for rate_id, rate, amount in zip(self._rate_ids, self._taxes, taxes, strict=True)
            ],
            "totalBeforeTaxRounding": before / 100,
            "totalAfterTaxRounding": after / 100,
            "roundAmt": (after - before) / 100,
            "taxRoundOffType": self._rounding,
            "feeTotal": terms.fee / 100,
            "creditCardFee": terms.card_fee / 100,
            "totalFees": terms.fee / 100,
            "deliveryFee": terms.delivery_fee / 100,
            "tipAmount": terms.tip / 100,
            "total": total / 100,
            "cashReceived": received / 100,
            "changeDue": (received - total) / 100,
            "balanceDue": 0.0,
            "paymentOption": terms.payment,
            "paymentType": "Split" if terms.split else "Full",
            "splitPayment": terms.split,
            "pointSpent": terms.points_spent / 100,
            "refundOption": "Void",
            "refundAmount": 0.0,
            "requestRefundAmt": 0.0,
            "finalRefundAmt": 0.0,
            "refundOrderItemRequests": [],
            "refundLog": None,
            "promotionReqs": [],
            "promotionReqLogs": [],
            "items": [self._item(at, line, next_id(at), next_id(at)) for line in lines],
        }

    def _item(self, at: int, line: Line, item_id: str, order_item_id: str) -> Record:
        article, final = line.article, line.final
        quantity = line.halves / 2
        returned = line.status != "Active"
        return {
            "id": item_id,
            "created": at,
            "modified": at,
            "deleted": False,
            "parentId": None,
            "orderItemId": order_item_id,
            "productId": article.product_id,
            "productSku": article.sku,
            "productName": article.name,
            "categoryName": article.category,
            "brandName": article.brand,
            "productType": "REGULAR",
            "weightPerUnit": article.weight,
            "quantity": quantity,
            "origQuantity": quantity,
            "unitPrice": article.price / 100,
            "cost": line.gross / 100,
            "cogs": article.cogs * line.halves // 2 / 10_000,
            "discount": line.entered,
            "discountType": line.kind,
            "calcDiscount": line.discount / 100,
            "finalPrice": final / 100,
            "calcTax": (final * self._all_basis_points + 50) // 100 / 10_000,
            "calcPreTax": 0.0,
            "exciseTax": 0.0,
            "status": line.status,
            "batchId": article.batch_id,
            "batchSku": None,
            "inventoryId": self._inventory_id,
            "quantityLogs": [{"id": f"{article.product_id}_{article.batch_id}", "quantity": quantity}]
            if article.batch_id
            else [],
            "totalRefundAmount": final / 100 if returned else 0.0,
            "totalRefundQty": quantity if returned else 0.0,
            "loyaltyAccrual": True,
            # not in the published document, but sent
            "fulfillmentZone": None,
        }
