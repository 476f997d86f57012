"""The field map of Blaze (BLZ-20 to BLZ-23): one typed record in, one tuple per table out.

The order of a tuple is the order of the columns in ``sync_platform.db.blaze_tables``; a test holds the two together.
Times stay epoch milliseconds here and become timestamptz in the database, exactly.
"""

from decimal import Decimal

from sync_platform.transforms.blaze_records import Lookup, Member, OrderItem, Product, Transaction
from sync_platform.transforms.loaded import Loaded, Row
from sync_platform.transforms.values import key, known_money, money, text, time_ms

REFUND = "refund"


def customer(record: Member, content_hash: str) -> Loaded:
    """BLZ-20. The phone may be in ``cpn`` only."""
    member_id = key(record.id, "id")
    address = record.address
    e164 = text(record.cpn)
    name = " ".join(part for part in (_trimmed(record.first_name), _trimmed(record.last_name)) if part)
    row = (
        member_id,
        text(name),
        text(record.primary_phone) or e164,
        e164 if e164 and e164.startswith("+") else None,
        text(record.email),
        text(address.address) if address else None,
        text(address.city) if address else None,
        text(address.state) if address else None,
        text(address.zip_code) if address else None,
        time_ms(record.last_visit_date),
        money(record.loyalty_points, "loyaltyPoints"),
        money(record.lifetime_points, "lifetimePoints"),
        text(record.status),
        record.medical,
        record.text_opt_in,
        record.email_opt_in,
        text(record.shop_id),
        time_ms(record.created),
        time_ms(record.modified),
        time_ms(record.modified),
        content_hash,
        time_ms(record.modified),
        record.deleted,
    )
    return Loaded(member_id, record.modified, row, [])


def transaction(record: Transaction, content_hash: str) -> Loaded:
    """BLZ-21 and its lines, BLZ-22. Tax is ``cart.totalCalcTax``, never ``cart.tax``."""
    transaction_id = key(record.id, "id")
    cart = record.cart
    items = (cart.items if cart else None) or []
    completed = time_ms(record.completed_time)
    row = (
        transaction_id,
        text(record.member_id),
        completed,
        text(record.shop_id),
        text(record.seller_id),
        text(record.terminal_id),
        text(cart.payment_option) if cart else None,
        money(cart.total, "cart.total") if cart else None,
        money(cart.total_calc_tax, "cart.totalCalcTax") if cart else None,
        money(cart.total_discount, "cart.totalDiscount") if cart else None,
        money(record.points_earned, "pointsEarned"),
        money(cart.point_spent, "cart.pointSpent") if cart else None,
        _refunded(record),
        text(record.status),
        text(record.trans_type),
        text(record.transaction_refund_status),
        text(record.trans_no),
        text(record.parent_transaction_id),
        len(items),
        time_ms(record.start_time),
        time_ms(record.end_time),
        completed,
        time_ms(record.created),
        time_ms(record.modified),
        # the day of the partition: completion, or the nearest thing an open receipt has
        completed or time_ms(record.processed_time) or time_ms(record.created) or time_ms(record.modified),
        content_hash,
        time_ms(record.modified),
        record.deleted,
    )
    lines = [line(item, transaction_id, n, record.modified) for n, item in enumerate(items, 1)]
    return Loaded(transaction_id, record.modified, row, lines)


def line(item: OrderItem, transaction_id: str, line_no: int, modified: int) -> Row:
    """BLZ-12, BLZ-22: keyed by ``orderItemId``, by position where that is missing. ``cost`` is list price: not read."""
    order_item_id = text(item.order_item_id)
    return (
        transaction_id,
        order_item_id.strip() if order_item_id else f"#{line_no}",
        line_no,
        order_item_id is None,
        text(item.product_id),
        text(item.product_sku),
        text(item.product_name),
        text(item.brand_name),
        text(item.category_name),
        money(item.quantity, "cart.items.quantity"),
        money(item.unit_price, "cart.items.unitPrice"),
        money(item.final_price, "cart.items.finalPrice"),
        money(item.calc_discount, "cart.items.calcDiscount"),
        text(item.discount_type),
        money(item.calc_tax, "cart.items.calcTax"),
        money(item.cogs, "cart.items.cogs"),
        text(item.status),
        time_ms(modified),
    )


def product(record: Product, content_hash: str) -> Loaded:
    """BLZ-23. The vendor's name is looked up in the database; ``purchasePrice`` 0.0 means unknown."""
    product_id = key(record.id, "id")
    image = next((asset.public_url for asset in record.assets or () if asset.public_url), None)
    row = (
        product_id,
        text(record.sku),
        text(record.name),
        text(record.brand_name) or (text(record.brand.name) if record.brand else None),
        text(record.category.name) if record.category else None,
        text(record.vendor_id),
        money(record.unit_price, "unitPrice"),
        known_money(record.purchase_price, "purchasePrice"),
        record.active,
        money(record.thc, "thc"),
        money(record.cbd, "cbd"),
        money(record.thca, "thca"),
        money(record.cbda, "cbda"),
        money(record.cbg, "cbg"),
        text(record.flower_type),
        text(record.genetics),
        text(record.description),
        text(record.weight_per_unit),
        money(record.unit_value, "unitValue"),
        text(image),
        text(record.shop_id),
        time_ms(record.created),
        time_ms(record.modified),
        time_ms(record.modified),
        content_hash,
        time_ms(record.modified),
        record.deleted,
    )
    return Loaded(product_id, record.modified, row, [])


def lookup(record: Lookup, content_hash: str, kind: str) -> Loaded:
    """BLZ-24: the name of an id; people have first and last names instead of one."""
    lookup_id = key(record.id, "id")
    person = " ".join(part for part in (_trimmed(record.first_name), _trimmed(record.last_name)) if part)
    active = record.active if record.disabled is None else not record.disabled
    row = (
        kind,
        lookup_id,
        text(record.name) or text(person),
        active,
        text(record.time_zone),
        content_hash,
        time_ms(record.modified),
        record.deleted,
    )
    return Loaded(lookup_id, record.modified or 0, row, [])


def _trimmed(value: str | None) -> str:
    return value.strip() if value else ""


def _refunded(record: Transaction) -> Decimal | None:
    """Refunded money: absolute value of the first non-zero of three fields; its sign is unverified (BLZ-31)."""
    cart = record.cart
    if cart is None or record.trans_type is None or record.trans_type.lower() != REFUND:
        return None
    for amount in (cart.final_refund_amt, cart.refund_amount, cart.total):
        if amount:
            return abs(money(amount, "cart.refundAmount") or Decimal(0))
    return Decimal(0)
