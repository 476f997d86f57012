"""Blaze records as far as we read them: typed, exact, tolerant of everything else (reference: vendor field tables).

Money decodes from JSON digits straight to Decimal (SYS-01). Unknown fields are skipped: the vendor adds them at will.
Limits that the decoder can check cost nothing here, and a record that breaks one is quarantined alone.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

# year 1 to year 9999, what timestamptz and a calendar both hold
EpochMs = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Money = Decimal


class _Record(msgspec.Struct, gc=False, rename="camel"):
    """gc=False: records are trees, and the collector has nothing to find in 50,000 of them."""


class Address(_Record):
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None


class Member(_Record):
    id: Key
    modified: EpochMs
    created: EpochMs | None = None
    deleted: bool = False
    shop_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    primary_phone: str | None = None
    cpn: str | None = None
    email: str | None = None
    address: Address | None = None
    last_visit_date: EpochMs | None = None
    loyalty_points: Money | None = None
    lifetime_points: Money | None = None
    status: str | None = None
    medical: bool | None = None
    text_opt_in: bool | None = None
    email_opt_in: bool | None = None


class OrderItem(_Record):
    order_item_id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    product_id: str | None = None
    product_sku: str | None = None
    product_name: str | None = None
    brand_name: str | None = None
    category_name: str | None = None
    quantity: Money | None = None
    unit_price: Money | None = None
    final_price: Money | None = None
    calc_discount: Money | None = None
    discount_type: str | None = None
    calc_tax: Money | None = None
    cogs: Money | None = None
    status: str | None = None


class Cart(_Record):
    items: list[OrderItem] | None = None
    payment_option: str | None = None
    total: Money | None = None
    total_calc_tax: Money | None = None
    total_discount: Money | None = None
    point_spent: Money | None = None
    refund_amount: Money | None = None
    final_refund_amt: Money | None = None


class Transaction(_Record):
    id: Key
    modified: EpochMs
    created: EpochMs | None = None
    deleted: bool = False
    member_id: str | None = None
    shop_id: str | None = None
    seller_id: str | None = None
    terminal_id: str | None = None
    trans_no: str | None = None
    trans_type: str | None = None
    status: str | None = None
    transaction_refund_status: str | None = None
    parent_transaction_id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    points_earned: Money | None = None
    start_time: EpochMs | None = None
    end_time: EpochMs | None = None
    processed_time: EpochMs | None = None
    completed_time: EpochMs | None = None
    cart: Cart | None = None


class Named(_Record):
    name: str | None = None


class Asset(_Record):
    public_url: str | None = msgspec.field(default=None, name="publicURL")


class Product(_Record):
    id: Key
    modified: EpochMs
    created: EpochMs | None = None
    deleted: bool = False
    shop_id: str | None = None
    sku: str | None = None
    name: str | None = None
    brand_name: str | None = None
    brand: Named | None = None
    category: Named | None = None
    vendor_id: str | None = None
    unit_price: Money | None = None
    purchase_price: Money | None = None
    active: bool | None = None
    thc: Money | None = None
    cbd: Money | None = None
    thca: Money | None = None
    cbda: Money | None = None
    cbg: Money | None = None
    flower_type: str | None = None
    genetics: str | None = None
    description: str | None = None
    weight_per_unit: str | None = None
    unit_value: Money | None = None
    assets: list[Asset] | None = None


class Lookup(_Record):
    """Vendors, employees, brands, categories, terminals and shops: a name for an id (BLZ-24)."""

    id: Key
    modified: EpochMs | None = None
    deleted: bool = False
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    active: bool | None = None
    disabled: bool | None = None
    time_zone: str | None = None
