"""The old report of a shop's members, with the sums that the old reports worked out for each."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.decay import Chance
from sync_platform.sandbox.old_receipts import DAY_MS, Row, Spent, written_number, written_time
from sync_platform.sandbox.people import FIRST_NAMES, LAST_NAMES, STREETS
from sync_platform.sandbox.report_source import ReportSource

VIP_VISITS, VIP_VALUE = 10, 1000
MEDIUM_DAYS, HIGH_DAYS = 30, 60


def former_members(source: ReportSource, chance: Chance) -> list[str]:
    """Ids of members that the reports know and the source does not."""
    number = chance.number_of("former_members", len(source.truth("members")))
    return [f"FORMER-{one:05d}" for one in range(1, number + 1)]


def old_customers(source: ReportSource, chance: Chance, former: list[str], spent: dict[str, Spent]) -> list[Row]:
    """Every member, deleted ones as well, and the former ones; as of the day of the export."""
    rows = [_customer(record, source, chance, spent.get(record["id"], Spent())) for record in source.truth("members")]
    rng = chance.random("former_members")
    for member_id in former:
        name = {"name": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}", "customer_type": "Active"}
        rows.append({"member_id": member_id, **name, **_sums(source, spent.get(member_id, Spent()), None)})
    return rows


def _customer(record: Record, source: ReportSource, chance: Chance, spent: Spent) -> Row:
    address = record["address"] or {}
    points = record["loyaltyPoints"]
    visited = record["lastVisitDate"] or None
    if points is not None and chance.hits("stale_points"):
        points = round(points + chance.random("stale_points").randrange(1, 100), 2)
    if visited and (stale := chance.hits("stale_visits")):
        visited -= chance.random("stale_visits").randrange(3, 45) * DAY_MS
    else:
        stale = False
    if spent.sales and chance.hits("stale_sums"):
        spent = Spent(spent.sales[:-1], spent.refunded)
    return {
        "member_id": record["id"],
        "name": _name(record, chance),
        "phone": _phone(record["primaryPhone"] or record["cpn"] or "", chance),
        "email": _email(record["email"] or "", chance),
        "street_address": _street(address.get("address") or "", chance),
        "city": address.get("city") or "",
        "state": address.get("state") or "",
        "zip_code": address.get("zipCode") or "",
        "last_visited": written_time(visited, source.zone),
        "loyalty_points": written_number(points),
        "customer_type": record["status"] or "",
        **_sums(source, spent, visited, only_visit=stale),
    }


def _sums(source: ReportSource, spent: Spent, visited: int | None, *, only_visit: bool = False) -> Row:
    """BLZ-30 to BLZ-35 with the usual thresholds. ``only_visit``: sales after the last visit were not noticed."""
    value = sum((total for _, total in spent.sales), Decimal(0)) - spent.refunded
    days = {at.date() for at, _ in spent.sales}
    known = set() if only_visit else set(days)
    if visited:
        known.add(datetime.fromtimestamp(visited / 1000, source.zone).date())
    since = max(timedelta(0), source.at.astimezone(source.zone).date() - max(known)).days if known else None
    risk = "" if since is None else "low" if since < MEDIUM_DAYS else "medium" if since < HIGH_DAYS else "high"
    return {
        "lifetime_value": f"${value:,.2f}",
        "total_sales": f"{value:.2f}",
        "total_visits": str(len(days)),
        "days_since_last_visit": "" if since is None else str(since),
        "vip_status": "Yes" if len(days) >= VIP_VISITS and value >= VIP_VALUE else "No",
        "churn_risk": risk,
    }


def _name(record: Record, chance: Chance) -> str:
    first, last = ((record[part] or "").strip() for part in ("firstName", "lastName"))
    if chance.hits("changed_names"):
        last = chance.random("changed_names").choice([name for name in LAST_NAMES if name != last])
    name = " ".join(part for part in (first, last) if part)
    if chance.hits("case_of_names"):
        name = chance.random("case_of_names").choice((name.upper(), name.lower()))
    return name.replace(" ", "  ") if chance.hits("blanks_in_names") else name


def _phone(phone: str, chance: Chance) -> str:
    if phone and chance.hits("stale_phones"):
        last = (int(phone[-2:]) + chance.random("stale_phones").randrange(1, 100)) % 100
        phone = f"{phone[:-2]}{last:02d}"
    if phone and chance.hits("spelled_phones"):
        return chance.random("spelled_phones").choice(("-", ".", " ", "")).join(re.findall(r"[0-9]+", phone))
    return phone


def _email(email: str, chance: Chance) -> str:
    if not email or chance.hits("missing_emails"):
        return ""
    return f"old.{email}" if chance.hits("stale_emails") else email


def _street(street: str, chance: Chance) -> str:
    if not street or not chance.hits("stale_addresses"):
        return street
    rng = chance.random("stale_addresses")
    return f"{rng.randrange(1000, 9999)} {rng.choice(STREETS)}"
