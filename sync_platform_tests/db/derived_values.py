"""The derived values a second time, row by row and in no other way than the rules say (BLZ-30 to BLZ-36).

Shares nothing with the views of ``analytics`` but the tables: no SQL beyond reading rows, Python's own time zones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]

UNDONE = {"Void", "VoidSales", "Canceled", "Cancelled", "Draft"}
OPEN = {"Queued", "Hold", "InProgress", "Pending"}
_NO_REFUND = {status.casefold() for status in UNDONE | OPEN}
ZERO = Decimal(0)


@dataclass(frozen=True)
class Values:
    """One line of ``analytics.customer_metrics``."""

    lifetime_value: Decimal
    total_sales: Decimal
    lifetime_value_net: Decimal
    total_visits: int
    days_since_last_visit: int | None
    vip_status: bool
    churn_risk: str | None


@dataclass
class _Customer:
    """What was added up so far."""

    sold: Decimal = ZERO
    refunded: Decimal = ZERO
    sales_tax: Decimal = ZERO
    refunded_tax: Decimal = ZERO
    visits: set[tuple[str | None, date]] = field(default_factory=set)
    days: list[date] = field(default_factory=list)


def blaze_values(tenant: Row, customers: Iterable[Row], receipts: Iterable[Row], now: datetime) -> dict[str, Values]:
    """Of the rows of ``blaze``: what the source deleted does not count."""
    live = [receipt for receipt in receipts if receipt["deleted_at"] is None]
    members = [customer for customer in customers if customer["deleted_at"] is None]
    return _values(tenant, members, [{**receipt, "day": receipt["business_day"]} for receipt in live], now)


def production_values(
    tenant: Row, customers: Iterable[Row], receipts: Iterable[Row], shops: Iterable[Row], now: datetime
) -> dict[str, Values]:
    """Of the rows of ``public``: a report says nothing of type and status, and names the shop instead of its id."""
    ids: dict[str, str] = {}
    for shop in sorted(shops, key=lambda shop: str(shop["lookup_id"])):
        if shop["name"] is not None:
            ids.setdefault(shop["name"].strip().lower(), shop["lookup_id"])
    read = [_from_report(receipt, ids, ZoneInfo(tenant["zone"])) for receipt in receipts]
    return _values(tenant, customers, read, now)


def _from_report(receipt: Row, shop_ids: Mapping[str, str], zone: ZoneInfo) -> Row:
    row = dict(receipt)
    status = row["blaze_status"]
    if row["origin"] == "report":
        if row["trans_type"] is None:
            was_refunded = status is not None and status.lower().startswith("refundwith")
            row["trans_type"] = "Refund" if was_refunded else "Sale"
        if status is None:
            row["blaze_status"] = "Completed"
    if row["shop_id"] is None:
        name = (row["shop_location"] or "").strip().lower()
        row["shop_id"] = shop_ids.get(name, name or None)
    row["day"] = row["date"].astimezone(zone).date() if row["date"] is not None else None
    return row


def _values(tenant: Row, customers: Iterable[Row], receipts: Iterable[Row], now: datetime) -> dict[str, Values]:
    found: dict[str, _Customer] = {}
    for receipt in receipts:
        if receipt["customer_id"] is not None:
            _add(found.setdefault(receipt["customer_id"], _Customer()), receipt)
    return {
        customer["member_id"]: _judge(tenant, customer, found.get(customer["member_id"], _Customer()), now)
        for customer in customers
    }


def _add(customer: _Customer, receipt: Row) -> None:
    kind = (receipt["trans_type"] or "").casefold()
    status = (receipt["blaze_status"] or "").casefold()
    if kind == "sale" and status == "completed":
        customer.sold += receipt["total_amount"] or ZERO
        customer.sales_tax += receipt["total_tax"] or ZERO
        if receipt["day"] is not None:
            customer.visits.add((receipt["shop_id"], receipt["day"]))
            customer.days.append(receipt["day"])
    elif kind == "refund" and status not in _NO_REFUND:
        amounts = [receipt["refunded_amount"], receipt["total_amount"]]
        customer.refunded += next((abs(amount) for amount in amounts if amount), ZERO)
        customer.refunded_tax += abs(receipt["total_tax"] or ZERO)


def _judge(tenant: Row, customer: Row, sums: _Customer, now: datetime) -> Values:
    zone, own = ZoneInfo(tenant["zone"]), tenant["settings"]
    days = list(sums.days)
    if customer["last_visited"] is not None:
        days.append(customer["last_visited"].astimezone(zone).date())
    since, risk = None, None
    if days:
        since = max(0, (now.astimezone(zone).date() - max(days)).days)
        risk = "low"
        if since >= own.get("churn_medium_days", 30):
            risk = "medium"
        if since >= own.get("churn_high_days", 60):
            risk = "high"
    value = sums.sold - sums.refunded
    vip = len(sums.visits) >= own.get("vip_visits", 10) and value >= Decimal(str(own.get("vip_value", 1000)))
    net = value - (sums.sales_tax - sums.refunded_tax)
    return Values(value, value, net, len(sums.visits), since, vip, risk)
