"""MX Merchant's records as far as we read them: typed, exact, tolerant of everything else (vendor page, 4 to 6).

Money comes as text and decodes straight to Decimal (SYS-01); ids are 64-bit numbers. Times stay text here: some have no
zone, and the zone is the tenant's. Values that do not apply are left out by the vendor, so nearly all are optional.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Integer = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Time = Annotated[str, msgspec.Meta(max_length=40)]
# what the vendor writes in quotes; a number in its place still loads, and is noted as drift
Money = Annotated[Decimal, msgspec.Meta(extra={"json": "text"})]
Number = Decimal


class _Record(msgspec.Struct, gc=False, rename="camel"):
    """gc=False: records are trees, and the collector has nothing to find in 100,000 of them."""


class CardAccount(_Record):
    card_type: str | None = None
    last4: str | None = None
    card_present: bool | None = None


class Payment(_Record):
    """List form and detail form; ``invoice_ids`` is in the detail only (trap 3)."""

    id: Id
    created: Time
    merchant_id: Id
    type: str | None = None
    status: str | None = None
    tender_type: str | None = None
    amount: Money | None = None
    tax: Money | None = None
    surcharge_amount: Money | None = None
    surcharge_rate: Money | None = None
    surcharge_label: str | None = None
    settled_amount: Money | None = None
    available_auth_amount: Money | None = None
    refunded_amount: Money | None = None
    currency: str | None = None
    settled_currency: str | None = None
    settled_date: Time | None = None
    card_account: CardAccount | None = None
    card_present: bool | None = None
    auth_only: bool | None = None
    auth_code: str | None = None
    auth_message: str | None = None
    response_code: Integer | None = None
    issuer_response_code: str | None = msgspec.field(default=None, name="IssuerResponseCode")
    reference: str | None = None
    # a text by the book; the same number is an integer in an invoice (trap 4)
    invoice: str | int | None = None
    client_reference: str | None = None
    customer_code: str | None = None
    customer_name: str | None = None
    creator_name: str | None = None
    source: str | None = None
    original_id: Id | None = None
    replay_id: Id | None = None
    batch: str | None = None
    is_duplicate: bool | None = None
    review_indicator: Integer | None = None
    invoice_ids: list[Id] | None = None


class _Invoice(_Record):
    """What both forms of an invoice have."""

    id: Id
    created: Time
    merchant_id: Id
    invoice_number: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    type: str | None = None
    status: str | None = None
    receipt_number: str | None = None
    memo: str | None = None
    quantity: Money | None = None
    return_quantity: Money | None = None
    return_status: str | None = None
    total_amount: Money | None = None
    sub_total_amount: Money | None = None
    discount_amount: Money | None = None
    tax_amount: Money | None = None
    balance: Money | None = None
    paid_amount: Money | None = None
    due_date: Time | None = None
    invoice_date: Time | None = None
    source_type: str | None = None
    terms: str | None = None
    currency: str | None = None
    is_tax_exempt: bool | None = None
    customer_number: str | None = None


class Invoice(_Invoice):
    """List form."""

    customer_name: str | None = None


class Customer(_Record):
    id: Id | None = None
    name: str | None = None


class ProductVariant(_Record):
    name: str | None = None


class Purchase(_Record):
    """A line of an invoice. Ad-hoc lines have no ``product_id`` (trap 8)."""

    id: Id
    product_id: Id | None = None
    product_name: str | None = None
    description: str | None = None
    quantity: Number | None = None
    quantity_returned: Number | None = None
    price: Money | None = None
    sub_total_amount: Money | None = None
    discount_amount: Money | None = None
    price_discount_amount: Money | None = None
    tax_amount: Money | None = None
    total_amount: Money | None = None
    product_variant: ProductVariant | None = None
    created: Time | None = None


class InvoiceDetail(_Invoice):
    """Detail form: the customer's name is inside ``customer`` (trap 9)."""

    customer: Customer | None = None
    purchases: list[Purchase] | None = None
