"""Invented records of MX Merchant, as its page shows them, and a way to read one into named columns."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sync_platform.core.content_hash import content_hash
from sync_platform.core.reject import Reject
from sync_platform.db.mx_tables import INVOICE_ITEMS, INVOICES, PAYMENTS
from sync_platform.transforms import mx_rows
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.loaded import Loaded
from sync_platform.transforms.mx_records import Invoice, InvoiceDetail, Payment

ZONE = ZoneInfo("America/New_York")

PAYMENT: dict[str, Any] = {
    "created": "2025-03-14T10:02:25.45Z", "paymentToken": "PEXAMPLE0000000000000000000000A1",
    "id": 4000000000000101, "creatorName": "RecurringBilling", "isDuplicate": False, "merchantId": 1000000001,
    "device": "MXMRCG01", "batch": "Z0001", "tenderType": "Card", "amount": "207",
    "cardAccount": {"cardType": "MasterCard", "last4": "4444", "token": "PEXAMPLE0000000000000000000000A1",
                    "hasContract": False, "cardPresent": False},
    "authOnly": False, "authCode": "012345", "status": "Approved", "risk": {}, "settledAmount": "0", "currency": "USD",
    "settledCurrency": "USD", "cardPresent": False, "authMessage": "Approved or completed successfully",
    "availableAuthAmount": "0", "reference": "507310000001", "tax": "8.24", "surchargeAmount": "7",
    "surchargeRate": "0.035", "surchargeLabel": "admin fee", "invoice": "2636", "customerCode": "05EXAMPLE001",
    "customerName": "Pat Sample", "clientReference": "2636", "refundedAmount": "0", "type": "Sale", "taxExempt": False,
    "reviewIndicator": 1, "source": "Recurring", "shouldGetCreditCardLevel": False, "responseCode": 0,
    "IssuerResponseCode": "00",
}  # fmt: skip

INVOICE: dict[str, Any] = {
    "id": 10299001, "merchantId": 1000000001, "type": "Sale", "receiptNumber": "05EXAMPLE0RCP", "invoiceNumber": 2636,
    "customerName": "Pat Sample", "isTaxExempt": False, "memo": "", "quantity": "2", "returnQuantity": "0",
    "returnStatus": "None", "totalAmount": "200", "subTotalAmount": "200", "discountAmount": "0", "balance": "0",
    "paidAmount": "200", "dueDate": "2025-03-14T04:00:00Z", "created": "2025-03-14T10:02:25.17Z",
    "invoiceDate": "2025-03-14T04:00:00Z", "sourceType": "Recurring", "status": "Paid", "terms": "Custom",
    "currency": "USD",
}  # fmt: skip

PURCHASES: list[dict[str, Any]] = [
    {"id": 9815001, "productId": 717001, "productName": "Monthly Plan", "description": "Monthly Plan", "quantity": 1,
     "quantityReturned": 0, "price": "175", "discountAmount": "0", "priceDiscountAmount": "0", "subTotalAmount": "175",
     "taxAmount": "0", "totalAmount": "175", "trackingNumber": 0, "created": "2025-03-14T10:02:25.17Z", "taxes": [],
     "discounts": [], "productVariant": {"id": 5, "name": "4 weeks"}},
    {"id": 9815002, "productName": "Lab Fee", "quantity": 1, "quantityReturned": 0, "price": "25",
     "discountAmount": "0", "priceDiscountAmount": "0", "subTotalAmount": "25", "taxAmount": "0", "totalAmount": "25",
     "trackingNumber": 0, "created": "2025-03-14T10:02:25.17Z", "taxes": [], "discounts": []},
]  # fmt: skip

DETAIL: dict[str, Any] = {
    **{name: value for name, value in INVOICE.items() if name not in ("customerName", "currency")},
    "dba": "EXAMPLE CLINIC", "email": "OFFICE@EXAMPLE.ORG", "accessCode": "3NEXMP", "saleQuantity": "2",
    "netQuantity": "2", "purchases": PURCHASES, "shippingLineItems": [], "discounts": [], "taxes": [],
    "customer": {"id": 43868001, "name": "Pat Sample"},
    "billingAddress": {"name": "Pat Sample", "address1": "1 Example Way", "zip": "20150"},
    "masterCardSecureCode": "0", "payments": [PAYMENT], "barCode": "iVBORw0KGgo=", "allowCreditCard": True,
    "allowACH": True, "isShippingSameAsBilling": False, "legacy": False,
}  # fmt: skip

PAYMENTS_DECODER = RecordDecoder(Payment, lambda record, digest: mx_rows.payment(record, digest, ZONE), numbered=True)
INVOICES_DECODER = RecordDecoder(
    Invoice, lambda record, digest: mx_rows.invoice_from_list(record, digest, ZONE), numbered=True
)
DETAILS_DECODER = RecordDecoder(
    InvoiceDetail,
    lambda record, digest, values: mx_rows.invoice_from_detail(record, digest, values, ZONE),
    whole=True,
    numbered=True,
)


def ms(text: str) -> int:
    """Epoch milliseconds of a time in ISO 8601."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def outcome(decoder: RecordDecoder[Any], record: dict[str, Any] | bytes) -> Loaded | Reject:
    """The one row or reject of a record."""
    raw = msgspec.Raw(record if isinstance(record, bytes) else msgspec.json.encode(record))
    rows, rejects = decoder.rows([raw], [content_hash(raw)])
    assert len(rows) + len(rejects) == 1
    return (rows or rejects)[0]


def payment(**changes: Any) -> dict[str, Any]:
    """Columns of a payment as the page shows it, with some fields otherwise; None leaves one out."""
    return _named(outcome(PAYMENTS_DECODER, with_changes(PAYMENT, changes)), PAYMENTS.names)


def invoice(**changes: Any) -> dict[str, Any]:
    """The same for an invoice in list form."""
    return _named(outcome(INVOICES_DECODER, with_changes(INVOICE, changes)), INVOICES.names)


def detail(**changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The same for an invoice in detail form, with the columns of its lines."""
    found = outcome(DETAILS_DECODER, with_changes(DETAIL, changes))
    assert isinstance(found, Loaded)
    lines = [dict(zip(INVOICE_ITEMS.names, line, strict=True)) for line in found.lines]
    return _named(found, INVOICES.names), lines


def with_changes(record: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy; None leaves a field out, as the vendor does with what does not apply."""
    return {name: value for name, value in {**record, **changes}.items() if value is not None}


def _named(found: Loaded | Reject, names: list[str]) -> dict[str, Any]:
    assert isinstance(found, Loaded), found
    # an invoice's row is followed by what is found out later: hash of the list's record, product, category
    return dict(zip(names[: len(found.row)], found.row, strict=True))
