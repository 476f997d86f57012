"""What happens to a sale afterwards: refunds and exchanges as transactions of their own, voids in place."""

from dataclasses import dataclass
from typing import Literal

from sync_platform.sandbox.cart import Article, Line, Terms
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.till import Stamp, Till

# Where the refunded money stands is not documented; a reader has to find it in any of these places.
RefundPlace = Literal["finalRefundAmt", "refundAmount", "total"]
REFUND_PLACES: tuple[RefundPlace, ...] = ("finalRefundAmt", "refundAmount", "total")
NEGATED = (
    "subTotal",
    "totalDiscount",
    "calcCartDiscount",
    "subTotalDiscount",
    "totalCalcTax",
    "totalBeforeTaxRounding",
    "totalAfterTaxRounding",
    "roundAmt",
    "total",
    "cashReceived",
)


@dataclass(frozen=True)
class Return:
    """The new transaction, and the sale as it now is."""

    transaction: Record
    sale: Record


class ReturnDesk:
    """Takes goods back: the sale changes, its ``modified`` moves, a second transaction points at it."""

    def __init__(self, till: Till) -> None:
        self._till = till

    def refund(
        self, sale: Record, at: int, *, lines: int | None = None, place: RefundPlace = "finalRefundAmt"
    ) -> Return:
        """Take back the first ``lines`` lines that are still sold, or all of them."""
        returned = self._take_back(sale, at, lines, "Refunded")
        cart = self._till.carts.cart(at, returned, Terms())
        cart["refundOption"] = "Retail"
        cart["requestRefundAmt"] = cart["total"]
        amount = round(cart["total"] * 100)
        record = self._till.transaction(Stamp(at, at, sale["memberId"]), cart)
        if place == "total":
            for name in NEGATED:
                cart[name] = -cart[name] or 0.0
            for item in cart["items"]:
                for name in ("quantity", "cost", "finalPrice", "calcTax", "calcDiscount", "cogs"):
                    item[name] = -item[name] or 0.0
        else:
            cart[place] = amount / 100
        record |= {
            "parentTransactionId": sale["id"],
            "transType": "Refund",
            "status": "RefundWithInventory" if amount % 2 else "RefundWithoutInventory",
            "pointsEarned": 0.0,
        }
        for payment in sale["payments"][:1]:
            payment["refundedAmount"] = round(payment["refundedAmount"] * 100 + amount) / 100
        return Return(record, sale)

    def exchange(self, sale: Record, at: int) -> Return:
        """Swap the first line that is still sold for something else."""
        self._take_back(sale, at, 1, "Exchange")
        record = self._till.sale(Stamp(at, at, sale["memberId"]))
        record |= {"parentTransactionId": sale["id"], "transType": "Exchange", "pointsEarned": 0.0}
        return Return(record, sale)

    def _take_back(self, sale: Record, at: int, count: int | None, status: str) -> list[Line]:
        """Mark lines of the sale as returned and give them back as lines of the new cart."""
        items = sale["cart"]["items"]
        sold = [item for item in items if item["status"] == "Active"]
        chosen = sold[: len(sold) if count is None else count]
        for item in chosen:
            item |= {
                "status": status,
                "modified": at,
                "totalRefundQty": item["quantity"],
                "totalRefundAmount": item["finalPrice"],
            }
        complete = len(chosen) == len(sold)
        sale["transactionRefundStatus"] = "Complete_Refund" if complete else "Partial_Refund"
        sale["modified"] = max(at, sale["modified"])
        sale["cart"]["modified"] = at
        return [_line(item, status) for item in chosen]


def void(sale: Record, at: int) -> Record:
    """Undo a sale in place, as staff do within the day."""
    sale |= {
        "status": "VoidSales",
        "voidDate": at,
        "voidedByEmployeeId": sale["sellerId"],
        "modified": max(at, sale["modified"]),
        "pointsEarned": 0.0,
    }
    for payment in sale["payments"]:
        payment["voidT"] = True
    for item in sale["cart"]["items"]:
        item["status"] = "Void"
    return sale


def returnable(record: Record) -> bool:
    """Whether there is something left to take back."""
    return (
        record["transType"] == "Sale"
        and record["status"] == "Completed"
        and any(item["status"] == "Active" for item in record["cart"]["items"])
    )


def _line(item: Record, status: str) -> Line:
    """A line of a refund: all of its discount, the cart's share included, is now its own."""
    gross, final = round(item["cost"] * 100), round(item["finalPrice"] * 100)
    halves = round(item["quantity"] * 2)
    sold = Article(
        product_id=item["productId"],
        sku=item["productSku"],
        name=item["productName"],
        category=item["categoryName"],
        brand=item["brandName"],
        price=round(item["unitPrice"] * 100),
        cogs=round(item["cogs"] * 10_000) * 2 // halves,
        weight=item["weightPerUnit"],
        batch_id=item["batchId"],
    )
    return Line(sold, halves, gross, gross - final, final, "Cash", (gross - final) / 100, status)
