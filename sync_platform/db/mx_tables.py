"""The tables of MX Merchant as the loader sees them (MX-04, MX-09). Order of columns = order of the rows' values.

The vendor leaves fields out, and a list and a detail of one record leave out different ones. So the policy is ``keep``:
what a record does not say, it does not clear (SYS-07). What every form of it says is ``always``.
"""

from sync_platform.db.target import Column, Target, columns

#: A payment read by itself has other bytes than the list's record of it: its row comes without a hash, and keeps it.
PAYMENTS = Target(
    "mx_merchant",
    "payments",
    ("payment_id",),
    columns(
        """payment_id:bigint merchant_id:bigint created:time type status tender_type amount:money tax:money
        surcharge_amount:money surcharge_rate:money surcharge_label settled_amount:money available_auth_amount:money
        refunded_amount:money currency settled_currency settled_date:time zone_assumed:flag card_type card_last4
        card_present:flag auth_only:flag auth_code auth_message response_code:integer issuer_response_code reference
        invoice_reference client_reference customer_code customer_name creator_name source original_id:bigint
        replay_id:bigint batch is_duplicate:flag review_indicator:integer business_day:day content_hash:hash
        source_modified_at:time""",
        default="keep",
        always="""merchant_id created type status amount card_present auth_only is_duplicate business_day
        source_modified_at""",
        personal="card_last4 customer_code customer_name",
    ),
    has_deleted=False,
)

#: What a row has behind the vendor's own values: the list record's hash, and what the lines lead to.
_BEHIND = "list_hash:hash primary_product_id:bigint primary_product category"

#: One table for invoices as listed, without a detail's values, and as read by themselves. Explicit nulls clear what the
#: lines led to once.
INVOICES = Target(
    "mx_merchant",
    "invoices",
    ("invoice_id",),
    columns(
        f"""invoice_id:bigint merchant_id:bigint invoice_number:bigint type status receipt_number customer_id:bigint
        customer_name customer_number memo quantity:money return_quantity:money return_status total_amount:money
        subtotal_amount:money discount_amount:money tax_amount:money balance:money paid_amount:money due_date:time
        invoice_date:time created:time source_type terms currency is_tax_exempt:flag purchase_count:integer
        business_day:day raw_data:json content_hash:hash source_modified_at:time {_BEHIND}""",
        default="keep",
        always="merchant_id invoice_number status total_amount balance paid_amount created is_tax_exempt business_day"
        " source_modified_at",
        accept="primary_product_id primary_product category",
        personal="customer_name customer_number memo raw_data",
    ),
    has_deleted=False,
)

INVOICE_ITEMS = Target(
    "mx_merchant",
    "invoice_items",
    ("invoice_id", "purchase_id"),
    (
        *columns(
            """invoice_id:bigint purchase_id:bigint line_no:integer product_id:bigint product_name description
            quantity:money quantity_returned:money price:money subtotal_amount:money discount_amount:money
            price_discount_amount:money tax_amount:money total_amount:money product_variant created:time"""
        ),
        # an invoice's change is no change of its lines
        Column("source_modified_at", "time", compared=False),
    ),
    has_deleted=False,
)

TABLES = {target.table: target for target in (PAYMENTS, INVOICES, INVOICE_ITEMS)}
