"""The field map of MX Merchant: each value where it belongs, exactly; what is missing stays missing."""

import json
from decimal import Decimal
from typing import Any

import pytest

from sync_platform.db.mx_tables import INVOICE_ITEMS, INVOICES, PAYMENTS
from sync_platform.transforms.loaded import Loaded
from sync_platform_tests.transforms.mx_samples import (
    DETAIL,
    DETAILS_DECODER,
    PURCHASES,
    detail,
    invoice,
    ms,
    outcome,
    payment,
)


def test_a_payment_fills_its_columns() -> None:
    """MX-04, the field table of section 5."""
    row = payment(settledDate="2025-03-14T23:00:01.32", originalId=4000000000000099, replayId=17)
    assert row == {
        "payment_id": 4000000000000101,
        "merchant_id": 1000000001,
        "created": ms("2025-03-14T10:02:25.450+00:00"),
        "type": "Sale",
        "status": "Approved",
        "tender_type": "Card",
        "amount": Decimal(207),
        "tax": Decimal("8.24"),
        "surcharge_amount": Decimal(7),
        "surcharge_rate": Decimal("0.035"),
        "surcharge_label": "admin fee",
        "settled_amount": Decimal(0),
        "available_auth_amount": Decimal(0),
        "refunded_amount": Decimal(0),
        "currency": "USD",
        "settled_currency": "USD",
        "settled_date": ms("2025-03-14T23:00:01.320-04:00"),
        "zone_assumed": True,
        "card_type": "MasterCard",
        "card_last4": "4444",
        "card_present": False,
        "auth_only": False,
        "auth_code": "012345",
        "auth_message": "Approved or completed successfully",
        "response_code": 0,
        "issuer_response_code": "00",
        "reference": "507310000001",
        "invoice_reference": "2636",
        "client_reference": "2636",
        "customer_code": "05EXAMPLE001",
        "customer_name": "Pat Sample",
        "creator_name": "RecurringBilling",
        "source": "Recurring",
        "original_id": 4000000000000099,
        "replay_id": 17,
        "batch": "Z0001",
        "is_duplicate": False,
        "review_indicator": 1,
        "business_day": ms("2025-03-14T10:02:25.450+00:00"),
        "content_hash": row["content_hash"],
        "source_modified_at": ms("2025-03-14T10:02:25.450+00:00"),
    }


def test_rows_have_a_value_for_each_column_in_its_order() -> None:
    """The order of a row is the order of the columns of its table."""
    assert len(payment()) == len(PAYMENTS.names)
    row, lines = detail()
    assert INVOICES.names[: len(row)] == list(row)
    assert INVOICES.names[len(row) - 2 : len(row)] == ["content_hash", "source_modified_at"]
    assert [len(line) for line in lines] == [len(INVOICE_ITEMS.names)] * 2


def test_an_invoice_in_list_form_fills_its_columns() -> None:
    """Section 6: what only the detail has stays null."""
    row = invoice()
    del row["content_hash"]
    assert row == {
        "invoice_id": 10299001,
        "merchant_id": 1000000001,
        "invoice_number": 2636,
        "type": "Sale",
        "status": "Paid",
        "receipt_number": "05EXAMPLE0RCP",
        "customer_id": None,
        "customer_name": "Pat Sample",
        "customer_number": None,
        "memo": None,
        "quantity": Decimal(2),
        "return_quantity": Decimal(0),
        "return_status": "None",
        "total_amount": Decimal(200),
        "subtotal_amount": Decimal(200),
        "discount_amount": Decimal(0),
        "tax_amount": None,
        "balance": Decimal(0),
        "paid_amount": Decimal(200),
        "due_date": ms("2025-03-14T04:00:00+00:00"),
        "invoice_date": ms("2025-03-14T04:00:00+00:00"),
        "created": ms("2025-03-14T10:02:25.170+00:00"),
        "source_type": "Recurring",
        "terms": "Custom",
        "currency": "USD",
        "is_tax_exempt": False,
        "purchase_count": None,
        "business_day": ms("2025-03-14T10:02:25.170+00:00"),
        "raw_data": None,
        "source_modified_at": ms("2025-03-14T10:02:25.170+00:00"),
    }


def test_both_forms_of_an_invoice_say_the_same() -> None:
    """Trap 9: the name of the customer is elsewhere in the detail, and so is nothing else."""
    (row, _), listed = detail(), invoice()
    differing = {name for name in row if row[name] != listed[name]}
    assert differing == {"customer_id", "currency", "purchase_count", "raw_data", "content_hash"}
    assert (row["customer_name"], row["customer_id"]) == ("Pat Sample", 43868001)
    assert detail(customer=None)[0]["customer_name"] is None


def test_purchases_become_lines_in_their_order() -> None:
    """MX-09, trap 8: an ad-hoc line has no product."""
    _, lines = detail()
    assert lines[0] == {
        "invoice_id": 10299001,
        "purchase_id": 9815001,
        "line_no": 1,
        "product_id": 717001,
        "product_name": "Monthly Plan",
        "description": "Monthly Plan",
        "quantity": Decimal(1),
        "quantity_returned": Decimal(0),
        "price": Decimal(175),
        "subtotal_amount": Decimal(175),
        "discount_amount": Decimal(0),
        "price_discount_amount": Decimal(0),
        "tax_amount": Decimal(0),
        "total_amount": Decimal(175),
        "product_variant": "4 weeks",
        "created": ms("2025-03-14T10:02:25.170+00:00"),
        "source_modified_at": ms("2025-03-14T10:02:25.170+00:00"),
    }
    assert [(line["line_no"], line["product_id"], line["product_variant"]) for line in lines[1:]] == [(2, None, None)]


@pytest.mark.parametrize("purchases", [[], None])
def test_an_invoice_may_have_no_purchases(purchases: Any) -> None:
    """Trap 8."""
    row, lines = detail(purchases=purchases)
    assert (row["purchase_count"], lines) == (0, [])


def test_raw_data_is_the_detail_with_whole_purchases_and_without_what_is_never_kept() -> None:
    """MX-09, SYS-13: no image, no embedded payments, nothing of a card, no address, nothing that opens the invoice."""
    raw = detail()[0]["raw_data"]
    kept = json.loads(raw)
    assert kept["purchases"] == PURCHASES
    assert DETAIL.keys() - kept.keys() == {"payments", "email", "accessCode", "barCode", "billingAddress"}
    for secret in ("PEXAMPLE", "4444", "1 Example Way", "3NEXMP", "iVBOR", "OFFICE@"):
        assert secret not in raw


def test_raw_data_keeps_long_invoices_and_exact_digits() -> None:
    """SYS-01: nothing is cut or rounded; only NUL, which the database cannot hold, is taken out."""
    many = [{**PURCHASES[1], "id": number, "description": "x" * 5_000} for number in range(1, 2_101)]
    body = json.dumps({**DETAIL, "purchases": many, "memo": "a\x00b"}).replace('"legacy": false', '"legacy": 0.10')
    found = outcome(DETAILS_DECODER, body.encode())
    assert isinstance(found, Loaded)
    raw = found.row[INVOICES.names.index("raw_data")]
    assert json.loads(raw)["purchases"] == many
    assert '"legacy":0.10' in raw
    assert json.loads(raw)["memo"] == "ab"


def test_a_reference_is_kept_as_it_came() -> None:
    """Traps 2 and 4, MX-05: text or number, it is a text here; whether it is an invoice is not asked here."""
    assert payment(invoice="B00EXMP2")["invoice_reference"] == "B00EXMP2"
    assert payment(invoice=" 0042 ")["invoice_reference"] == " 0042 "
    assert payment(invoice=2636)["invoice_reference"] == "2636"
    assert payment(invoice=None)["invoice_reference"] is None


def test_a_list_record_cannot_touch_a_link() -> None:
    """MX-04, trap 3: a payment's row has no column for it, whether ``invoiceIds`` comes along or not."""
    assert {name for name in payment(invoiceIds=[10299001]) if "invoice" in name} == {"invoice_reference"}
    assert payment(invoiceIds=[10299001]) | {"content_hash": ""} == payment() | {"content_hash": ""}


@pytest.mark.parametrize("status", ["Approved", "Settled", "Voided", "Chargedback", "Declined", "SomethingNew"])
def test_every_status_is_a_row(status: str) -> None:
    """MX-04, traps 5 and 6: a declined payment is a payment, whatever the HTTP status said."""
    assert payment(status=status, authCode=None)["status"] == status
