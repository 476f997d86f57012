"""The derived values a second time, with pandas and in no other way than the rules say (BLZ-30 to BLZ-36).

Shares nothing with the views of ``analytics`` but the rows it is given: Python's own time zones, no SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd

Row = Mapping[str, Any]

UNDONE = {"Void", "VoidSales", "Canceled", "Cancelled", "Draft"}
OPEN = {"Queued", "Hold", "InProgress", "Pending"}
_NO_REFUND = {status.casefold() for status in UNDONE | OPEN}
ZERO = Decimal(0)

_CUSTOMER = ["tenant_id", "customer_id"]
_READ = [
    *_CUSTOMER,
    *("shop_id", "shop_location", "date", "business_day", "total_amount", "total_tax", "refunded_amount"),
    *("blaze_status", "trans_type", "origin", "deleted_at"),
]


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


class Totals(NamedTuple):
    """What the receipts of a customer add up to; ``last_sale`` is the last day with a sale."""

    value: Decimal = ZERO
    tax: Decimal = ZERO
    visits: int = 0
    last_sale: date | None = None


TotalsByCustomer = Mapping[tuple[UUID, str], Totals]


def staging_totals(receipts: Sequence[Row]) -> TotalsByCustomer:
    """Of the receipts of all tenants in ``blaze``: what the source deleted does not count."""
    frame = _frame(receipts)
    return _totals(frame[frame["deleted_at"].isna()].assign(day=frame["business_day"]))


def production_totals(
    receipts: Sequence[Row], shops: Sequence[Row], zones: Mapping[UUID, ZoneInfo]
) -> TotalsByCustomer:
    """Of ``public``: a report says nothing of type and status, and names the shop instead of its id."""
    frame = _frame(receipts)
    reported = frame["origin"] == "report"
    refunded = frame["blaze_status"].fillna("").str.casefold().str.startswith("refundwith")
    told = refunded.map({True: "Refund", False: "Sale"}).where(reported)
    names = frame["shop_location"].fillna("").str.strip().str.casefold()
    ids = _shop_ids(shops)
    known = [ids.get(place, place[1] or None) for place in zip(frame["tenant_id"], names, strict=True)]
    moments = zip(frame["tenant_id"], frame["date"], strict=True)
    days = [moment.astimezone(zones[tenant]).date() if moment is not None else None for tenant, moment in moments]
    read = frame.assign(
        trans_type=frame["trans_type"].where(frame["trans_type"].notna(), told),
        blaze_status=frame["blaze_status"].where(frame["blaze_status"].notna() | ~reported, "Completed"),
        shop_id=frame["shop_id"].where(frame["shop_id"].notna(), pd.Series(known, frame.index, dtype=object)),
        day=pd.Series(days, frame.index, dtype=object),
    )
    return _totals(read)


def values_of(tenant: Row, customers: Iterable[Row], totals: TotalsByCustomer, now: datetime) -> dict[str, Values]:
    """One tenant's customers, by member id."""
    nothing = Totals()
    return {
        customer["member_id"]: _judge(tenant, customer, totals.get((tenant["id"], customer["member_id"]), nothing), now)
        for customer in customers
        if customer.get("deleted_at") is None
    }


def _frame(receipts: Sequence[Row]) -> pd.DataFrame:
    rows = [[receipt.get(name) for name in _READ] for receipt in receipts if receipt["customer_id"] is not None]
    return pd.DataFrame(rows, columns=_READ, dtype=object)


def _shop_ids(shops: Sequence[Row]) -> dict[tuple[UUID, str], str]:
    """The lowest id of each name, whatever its case."""
    ids: dict[tuple[UUID, str], str] = {}
    for shop in sorted(shops, key=lambda shop: str(shop["lookup_id"])):
        if shop["kind"] == "shops" and shop["name"] is not None:
            ids.setdefault((shop["tenant_id"], shop["name"].strip().casefold()), shop["lookup_id"])
    return ids


def _totals(receipts: pd.DataFrame) -> TotalsByCustomer:
    kind = receipts["trans_type"].fillna("").str.casefold()
    status = receipts["blaze_status"].fillna("").str.casefold()
    sales = receipts[(kind == "sale") & (status == "completed")]
    refunds = receipts[(kind == "refund") & ~status.isin(_NO_REFUND)]
    given_back = _amounts(refunds["refunded_amount"])
    given_back = given_back.where(given_back != ZERO, _amounts(refunds["total_amount"]))
    parts: list[pd.DataFrame] = [
        sales.assign(value=_amounts(sales["total_amount"]), tax=_amounts(sales["total_tax"])),
        refunds.assign(value=-given_back.abs(), tax=-_amounts(refunds["total_tax"]).abs()),
    ]
    counted = pd.concat(parts)
    sums = counted.groupby(_CUSTOMER, sort=False)[["value", "tax"]].sum()
    dated = sales[sales["day"].notna()]
    visits = dated.drop_duplicates([*_CUSTOMER, "shop_id", "day"]).groupby(_CUSTOMER, sort=False).size()
    last = dated.groupby(_CUSTOMER, sort=False)["day"].max()
    whole = sums.assign(visits=visits.reindex(sums.index, fill_value=0), last=last.reindex(sums.index))
    return {
        customer: Totals(value, tax, int(number), None if pd.isna(day) else day)
        for customer, value, tax, number, day in zip(
            whole.index, whole["value"], whole["tax"], whole["visits"], whole["last"], strict=True
        )
    }


def _amounts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Exact: Decimals, and nothing is zero."""
    return column.map(lambda amount: ZERO if pd.isna(amount) else amount).astype(object)


def _judge(tenant: Row, customer: Row, totals: Totals, now: datetime) -> Values:
    zone, own = ZoneInfo(tenant["zone"]), tenant["settings"]
    days = [totals.last_sale] if totals.last_sale else []
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
    vip = totals.visits >= own.get("vip_visits", 10) and totals.value >= Decimal(str(own.get("vip_value", 1000)))
    return Values(totals.value, totals.value, totals.value - totals.tax, totals.visits, since, vip, risk)
