"""The field map of MX Merchant a second time, and whether the tables hold what merchants have (MX-04 to MX-11).

Nothing of the platform's transforms is used here: agreement of two implementations is the proof.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.mx_merchant import Merchant

Record = dict[str, Any]
Rows = dict[tuple[int, ...], Record]

KEYS = {
    "payments": ("payment_id",),
    "invoices": ("invoice_id",),
    "invoice_items": ("invoice_id", "purchase_id"),
}
NEVER_KEPT = {"barCode", "payments", "email", "accessCode", "billingAddress", "shippingAddress"}
# of the detail of an invoice, or of the list alone: what the other one does not say
DETAIL_ONLY = ("customer_id", "purchase_count")
LIST_ONLY = ("currency",)

_TEXTS = {
    "type": "type", "status": "status", "tenderType": "tender_type", "surchargeLabel": "surcharge_label",
    "currency": "currency", "settledCurrency": "settled_currency", "authCode": "auth_code",
    "authMessage": "auth_message", "IssuerResponseCode": "issuer_response_code", "reference": "reference",
    "invoice": "invoice_reference", "clientReference": "client_reference", "customerCode": "customer_code",
    "customerName": "customer_name", "creatorName": "creator_name", "source": "source", "batch": "batch",
}  # fmt: skip
_MONEY = {
    "amount": "amount", "tax": "tax", "surchargeAmount": "surcharge_amount", "surchargeRate": "surcharge_rate",
    "settledAmount": "settled_amount", "availableAuthAmount": "available_auth_amount",
    "refundedAmount": "refunded_amount",
}  # fmt: skip
_AS_THEY_ARE = {
    "id": "payment_id", "merchantId": "merchant_id", "cardPresent": "card_present", "authOnly": "auth_only",
    "isDuplicate": "is_duplicate", "responseCode": "response_code", "originalId": "original_id",
    "replayId": "replay_id", "reviewIndicator": "review_indicator",
}  # fmt: skip
_BILLED_TEXTS = {
    "type": "type", "status": "status", "receiptNumber": "receipt_number", "customerName": "customer_name",
    "customerNumber": "customer_number", "memo": "memo", "returnStatus": "return_status", "sourceType": "source_type",
    "terms": "terms", "currency": "currency",
}  # fmt: skip
_BILLED_MONEY = {
    "quantity": "quantity", "returnQuantity": "return_quantity", "totalAmount": "total_amount",
    "subTotalAmount": "subtotal_amount", "discountAmount": "discount_amount", "taxAmount": "tax_amount",
    "balance": "balance", "paidAmount": "paid_amount",
}  # fmt: skip
_LINE_MONEY = {
    "quantity": "quantity", "quantityReturned": "quantity_returned", "price": "price",
    "subTotalAmount": "subtotal_amount", "discountAmount": "discount_amount",
    "priceDiscountAmount": "price_discount_amount", "taxAmount": "tax_amount", "totalAmount": "total_amount",
}  # fmt: skip


def words(value: Any) -> str | None:
    cleaned = unicodedata.normalize("NFC", (value or "").replace("\x00", ""))
    return cleaned if cleaned.strip() else None


def amount(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))


def moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """To the millisecond. What says no zone is meant in the tenant's (trap 7)."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def payment(record: Record, zone: ZoneInfo) -> Record:
    """The row of a payment, without what it leads to."""
    created, card = moment(record["created"], zone), record.get("cardAccount", {})
    assert created is not None
    return (
        {column: words(record.get(name)) for name, column in _TEXTS.items()}
        | {column: amount(record.get(name)) for name, column in _MONEY.items()}
        | {column: record.get(name) for name, column in _AS_THEY_ARE.items()}
        | {"created": created, "source_modified_at": created, "business_day": created.astimezone(zone).date()}
        | {"settled_date": moment(record.get("settledDate"), zone), "zone_assumed": "settledDate" in record or None}
        | {"card_type": card.get("cardType"), "card_last4": card.get("last4"), "deleted_at": None}
    )


def invoice(record: Record, zone: ZoneInfo) -> Record:
    """The row of an invoice, without what its lines lead to."""
    created = moment(record["created"], zone)
    assert created is not None
    return (
        {column: words(record.get(name)) for name, column in _BILLED_TEXTS.items()}
        | {column: amount(record.get(name)) for name, column in _BILLED_MONEY.items()}
        | {"invoice_id": record["id"], "merchant_id": record["merchantId"], "invoice_number": record["invoiceNumber"]}
        | {"created": created, "source_modified_at": created, "business_day": created.astimezone(zone).date()}
        | {"due_date": moment(record["dueDate"], zone), "invoice_date": moment(record["invoiceDate"], zone)}
        | {"customer_id": record["customer"]["id"], "purchase_count": len(record["purchases"])}
        | {"is_tax_exempt": record["isTaxExempt"], "deleted_at": None}
    )


def lines(record: Record, zone: ZoneInfo) -> Iterator[Record]:
    """The rows of an invoice's lines."""
    for number, line in enumerate(record["purchases"], 1):
        yield {column: amount(line.get(name)) for name, column in _LINE_MONEY.items()} | {
            "invoice_id": record["id"], "purchase_id": line["id"], "line_no": number,
            "product_id": line.get("productId"), "product_name": words(line.get("productName")),
            "description": words(line.get("description")), "created": moment(line["created"], zone),
            "product_variant": words(line.get("productVariant", {}).get("name")), "deleted_at": None,
        }  # fmt: skip


def leads_to(record: Record | None) -> Record:
    """Product and category of an invoice (MX-10); no tenant of the tests that use this has rules of its own."""
    best: Record | None = None
    for line in record["purchases"] if record else ():
        kept = Decimal(str(line["quantityReturned"])) == 0 or line["quantityReturned"] < line["quantity"]
        if kept and (best is None or Decimal(line["totalAmount"]) > Decimal(best["totalAmount"])):
            best = line
    product = {"primary_product_id": best.get("productId"), "primary_product": best["productName"]} if best else {}
    nothing: Record = {"primary_product_id": None, "primary_product": None, "category": None}
    return nothing | product | ({"category": "Uncategorized"} if best else {})


def stored(database: Database, tenant: Tenant, table: str) -> Rows:
    """All columns of all rows."""
    with database.transaction(tenant.id) as conn:
        found = conn.cursor(row_factory=dict_row).execute(f"select * from mx_merchant.{table}").fetchall()  # type: ignore[arg-type]
    return {tuple(row[key] for key in KEYS[table]): row for row in found}


def assert_merchants_stored(
    database: Database,
    tenant: Tenant,
    merchants: Sequence[Merchant],
    *,
    only_payments: bool = False,
    unsaid: Iterable[str] = (),
) -> None:
    """Every payment of the merchants, with its invoice and what that leads to, and no other; of the linked invoices
    every detail and line; of the others that are stored what the list says (I2, I3).

    ``only_payments``: what the stored invoices say may be older than what the merchants have (MX-07). ``unsaid`` are
    columns of payments that nothing that was read has told.
    """
    zone = ZoneInfo(tenant.zone_name)
    bills = {record["id"]: record for merchant in merchants for record in merchant.truth("invoices")}
    links = {paid: bill for merchant in merchants for paid, bill in merchant.links().items()}
    payments: Rows = {}
    for merchant in merchants:
        for record in merchant.truth("payments"):
            bill = links.get(record["id"])
            linked = {"invoice_id": bill, "has_invoice": bill is not None}
            if not only_payments:
                linked |= leads_to(bills[bill] if bill else None)
            row = payment(record, zone) | linked
            payments[(record["id"],)] = {name: value for name, value in row.items() if name not in unsaid}
    _compare("payments", payments, stored(database, tenant, "payments"), exact=True)
    have = stored(database, tenant, "invoices")
    detailed = {key[0] for key, row in have.items() if row["raw_data"] is not None}
    assert set(links.values()) <= detailed, "details of linked invoices are missing"
    if only_payments:
        return
    expected: Rows = {}
    for key, row in have.items():
        assert key[0] in bills, f"invoice {key[0]} is nobody's"
        wanted = invoice(bills[key[0]], zone)
        unsaid = () if key[0] in detailed else DETAIL_ONLY
        unsaid += () if row["list_hash"] is not None else LIST_ONLY
        wanted |= leads_to(bills[key[0]]) if key[0] in detailed else leads_to(None)
        expected[key] = wanted | dict.fromkeys(unsaid)
        if key[0] in detailed:
            assert not NEVER_KEPT & set(row["raw_data"])
            assert row["raw_data"]["purchases"] == bills[key[0]]["purchases"]
    _compare("invoices", expected, have, exact=True)
    items = {(row["invoice_id"], row["purchase_id"]): row for key in detailed for row in lines(bills[key], zone)}
    _compare("invoice_items", items, stored(database, tenant, "invoice_items"), exact=False)


def _compare(table: str, wanted: Rows, have: Mapping[tuple[int, ...], Record], *, exact: bool) -> None:
    """``exact``: nothing else is there, not even marked as deleted."""
    assert not (missing := wanted.keys() - have.keys()), f"{table}: {len(missing)} missing, as {sorted(missing)[:3]}"
    more = [key for key in have.keys() - wanted.keys() if exact or have[key]["deleted_at"] is None]
    assert not more, f"{table}: {len(more)} rows are not the source's, such as {sorted(more)[:3]}"
    wrong = [text for key, row in wanted.items() for text in _differences(key, row, have[key])]
    assert not wrong, f"{table}: {len(wrong)} values differ, such as {wrong[:5]}"


def _differences(key: tuple[int, ...], wanted: Record, have: Record) -> Iterable[str]:
    for name, value in wanted.items():
        if have[name] != value:
            yield f"{key} {name}: {have[name]!r}, expected {value!r}"
