"""A clinic as the tests use it: its stand-in, its tenant, and short ways to sync and to look at the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.sandbox.mx_endpoints import MxRules
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sync.mx_merchant import sync_mx_merchant
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import EntityReport, OnProgress, SyncRequest, SyncResult, no_progress
from sync_platform_tests.sync.conftest import NOW, TODAY, TestClock
from sync_platform_tests.sync.syncing import calls_since, last_days, rows

DAYS = 10
TABLES = ("payments", "invoices", "invoice_items")


def clinic_spec(name: str = "oak-clinic", merchant_id: int = 1000000001, **values: Any) -> MxSpec:
    """Ten days of a small clinic up to now."""
    fields: dict[str, Any] = {
        "name": name,
        "merchant_id": merchant_id,
        "consumer_key": f"{name}-consumer-key",
        "consumer_secret": f"{name}-consumer-secret",
        "zone": "America/New_York",
        "seed": 5,
        "now": NOW,
        "first_day": TODAY - timedelta(days=DAYS - 1),
        "days": DAYS,
    }
    return MxSpec(**(fields | values))


def serve(merchants: Sequence[Merchant], clock: TestClock, rules: MxRules | None = None) -> MxSandbox:
    """A server to be entered."""
    return MxSandbox(merchants, rules=rules, clock=clock.epoch)


def connect_merchant(platform: Platform, tenant: Tenant, server: MxSandbox, merchant: Merchant) -> None:
    """Give the tenant the merchant's keys."""
    set_credential(
        platform.database,
        platform.keyring,
        tenant.id,
        source="mx_merchant",
        environment="sandbox",
        account=str(merchant.spec.merchant_id),
        secrets={"consumer_key": merchant.spec.consumer_key, "consumer_secret": merchant.spec.consumer_secret},
        settings={"base_url": server.url},
    )


@dataclass(frozen=True)
class Clinic:
    """``calls`` and the like are the journal's, not our own."""

    platform: Platform
    tenant: Tenant
    server: MxSandbox
    merchant: Merchant

    def request(self, days: int = DAYS + 2, **values: Any) -> SyncRequest:
        """The last days up to today, by hand."""
        today = self.platform.clock().astimezone(self.tenant.zone).date()
        asked = () if values.get("newest") or values.get("mode") == "emergency" else (last_days(today, days),)
        fields: dict[str, Any] = {"days": asked, "kind": "manual", "actor": "test"}
        return SyncRequest(self.tenant, "payments", source="mx_merchant", **(fields | values))

    def sync(
        self, days: int = DAYS + 2, *, on: Platform | None = None, watch: OnProgress = no_progress, **values: Any
    ) -> SyncResult:
        """One run."""
        return sync_mx_merchant(on or self.platform, self.request(days, **values), watch)

    def calls(self) -> dict[str, int]:
        """Requests since the last time this was asked, by endpoint."""
        return calls_since(self.server.journal)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Rows of a query under the tenant."""
        return rows(self.platform.database, self.tenant, statement, *values)

    def links(self) -> dict[int, int]:
        """Linked payments, as the tables have it."""
        return dict(self.rows("select payment_id, invoice_id from mx_merchant.payments where has_invoice"))

    def versions(self) -> list[Any]:
        """Which transaction wrote each row last: equal before and after means that nothing was written."""
        return [self.rows(f"select ctid::text, xmin::text from mx_merchant.{table} order by 1") for table in TABLES]


def report(result: SyncResult, entity: str = "payments") -> EntityReport:
    """The ledger row of an entity."""
    [found] = [row for row in result.reports if row.entity == entity]
    return found
