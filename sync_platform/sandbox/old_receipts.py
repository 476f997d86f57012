"""The old report of a shop's receipts and the one of their lines, and what each customer spent."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.decay import Chance
from sync_platform.sandbox.report_source import ReportSource

Row = dict[str, str]
DAY_MS = 86_400_000
_UNDONE = ("void", "voidsales", "canceled", "cancelled", "draft")


@dataclass
class Spent:
    """Of one customer, as it really was: when and how much of each sale, and what went back in all."""

    sales: list[tuple[datetime, Decimal]] = field(default_factory=list)
    refunded: Decimal = Decimal(0)


@dataclass(frozen=True)
class OldReceipts:
    """The rows of both reports; ``spent`` by customer."""

    receipts: list[Row]
    lines: list[Row]
    spent: dict[str, Spent]


def old_receipts(source: ReportSource, chance: Chance, former: Sequence[str]) -> OldReceipts:
    """Completed sales, as a sales report lists them: no refunds, voids or open receipts.

    Older ones, from before the source's first record, belong to nobody or to one of the ``former`` members.
    """
    records = source.truth("transactions")
    sales = [record for record in records if is_completed_sale(record)]
    older = _older(sales, records, chance, former)
    staff = {one["id"]: f"{one['firstName']} {one['lastName']}" for one in source.truth("employees")}
    done = OldReceipts([], [], defaultdict(Spent))
    for record in (*older, *sales):
        missing = chance.hits("missing_receipts")
        if not missing:
            done.receipts.append(_receipt(record, source, staff, chance))
        if chance.hits("kept_lines") if missing else not chance.hits("receipts_without_lines"):
            done.lines.extend(
                _line(record["id"], number, item, chance) for number, item in enumerate(_items(record), 1)
            )
    for record in (*older, *records):
        _spend(done.spent, record, source.zone)
    return done


def is_completed_sale(record: Record) -> bool:
    """Neither a refund nor void, cancelled, open or a move of stock."""
    return bool(record["transType"] == "Sale" and record["status"].lower() == "completed")


def written_time(ms: int | None, zone: tzinfo) -> str:
    """Epoch milliseconds on the shop's clock, without a zone: as reports write it. Nothing stays blank."""
    return f"{datetime.fromtimestamp(ms / 1000, zone):%Y-%m-%d %H:%M:%S}" if ms else ""


def written_number(value: float | None) -> str:
    """With the digits that the shop has."""
    return "" if value is None else format(Decimal(str(value)), "f")


def _older(sales: Sequence[Record], records: Sequence[Record], chance: Chance, former: Sequence[str]) -> list[Record]:
    """Copies of sales, moved to before everything that the source knows."""
    rng = chance.random("older_receipts")
    first = min((record["completedTime"] for record in records if record["completedTime"]), default=0)
    older = []
    for number in range(1, chance.number_of("older_receipts", len(sales)) + 1):
        sale = rng.choice(sales)
        days = (sale["completedTime"] - first) // DAY_MS + rng.randrange(2, 365)
        receipt_id = f"OLD-{number:06d}"
        items = [item | {"orderItemId": f"{receipt_id}-{line}"} for line, item in enumerate(_items(sale), 1)]
        changed = {"id": receipt_id, "completedTime": sale["completedTime"] - days * DAY_MS}
        member = rng.choice(former) if former and rng.random() < 0.5 else None
        older.append(sale | changed | {"memberId": member, "cart": sale["cart"] | {"items": items}})
    return older


def _items(record: Record) -> list[Record]:
    return list((record["cart"] or {}).get("items") or ())


def _receipt(record: Record, source: ReportSource, staff: dict[str, str], chance: Chance) -> Row:
    cart = record["cart"] or {}
    payment = cart.get("paymentOption") or ""
    return {
        "transaction_id": record["id"],
        "customer_id": record["memberId"] or "",
        "date": written_time(record["completedTime"], UTC if chance.hits("shifted_times") else source.zone),
        "shop_location": source.name,
        "staff_name": "" if chance.hits("missing_staff") else staff.get(record["sellerId"], ""),
        "terminal": record["terminalId"] or "",
        "payment_type": payment.upper() if chance.hits("case_of_payments") else payment,
        "total_amount": written_number(cart.get("total")),
        "total_tax": written_number(cart.get("totalCalcTax")),
        "discounts": written_number(cart.get("totalDiscount")),
        "loyalty_points_earned": written_number(record["pointsEarned"]),
        "loyalty_points_spent": written_number(cart.get("pointSpent")),
    }


def _line(receipt_id: str, number: int, item: Record, chance: Chance) -> Row:
    name = item["productName"] or ""
    return {
        "transaction_id": receipt_id,
        "order_item_id": (item["orderItemId"] or "").strip() or f"#{number}",
        "product_id": item["productId"] or "",
        "product_sku": item["productSku"] or "",
        "product_name": f"Old {name}" if name and chance.hits("renamed_lines") else name,
        "brand_name": item["brandName"] or "",
        "category_name": item["categoryName"] or "",
        "quantity": written_number(item["quantity"]),
        "unit_price": written_number(item["unitPrice"]),
        "total_price": written_number(item["finalPrice"]),
    }


def _spend(spent: dict[str, Spent], record: Record, zone: tzinfo) -> None:
    """What counts: completed sales, and refunds that were not undone (BLZ-31)."""
    cart, customer = record["cart"], record["memberId"]
    if not customer or not cart:
        return
    if record["transType"].lower() == "refund" and record["status"].lower() not in _UNDONE:
        amounts = (cart["finalRefundAmt"], cart["refundAmount"], cart["total"])
        spent[customer].refunded += next((abs(Decimal(str(one))) for one in amounts if one), Decimal(0))
    elif is_completed_sale(record):
        at = datetime.fromtimestamp(record["completedTime"] / 1000, zone)
        spent[customer].sales.append((at, Decimal(str(cart["total"]))))
