"""The field map of MX Merchant (MX-04, MX-09): one typed record in, one tuple per table out.

The order of a tuple is the order of the columns in ``sync_platform.db.mx_tables``. Times are epoch milliseconds here
and become timestamptz in the database, exactly. What links a payment to an invoice is not in its row: a list sync can
never reset a link.
"""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sync_platform.transforms.kept import NEVER_KEPT, WHOLE, kept
from sync_platform.transforms.loaded import Loaded, Row
from sync_platform.transforms.mx_records import Invoice, InvoiceDetail, Payment, Purchase
from sync_platform.transforms.values import ValueRejected, iso_ms, money, text

# of the detail of an invoice: what is stored elsewhere, is the merchant's own, or is nobody's business here
NOT_IN_RAW_DATA = NEVER_KEPT | {"payments", "email", "billingAddress", "shippingAddress"}

_encode = msgspec.json.Encoder(decimal_format="number").encode


def payment(record: Payment, content_hash: str, zone: ZoneInfo) -> Loaded:
    """MX-04: every payment, of any type and status. ``zone`` is the tenant's: ``settledDate`` has none (trap 7)."""
    created = _created(record.created, zone)
    settled, assumed = iso_ms(record.settled_date, "settledDate", zone)
    card = record.card_account
    row = (
        record.id,
        record.merchant_id,
        created,
        text(record.type),
        text(record.status),
        text(record.tender_type),
        money(record.amount, "amount"),
        money(record.tax, "tax"),
        money(record.surcharge_amount, "surchargeAmount"),
        money(record.surcharge_rate, "surchargeRate"),
        text(record.surcharge_label),
        money(record.settled_amount, "settledAmount"),
        money(record.available_auth_amount, "availableAuthAmount"),
        money(record.refunded_amount, "refundedAmount"),
        text(record.currency),
        text(record.settled_currency),
        settled,
        assumed if settled is not None else None,  # kept together with the time it is about
        text(card.card_type) if card else None,
        _last_four(card.last4) if card else None,
        record.card_present if record.card_present is not None or card is None else card.card_present,
        record.auth_only,
        text(record.auth_code),
        text(record.auth_message),
        record.response_code,
        text(record.issuer_response_code),
        text(record.reference),
        invoice_reference(record),
        text(record.client_reference),
        text(record.customer_code),
        text(record.customer_name),
        text(record.creator_name),
        text(record.source),
        record.original_id,
        record.replay_id,
        text(record.batch),
        record.is_duplicate,
        record.review_indicator,
        created,
        content_hash,
        created,
    )
    return Loaded(str(record.id), created, row, [])


def invoice_reference(record: Payment) -> str | None:
    """The raw text in a payment's ``invoice``: a reference, not proof of an invoice (MX-05, trap 2)."""
    return text(str(record.invoice)) if record.invoice is not None else None


def invoice_from_list(record: Invoice, content_hash: str, zone: ZoneInfo) -> Loaded:
    """An invoice without its lines. What only the detail has is null, and does not overwrite what is stored."""
    return _invoice(record, content_hash, zone, None, record.customer_name, None, None, [])


def invoice_from_detail(record: InvoiceDetail, content_hash: str, values: Any, zone: ZoneInfo) -> Loaded:
    """MX-09: an invoice with its lines, and ``raw_data`` as JSON text. ``values`` is the record as it came."""
    lines = [line(purchase, record, n, zone) for n, purchase in enumerate(record.purchases or (), 1)]
    customer = record.customer
    return _invoice(
        record,
        content_hash,
        zone,
        customer.id if customer else None,
        customer.name if customer else None,
        len(lines),
        raw_data(values),
        lines,
    )


def line(purchase: Purchase, invoice: InvoiceDetail, line_no: int, zone: ZoneInfo) -> Row:
    """A purchase, in the order in which the invoice lists it."""
    return (
        invoice.id,
        purchase.id,
        line_no,
        purchase.product_id,
        text(purchase.product_name),
        text(purchase.description),
        money(purchase.quantity, "purchases.quantity"),
        money(purchase.quantity_returned, "purchases.quantityReturned"),
        money(purchase.price, "purchases.price"),
        money(purchase.sub_total_amount, "purchases.subTotalAmount"),
        money(purchase.discount_amount, "purchases.discountAmount"),
        money(purchase.price_discount_amount, "purchases.priceDiscountAmount"),
        money(purchase.tax_amount, "purchases.taxAmount"),
        money(purchase.total_amount, "purchases.totalAmount"),
        text(purchase.product_variant.name) if purchase.product_variant else None,
        iso_ms(purchase.created, "purchases.created", zone)[0],
        _created(invoice.created, zone),
    )


def raw_data(values: Any) -> str:
    """The detail of an invoice as JSON text, ``purchases`` whole, without what is never kept (SYS-13)."""
    return _encode(kept(values, NOT_IN_RAW_DATA, WHOLE)).decode()


def _invoice(
    record: Invoice | InvoiceDetail,
    content_hash: str,
    zone: ZoneInfo,
    customer_id: int | None,
    customer_name: str | None,
    purchase_count: int | None,
    raw: str | None,
    lines: list[Row],
) -> Loaded:
    created = _created(record.created, zone)
    row = (
        record.id,
        record.merchant_id,
        record.invoice_number,
        text(record.type),
        text(record.status),
        text(record.receipt_number),
        customer_id,
        text(customer_name),
        text(record.customer_number),
        text(record.memo),
        money(record.quantity, "quantity"),
        money(record.return_quantity, "returnQuantity"),
        text(record.return_status),
        money(record.total_amount, "totalAmount"),
        money(record.sub_total_amount, "subTotalAmount"),
        money(record.discount_amount, "discountAmount"),
        money(record.tax_amount, "taxAmount"),
        money(record.balance, "balance"),
        money(record.paid_amount, "paidAmount"),
        iso_ms(record.due_date, "dueDate", zone)[0],
        iso_ms(record.invoice_date, "invoiceDate", zone)[0],
        created,
        text(record.source_type),
        text(record.terms),
        text(record.currency),
        record.is_tax_exempt,
        purchase_count,
        created,
        raw,
        content_hash,
        created,
    )
    return Loaded(str(record.id), created, row, lines)


def _created(value: str, zone: ZoneInfo) -> int:
    found, _ = iso_ms(value, "created", zone)
    if found is None:
        raise ValueRejected("missing_required", "created", "created is blank; the source has to date its records")
    return found


def _last_four(value: str | None) -> str | None:
    found = text(value)
    return found.strip()[-4:] if found else None
