"""The staging tables of Blaze as the loader sees them (BLZ-20 to BLZ-23). Order of columns = order of the rows' values.

``blaze`` mirrors its source, so every column is ``always`` (SYS-07); the policy works where data reaches ``public``.
"""

from collections.abc import Sequence
from typing import Any

from sync_platform.db.target import Column, Enrichment, Target, columns

_TAIL = "blaze_created:time blaze_modified:time business_day:day content_hash:hash source_modified_at:time"

CUSTOMERS = Target(
    "blaze",
    "customers",
    ("member_id",),
    columns(
        f"""member_id name phone phone_e164 email street_address city state zip_code last_visited:time
        loyalty_points:money lifetime_points:money customer_type is_medical:flag text_opt_in:flag email_opt_in:flag
        shop_id {_TAIL}""",
        personal="name phone phone_e164 email street_address city state zip_code",
    ),
)

TRANSACTIONS = Target(
    "blaze",
    "transactions",
    ("transaction_id",),
    columns(
        f"""transaction_id customer_id date:time shop_id seller_id terminal payment_type total_amount:money
        total_tax:money discounts:money loyalty_points_earned:money loyalty_points_spent:money refunded_amount:money
        blaze_status trans_type refund_status trans_no parent_transaction_id line_count:integer start_time:time
        end_time:time completed_time:time {_TAIL}"""
    ),
)

TRANSACTION_ITEMS = Target(
    "blaze",
    "transaction_items",
    ("transaction_id", "order_item_id"),
    (
        *columns(
            """transaction_id order_item_id line_no:integer synthetic_key:flag product_id product_sku product_name
            brand_name category_name quantity:money unit_price:money total_price:money discount:money discount_type
            tax:money cost_of_goods:money line_status"""
        ),
        # a receipt's change of status is no change of its lines
        Column("source_modified_at", "time", compared=False),
    ),
    has_deleted=False,
    enrichment=Enrichment(
        "left join blaze.products p"
        " on p.tenant_id = (select platform.current_tenant()) and p.product_id = s.product_id",
        (("flower_type", "p.flower_type"), ("strain", "p.strain")),
    ),
)

PRODUCTS = Target(
    "blaze",
    "products",
    ("product_id",),
    columns(
        f"""product_id sku name brand category vendor_id retail_price:money cost:money is_active:flag
        thc_content:money cbd_content:money thca:money cbda:money cbg:money flower_type strain description
        weight_per_unit unit_value:money image_url shop_id {_TAIL}"""
    ),
    enrichment=Enrichment(
        "left join blaze.lookups l on l.tenant_id = (select platform.current_tenant()) "
        "and l.kind = 'vendors' and l.lookup_id = s.vendor_id",
        (("vendor", "l.name"),),
    ),
)

LOOKUPS = Target(
    "blaze",
    "lookups",
    ("kind", "lookup_id"),
    columns("kind lookup_id name is_active:flag zone content_hash:hash source_modified_at:time"),
)

TABLES = {target.table: target for target in (CUSTOMERS, TRANSACTIONS, TRANSACTION_ITEMS, PRODUCTS, LOOKUPS)}

Kind = list[str | None]
_KIND = (PRODUCTS.at["flower_type"], PRODUCTS.at["strain"])


def kind_of(row: Sequence[Any]) -> Kind:
    """What lines take from a row of ``PRODUCTS``: flower type and strain. A list, as between processes it becomes one
    anyway."""
    return [row[at] for at in _KIND]
