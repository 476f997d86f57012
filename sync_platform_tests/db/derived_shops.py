"""Generated tenants for the derived values: every type, status and gap that BLZ-30 to BLZ-35 speak of, from a seed."""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

Tables = dict[str, list[dict[str, Any]]]

ZONES = (
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
    "Pacific/Honolulu",
    "Australia/Lord_Howe",
    "America/Los_Angeles",
    "America/New_York",
    "America/St_Johns",
    "Europe/Berlin",
    "UTC",
)
TYPES = ("Sale", "Refund", "Adjustment", "Transfer", "Exchange", "ReturnToVendor", "ShippingManifest", "Void", "Gift")
STATUSES = (
    *("Queued", "Hold", "InProgress", "Completed", "Pending", "Canceled", "Cancelled", "RefundWithInventory"),
    *("RefundWithoutInventory", "Void", "VoidSales", "Draft", "Archived"),
)
AMOUNTS = ("0", "0.01", "99.99", "100", "100", "100", "333.3333", "500", "999.99", "1000", "1000.0001", "-5", "63.7058")
SHOPS = {"s1": "Main Street", "s2": "Harbor", "s3": "harbor"}  # two have the same name
#: What every row of staging needs and no derived value reads.
_REST = dict.fromkeys(("first_seen_at", "last_seen_at", "last_changed_at"), datetime(2026, 1, 1, tzinfo=UTC))
STAGING_REST: dict[str, Any] = {"content_hash": UUID(int=0), "run_id": 1, **_REST}


@dataclass(frozen=True)
class Shop:
    """One generated tenant; ``now`` is roughly when its values will be asked for."""

    id: UUID
    zone: ZoneInfo
    now: datetime
    dice: random.Random

    def tables(self) -> Tables:
        """Its rows in all tables."""
        tables: Tables = {"platform.tenants": [self._tenant()]}
        tables["blaze.lookups"] = [
            {"tenant_id": self.id, "kind": "shops", "lookup_id": shop, "name": name, **STAGING_REST}
            for shop, name in SHOPS.items()
        ]
        members = [f"c{n}" for n in range(self.dice.randint(0, 12))]
        tables["blaze.customers"] = [self._customer(member) | self._staged() for member in members]
        tables["public.customers"] = [self._customer(member) for member in members if self._chance(0.8)]
        # often few have bought everything: somebody has to come ten times
        buyers = [*members[: self.dice.choice((1, 1, 2, 12))] * 4, None, "nobody"]
        receipts = [self._receipt(f"t{n}", self.dice.choice(buyers)) for n in range(self.dice.randint(0, 40))]
        tables["blaze.transactions"] = [
            receipt | {"business_day": self._day(receipt["date"]), "line_count": 0} | self._staged()
            for receipt in receipts
        ]
        tables["public.transactions"] = [self._reported(receipt) for receipt in receipts]
        return tables

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    def _tenant(self) -> dict[str, Any]:
        own: dict[str, Any] = {"call_weight": 2.5} if self._chance(0.3) else {}
        if self._chance(0.4):
            own["churn_medium_days"] = self.dice.choice((1, 7, 29))
        if self._chance(0.4):
            own["churn_high_days"] = self.dice.choice((31, 45, 90))
        if self._chance(0.6):
            own["vip_visits"] = self.dice.choice((1, 1, 2, 3))
        if self._chance(0.6):
            own["vip_value"] = self.dice.choice((0.01, 99.99, 100, 100, 999.99))
        slug = f"shop-{self.id.hex[-12:]}"
        return {
            "id": self.id,
            "slug": slug,
            "name": slug,
            "zone": self.zone.key,
            "country": "US",
            "settings": own,
        }

    def _customer(self, member: str) -> dict[str, Any]:
        return {
            "tenant_id": self.id,
            "member_id": member,
            "last_visited": self._moment() if self._chance(0.5) else None,
        }

    def _staged(self) -> dict[str, Any]:
        return {"deleted_at": self.now if self._chance(0.08) else None, **STAGING_REST}

    def _receipt(self, key: str, customer: str | None) -> dict[str, Any]:
        kind = self.dice.choice((*("Sale",) * 12, *("Refund",) * 5, *TYPES, None))
        usual = "Completed" if kind == "Sale" else "RefundWithInventory"
        status = self.dice.choice((*(usual,) * 14, *STATUSES, None))
        return {
            "tenant_id": self.id,
            "transaction_id": key,
            "customer_id": customer,
            "date": self._moment() if self._chance(0.95) else None,
            "shop_id": self.dice.choice((*SHOPS, None)),
            "total_amount": self._amount(),
            "total_tax": self._amount(),
            "refunded_amount": self._amount() if kind == "Refund" else None,
            "blaze_status": self._spelt(status),
            "trans_type": self._spelt(kind),
        }

    def _reported(self, receipt: dict[str, Any]) -> dict[str, Any]:
        """As an old report has it, with more or fewer fields promoted already; or as Blaze has it."""
        row = receipt | {"shop_location": None, "origin": "blaze"}
        if self._chance(0.6):
            row["origin"] = "report"
            row["shop_location"] = self.dice.choice(
                (*SHOPS.values(), " MAIN street ", "Closed Shop", "", "", None, None)
            )
            for field in ("shop_id", "trans_type", "blaze_status", "refunded_amount"):
                if self._chance(0.6):
                    row[field] = None
        return row

    def _amount(self) -> Decimal | None:
        if self._chance(0.08):
            return None
        return Decimal(self.dice.choice(AMOUNTS) if self._chance(0.6) else self.dice.randint(0, 5_000_000)) / (
            1 if self._chance(0.8) else 10_000
        )

    def _spelt(self, text: str | None) -> str | None:
        if text is None or self._chance(0.5):
            return text
        return self.dice.choice((text.lower(), text.upper(), text.swapcase(), text.title()))

    def _moment(self) -> datetime:
        """In the tenant's zone: around a midnight, on a day of 23 or 25 hours, tomorrow, or whenever."""
        today = self.now.astimezone(self.zone).date()
        day = today - timedelta(days=self.dice.choice((0, 1, 6, 7, 28, 29, 30, 31, 59, 60, 61, -1, 89, 90)))
        if self._chance(0.4):
            day = today - timedelta(days=self.dice.randint(0, 120))
        changes = clock_changes(self.zone.key, today)
        if changes and self._chance(0.15):
            day = self.dice.choice(changes)
        clock = self.dice.choice((time(0), time(23, 59, 59, 999_999), time(1, 30), time(2, 30), time(12)))
        return datetime.combine(day, clock, self.zone).replace(fold=self.dice.randint(0, 1)).astimezone(UTC)

    def _day(self, moment: datetime | None) -> date | None:
        return moment.astimezone(self.zone).date() if moment else None


@cache
def clock_changes(zone: str, today: date) -> tuple[date, ...]:
    """The days of the last year that have 23, 25 or other than 24 hours."""
    tz, days = ZoneInfo(zone), (today - timedelta(days=n) for n in range(1, 366))
    return tuple(
        day
        for day in days
        if datetime.combine(day, time(0), tz).utcoffset()
        != datetime.combine(day + timedelta(days=1), time(0), tz).utcoffset()
    )


def generated(seed: int, tenants: int, now: datetime) -> Tables:
    """The rows of that many tenants, by table. Equal seeds and days give equal rows."""
    dice = random.Random(seed)
    tables: Tables = defaultdict(list)
    for number in range(tenants):
        shop = Shop(UUID(int=seed * 1_000_000 + number + 1), ZoneInfo(dice.choice(ZONES)), now, dice)
        for table, rows in shop.tables().items():
            tables[table] += rows
    return tables
