"""A tenant's books, written by hand: a few customers and receipts, in staging and in production alike."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from sync_platform_tests.db.derived_shops import STAGING_REST, Tables
from sync_platform_tests.db.derived_store import copy_in


class Books:
    """Collects rows; ``close`` writes them."""

    def __init__(
        self,
        administrator: psycopg.Connection,
        *,
        zone: str = "America/Los_Angeles",
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.tenant_id, self.zone = uuid.uuid4(), ZoneInfo(zone)
        self._administrator = administrator
        slug = f"shop-{self.tenant_id.hex[:12]}"
        tenant = {"id": self.tenant_id, "slug": slug, "name": slug, "zone": zone, "country": "US"}
        self._tables: Tables = {"platform.tenants": [{**tenant, "settings": settings or {}}]}

    def customer(self, member: str, last_visited: datetime | None = None) -> None:
        """In both schemas."""
        row = {"tenant_id": self.tenant_id, "member_id": member, "last_visited": last_visited}
        self._add("customers", row, {})

    def receipt(
        self,
        customer: str,
        amount: Decimal | str | None = "10",
        *,
        date: datetime | None = None,
        kind: str = "Sale",
        status: str = "Completed",
        shop: str | None = "s1",
        tax: Decimal | str | None = None,
        refunded: Decimal | str | None = None,
    ) -> None:
        """In both schemas, with all fields promoted."""
        row = {
            "tenant_id": self.tenant_id,
            "transaction_id": f"t{len(self._tables.get('blaze.transactions', ()))}",
            "customer_id": customer,
            "date": date,
            "shop_id": shop,
            "total_amount": amount,
            "total_tax": tax,
            "refunded_amount": refunded,
            "blaze_status": status,
            "trans_type": kind,
        }
        day = date.astimezone(self.zone).date() if date else None
        self._add("transactions", row, {"business_day": day, "line_count": 0})

    def sale(self, customer: str, amount: str = "10", *, shop: str = "s1", days_ago: int = 0) -> None:
        """A counted sale at noon, so many days ago by the tenant's calendar."""
        self.receipt(customer, amount, date=self.noon(days_ago), shop=shop)

    def noon(self, days_ago: int) -> datetime:
        """Of a day of the tenant."""
        today = datetime.now(UTC).astimezone(self.zone)
        return datetime.fromordinal(today.toordinal() - days_ago).replace(hour=12, tzinfo=self.zone)

    def close(self) -> None:
        """Write all rows."""
        copy_in(self._administrator, self._tables)

    def _add(self, table: str, row: dict[str, Any], staged: dict[str, Any]) -> None:
        self._tables.setdefault(f"blaze.{table}", []).append({**row, **staged, **STAGING_REST})
        self._tables.setdefault(f"public.{table}", []).append({**row, "origin": "blaze"})
