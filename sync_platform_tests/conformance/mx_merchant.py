"""MX Merchant under the conformance suite: payments, which bring invoices and their items."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts, set_credential
from sync_platform.db.mx_tables import INVOICE_ITEMS, INVOICES, PAYMENTS
from sync_platform.db.target import Target
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.settings import MxMerchantSettings
from sync_platform.sync.mx_accounts import check_merchant, check_merchant_entities
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.mx_merchant import sync_mx_merchant
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, SyncResult
from sync_platform.transforms.mx_records import Payment
from sync_platform_tests.conformance.faulty import FaultyStandIn
from sync_platform_tests.conformance.source import (
    DAYS,
    Brought,
    EntityUnderTest,
    Failure,
    Field,
    Overrides,
    Record,
    StandIn,
)
from sync_platform_tests.sync.mx_merchant.clinic import clinic_spec
from sync_platform_tests.sync.mx_truth import assert_merchants_stored

LIST = "/payment"
GENERATED = frozenset({"synced_at"})
NOTED = frozenset({"data_sent_at", "data_sent_by"})  # by people (TEN-26)
LINKED = frozenset(
    {"invoice_number", "invoice_ids", "invoice_id", "has_invoice", "primary_product_id", "primary_product", "category"}
)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


SETTLED = (
    (None, None),
    ("", None),
    ("0001-01-01T00:00:00", None),  # how some services write "no time"
    ("1970-01-01T00:00:00Z", 0),
    ("1969-12-31T23:59:59.999Z", -1),
    ("2000-02-29T00:00:00.123Z", 951_782_400_123),
    ("2026-11-14T10:02:25.4Z", ms("2026-11-14T10:02:25.400+00:00")),
    ("2026-11-14T10:02:25+05:30", ms("2026-11-14T04:32:25+00:00")),
    ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    # no zone: the tenant's, in winter, in summer, in the hour that is twice, in the one that is not (trap 7)
    ("2026-01-15T12:00:00.05", ms("2026-01-15T17:00:00.050+00:00")),
    ("2026-07-01T12:00:00", ms("2026-07-01T16:00:00+00:00")),
    ("2026-11-01T01:30:00", ms("2026-11-01T05:30:00+00:00")),
    ("2026-03-08T02:30:00", ms("2026-03-08T07:30:00+00:00")),
)
WHOLE = ((0, 0), (-1, -1), (2**31 - 1, 2**31 - 1), (-(2**31), -(2**31)), (None, None), ("17", 17), ("", None))
PAYMENT = EntityUnderTest(
    "payments",
    PAYMENTS,
    Payment,
    (
        Field("customerName", "customer_name", "text"),
        Field("isDuplicate", "is_duplicate", "flag"),
        Field("reviewIndicator", "review_indicator", "integer", WHOLE, ("many", 1.5, 2**31, -(2**31) - 1)),
        Field("originalId", "original_id", "bigint"),
        Field("tax", "tax", "money"),
        Field("settledDate", "settled_date", "time", SETTLED, ("yesterday", 5, "2026-02-30T00:00:00Z", "2026-02-03")),
    ),
    # there is no time of change: a content hash tells what is new
    required=("id", "created", "merchantId"),
    # as floats all three are one
    keys=("9007199254740993", "9007199254740992", "9007199254740994"),
    odd_keys=("1", "2", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775806"),
    beside=LINKED | GENERATED,
    brings=(Brought(INVOICES, GENERATED | NOTED), Brought(INVOICE_ITEMS, GENERATED)),
    rare=frozenset({"invoiceIds"}),  # in the detail only (trap 3)
)


class ClinicStandIn(FaultyStandIn):
    """A clinic behind the sandbox."""

    def __init__(self, merchant: Merchant, server: MxSandbox) -> None:
        super().__init__(server.faults, {"payments": LIST}, {"payments": "responseCode"})
        self.merchant, self.server, self.zone = merchant, server, merchant.spec.zone

    def records(self, entity: str) -> dict[str, Record]:
        return {str(record["id"]): record for record in self.merchant.truth(entity)}

    def add(self, entity: str, key: str | None = None) -> str:
        made = str(self.merchant.add_sale()["id"])
        if key is not None:
            self.rename(entity, made, key)
        return key or made

    def change(self, entity: str, key: str, fields: Mapping[str, Any]) -> None:
        self.merchant.publish("payments", self.records(entity)[key] | fields)

    def remove(self, entity: str, key: str) -> None:
        self.merchant.erase("payments", key)

    def rename(self, entity: str, key: str, new: str) -> None:
        record, invoice = self.records(entity)[key], self.merchant.links().get(int(key))
        self.remove(entity, key)
        self.merchant.publish("payments", record | {"id": int(new)})
        self.merchant.link(int(new), invoice)

    def clear(self) -> None:
        for key in self.records("payments"):
            self.remove("payments", key)

    def deny(self, entity: str) -> None:
        self.merchant.denied |= {LIST}

    def requests(self, entity: str) -> int:
        return self.server.journal.count(endpoint=LIST)

    def assert_stored(self, platform: Platform, tenant: Tenant, entity: str) -> None:
        assert_merchants_stored(platform.database, tenant, [self.merchant])


class MxMerchant:
    """The clinics' payments. Nothing of it can be asked for by itself but payments."""

    def __init__(self) -> None:
        self.name: str = SOURCE
        self.account = "1000000001"
        self.checked = frozenset({"payments", "invoices"})
        self.entities: tuple[EntityUnderTest, ...] = (PAYMENT,)
        self.settings: type[BaseModel] = MxMerchantSettings
        self.secrets = frozenset({"consumer_key", "consumer_secret"})
        self.days = DAYS
        self.refusals: Mapping[Failure, type[SyncError]] = {}
        self.beside: Mapping[str, dict[str, Any]] = {}
        self.small_pages: Overrides = {"mx_merchant": {"page_size": 7, "calls_per_second": 1000}}
        self.other_settings: tuple[Overrides, ...] = (
            {"mx_merchant": {"page_size": 3}},
            {"mx_merchant": {"page_size": 50}},
            {"mx_merchant": {"date_filter": False}},
            {"mx_merchant": {"overlap_hours": 1, "date_margin_hours": 24}},
            {"mx_merchant": {"strategy": "by_ids", "detail_workers": 1, "details_per_transaction": 2}},
        )

    @contextmanager
    def stand_in(self, clock: Callable[[], float]) -> Iterator[StandIn]:
        now = datetime.fromtimestamp(clock(), UTC)
        first_day = now.date() - timedelta(days=3)
        spec = clinic_spec(
            merchant_id=int(self.account), now=now, first_day=first_day, days=4, payments=44, invoices=20
        )
        merchant = build_merchant(spec, clock=clock)
        # so small a history may be without one
        sold = next(one for one in merchant.truth("payments") if (one["type"], one["status"]) == ("Sale", "Settled"))
        merchant.refund(sold["id"], amount="1")
        with MxSandbox([merchant], clock=clock) as server:
            yield ClinicStandIn(merchant, server)

    def connect(self, platform: Platform, tenant: Tenant, stand_in: StandIn, *, right_keys: bool = True) -> None:
        assert isinstance(stand_in, ClinicStandIn)
        spec = stand_in.merchant.spec
        set_credential(
            platform.database,
            platform.keyring,
            tenant.id,
            source=SOURCE,
            environment="sandbox",
            account=self.account,
            secrets={
                "consumer_key": spec.consumer_key,
                "consumer_secret": spec.consumer_secret if right_keys else "invented-consumer-secret",
            },
            settings={"base_url": stand_in.server.url},
        )

    def check(self, platform: Platform, tenant: Tenant) -> list[str]:
        [account] = accounts(platform.database, tenant.id, SOURCE)
        check_merchant(platform, tenant, account)
        return check_merchant_entities(platform, account)

    def sync(self, platform: Platform, request: SyncRequest, on_progress: OnProgress) -> SyncResult:
        return sync_mx_merchant(platform, request, on_progress)

    def command(self, tenant: Tenant, entity: str) -> list[str]:
        return ["sync", "mx_merchant", "--tenant", tenant.slug, "--days", "30", "--json"]

    def discovered(self) -> dict[str, Target]:
        return {"payments": PAYMENTS}
