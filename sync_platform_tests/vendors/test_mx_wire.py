"""The MX Merchant client against the stand-in, over real HTTP: what it sends is understood, what comes loads."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sync_platform.core.errors import CredentialsRejected, NotFound
from sync_platform.core.window import Window
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_endpoints import MxRules
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.transforms import mx_rows
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.drift import DriftDetector
from sync_platform.transforms.mx_catalogue import ALWAYS_SENT, FIELDS
from sync_platform.transforms.mx_records import Invoice, InvoiceDetail, Payment
from sync_platform.vendors.http import HttpLimits, VendorHttp
from sync_platform.vendors.mx_merchant import MxMerchantClient, MxOptions, mx_headers
from sync_platform_tests.sandbox.mx_clinic import clinic_spec, other_spec
from sync_platform_tests.vendors.mx_model import numbers
from sync_platform_tests.vendors.vendor_rig import Clock, CountingBreaker, FreeBudget, Observed

ZONE = ZoneInfo("America/New_York")


Connect = Callable[..., MxMerchantClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Clients that really call, and wait for nothing."""
    opened: list[VendorHttp] = []

    def connected(box: MxSandbox, merchant: Merchant, secret: str | None = None, merchant_id: int | None = None) -> Any:
        spec, clock = merchant.spec, Clock()
        http = VendorHttp(
            base_url=box.url,
            headers=mx_headers(spec.consumer_key, secret or spec.consumer_secret),
            allowed_hosts=frozenset({"127.0.0.1"}),
            limits=HttpLimits(),
            budget=FreeBudget(clock),
            breaker=CountingBreaker(clock, 1000),
            observe=Observed([]),
            clock=time.monotonic,
            sleep=clock.sleep,
            wall_clock=lambda: datetime.now(UTC),
            rng=random.Random(1),
        )
        opened.append(http)
        return MxMerchantClient(http, MxOptions(), merchant_id or spec.merchant_id)

    yield connected
    for http in opened:
        http.close()


@pytest.fixture
def clinic() -> Merchant:
    return build_merchant(clinic_spec(payments=230))


@pytest.fixture
def box(clinic: Merchant) -> Iterator[MxSandbox]:
    with MxSandbox([clinic, build_merchant(other_spec())], clock=lambda: clinic.spec.now_ms / 1000) as server:
        yield server


def truth(clinic: Merchant, entity: str) -> list[int]:
    return sorted(record["id"] for record in clinic.truth(entity))


def test_everything_is_read_in_a_call_a_hundred(connect: Connect, box: MxSandbox, clinic: Merchant) -> None:
    """MX-02, MX-03, MX-08: counted by the stand-in's own journal."""
    client = connect(box, clinic)
    assert sorted(numbers(client.payments())) == truth(clinic, "payments")
    assert len(box.journal.entries()) == 3
    assert sorted(numbers(client.invoices())) == truth(clinic, "invoices")
    assert client.merchant()["id"] == clinic.spec.merchant_id
    assert list(client.contracts())[-1].complete


@pytest.mark.parametrize("rules", [MxRules(), MxRules(date_filter=False), MxRules(page_cap=7)])
def test_a_day_is_the_same_whatever_the_source_makes_of_dates_and_limits(
    connect: Connect, clinic: Merchant, rules: MxRules
) -> None:
    """MX-03, vendor page sections 2 and 3: filter and largest page are unverified."""
    day = Window.of_days(clinic.spec.first_day, clinic.spec.first_day, ZONE)
    with MxSandbox([clinic], rules=rules) as server:
        found = numbers(connect(server, clinic).payments(day))
    created = {record["id"]: datetime.fromisoformat(record["created"]) for record in clinic.truth("payments")}
    assert sorted(found) == sorted(key for key, at in created.items() if day.start <= at < day.end)
    assert found


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="duplicate_page", after=1, times=1),
        Fault(kind="shifted_page", rows=30, after=1, times=1),
        Fault(kind="missing_row", rows=5, times=1),
        Fault(kind="short_page", rows=0, after=1, times=1),
        Fault(kind="short_page", rows=40, every=2),
        Fault(kind="long_page", rows=50, every=2),
        Fault(kind="wrong_total", total=0),
        Fault(kind="wrong_total", total=1_000_000),
        Fault(kind="wrong_total", total=None),
        Fault(kind="truncated", every=3),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.rows}-{fault.total}",
)
def test_faulty_pages_lose_nothing(connect: Connect, box: MxSandbox, clinic: Merchant, fault: Fault) -> None:
    """F-26, I3: in one reading already."""
    box.faults.add(fault)
    assert set(numbers(connect(box, clinic).payments())) == set(truth(clinic, "payments"))


def test_every_record_loads_and_none_has_drift(connect: Connect, box: MxSandbox, clinic: Merchant) -> None:
    """Section 16, SYS-17: every record matches its model, in both forms, and every field of a model occurs."""
    client = connect(box, clinic)
    forms: list[tuple[str, type[msgspec.Struct], Callable[..., Any], list[msgspec.Raw]]] = [
        ("payments", Payment, mx_rows.payment, [raw for page in client.payments() for raw in page.records]),
        ("invoices", Invoice, mx_rows.invoice_from_list, [raw for page in client.invoices() for raw in page.records]),
        ("payments", Payment, mx_rows.payment, [client.payment(key) for key in truth(clinic, "payments")]),
        (
            "invoice_details",
            InvoiceDetail,
            mx_rows.invoice_from_detail,
            [client.invoice(key) for key in truth(clinic, "invoices")],
        ),
    ]
    for kind, record_type, to_row, records in forms:
        whole = record_type is InvoiceDetail
        decoder = RecordDecoder(record_type, lambda *came, to_row=to_row: to_row(*came, zone=ZONE), whole=whole)
        rows, rejects = decoder.rows(records, [bytes(16)] * len(records))
        assert (len(rows), rejects) == (len(records), [])
        assert DriftDetector(FIELDS[kind], record_type, ALWAYS_SENT[kind]).sample(records, len(records)) == []
    # what the list alone says; what a caller may give a payment, and none here does
    unseen: dict[type[msgspec.Struct], set[str]] = {
        Payment: {"replayId"},
        Invoice: set(),
        InvoiceDetail: {"customerNumber", "currency"},
    }
    for record_type, never in unseen.items():
        fields = {field.encode_name for field in msgspec.structs.fields(record_type)}
        seen = {name for _, kind, _, records in forms if kind is record_type for raw in records for name in _names(raw)}
        assert fields - seen <= never, record_type


def test_another_merchants_records_are_not_found(connect: Connect, box: MxSandbox, clinic: Merchant) -> None:
    """F-42, trap 4: and an unknown id neither; the key is not blamed for it."""
    other = box.merchant(other_spec().name)
    client = connect(box, clinic)
    for read, entity in ((client.payment, "payments"), (client.invoice, "invoices")):
        for key in (truth(other, entity)[0], 2**62):
            with pytest.raises(NotFound):
                read(key)
    with pytest.raises(CredentialsRejected):
        list(connect(box, clinic, "another-secret").payments())
    with pytest.raises(CredentialsRejected):
        list(connect(box, clinic, merchant_id=other.spec.merchant_id).payments())


def test_notifications_are_registered_once_listed_and_removed(
    connect: Connect, box: MxSandbox, clinic: Merchant
) -> None:
    """MX-20."""
    client, url = connect(box, clinic), "https://sync.example.org/webhooks/mx-merchant/invented-token-0001"
    assert [client.register(event, url) for event in ("PaymentSuccess", "RefundCreated", "PaymentSuccess")] == [
        True,
        True,
        False,
    ]
    found = client.notifications()
    assert sorted(item.event_type or "" for item in found) == ["PaymentSuccess", "RefundCreated"]
    assert {item.callback_url for item in found} == {url}
    assert [client.remove(found[0].id), client.remove(found[0].id)] == [True, False]
    assert len(client.notifications()) == 1


def _names(raw: msgspec.Raw) -> list[str]:
    return list(msgspec.json.decode(raw, type=dict[str, Any]))
