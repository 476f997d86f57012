"""What the tables have to hold, computed a second time and row by row from the shop's own records.

Nothing of the platform's transforms is used here: agreement of two implementations is the proof.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.journal import Journal
from sync_platform.sandbox.shop import Shop

Record = dict[str, Any]
Rows = dict[tuple[str, ...], Record]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEYS = {
    "customers": ("member_id",),
    "transactions": ("transaction_id",),
    "transaction_items": ("transaction_id", "order_item_id"),
    "products": ("product_id",),
}


def _words(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    cleaned = unicodedata.normalize("NFC", value.replace("\x00", ""))
    return cleaned if cleaned.strip() else None


def _amount(value: Any) -> Decimal | None:
    """As ``numeric(14,4)`` holds it; the digits are those of the JSON text."""
    if value is None or value == "":
        return None
    return Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _moment(value: Any) -> datetime | None:
    return EPOCH + timedelta(milliseconds=int(value)) if value else None


def _tail(record: Record, day: Any, zone: ZoneInfo) -> Record:
    modified, listed = _moment(record["modified"]), _moment(day)
    return {
        "blaze_created": _moment(record.get("created")),
        "blaze_modified": modified,
        "source_modified_at": modified,
        "business_day": listed.astimezone(zone).date() if listed else None,
        "shop_id": _words(record.get("shopId")),
        "deleted": bool(record.get("deleted")),
    }


def customer(record: Record, zone: ZoneInfo) -> Record:
    """BLZ-20."""
    address = record.get("address") or {}
    names = [str(record.get(part) or "").strip() for part in ("firstName", "lastName")]
    normalised = _words(record.get("cpn"))
    return {
        "member_id": record["id"],
        "name": " ".join(filter(None, names)) or None,
        "phone": _words(record.get("primaryPhone")) or normalised,
        "phone_e164": normalised if (normalised or "").startswith("+") else None,
        "email": _words(record.get("email")),
        "street_address": _words(address.get("address")),
        "city": _words(address.get("city")),
        "state": _words(address.get("state")),
        "zip_code": _words(address.get("zipCode")),
        "last_visited": _moment(record.get("lastVisitDate")),
        "loyalty_points": _amount(record.get("loyaltyPoints")),
        "lifetime_points": _amount(record.get("lifetimePoints")),
        "customer_type": _words(record.get("status")),
        "is_medical": record.get("medical"),
        "text_opt_in": record.get("textOptIn"),
        "email_opt_in": record.get("emailOptIn"),
        **_tail(record, record["modified"], zone),
    }


def receipt(record: Record, zone: ZoneInfo) -> Record:
    """BLZ-21."""
    cart = record.get("cart") or {}
    day = next(filter(None, (record.get(f) for f in ("completedTime", "processedTime", "created", "modified"))), None)
    refunded = None
    if cart and str(record.get("transType") or "").lower() == "refund":
        found = [cart[f] for f in ("finalRefundAmt", "refundAmount", "total") if cart.get(f)]
        refunded = _amount(abs(Decimal(str(found[0]))) if found else 0)
    return {
        "transaction_id": record["id"],
        "customer_id": _words(record.get("memberId")),
        "date": _moment(record.get("completedTime")),
        "seller_id": _words(record.get("sellerId")),
        "terminal": _words(record.get("terminalId")),
        "payment_type": _words(cart.get("paymentOption")),
        "total_amount": _amount(cart.get("total")),
        "total_tax": _amount(cart.get("totalCalcTax")),
        "discounts": _amount(cart.get("totalDiscount")),
        "loyalty_points_earned": _amount(record.get("pointsEarned")),
        "loyalty_points_spent": _amount(cart.get("pointSpent")),
        "refunded_amount": refunded,
        "blaze_status": _words(record.get("status")),
        "trans_type": _words(record.get("transType")),
        "refund_status": _words(record.get("transactionRefundStatus")),
        "trans_no": _words(record.get("transNo")),
        "parent_transaction_id": _words(record.get("parentTransactionId")),
        "line_count": len(cart.get("items") or []),
        "start_time": _moment(record.get("startTime")),
        "end_time": _moment(record.get("endTime")),
        "completed_time": _moment(record.get("completedTime")),
        **_tail(record, day, zone),
    }


def lines(record: Record, products: dict[str, Record]) -> Iterable[Record]:
    """BLZ-12, BLZ-22. Flower type and strain are the product's, as the source tells them now; where it does not know
    the product any more, what was known stays and is not compared."""
    for number, item in enumerate((record.get("cart") or {}).get("items") or [], start=1):
        own = _words(item.get("orderItemId"))
        product = products.get(str(item.get("productId")))
        described = {} if product is None else {"flower_type": "flowerType", "strain": "genetics"}
        yield {
            "transaction_id": record["id"],
            "order_item_id": own.strip() if own else f"#{number}",
            "line_no": number,
            "synthetic_key": own is None,
            "product_id": _words(item.get("productId")),
            "product_sku": _words(item.get("productSku")),
            "product_name": _words(item.get("productName")),
            "brand_name": _words(item.get("brandName")),
            "category_name": _words(item.get("categoryName")),
            "quantity": _amount(item.get("quantity")),
            "unit_price": _amount(item.get("unitPrice")),
            "total_price": _amount(item.get("finalPrice")),
            "discount": _amount(item.get("calcDiscount")),
            "discount_type": _words(item.get("discountType")),
            "tax": _amount(item.get("calcTax")),
            "cost_of_goods": _amount(item.get("cogs")),
            "line_status": _words(item.get("status")),
            **{column: _words((product or {}).get(name)) for column, name in described.items()},
            "deleted": False,
        }


def product(record: Record, zone: ZoneInfo, vendors: dict[str, str | None]) -> Record:
    """BLZ-23."""
    brand, category = record.get("brand") or {}, record.get("category") or {}
    pictures = [asset["publicURL"] for asset in record.get("assets") or [] if asset.get("publicURL")]
    return {
        "product_id": record["id"],
        "sku": _words(record.get("sku")),
        "name": _words(record.get("name")),
        "brand": _words(record.get("brandName")) or _words(brand.get("name")),
        "category": _words(category.get("name")),
        "vendor_id": _words(record.get("vendorId")),
        "vendor": vendors.get(str(record.get("vendorId"))),
        "retail_price": _amount(record.get("unitPrice")),
        "cost": _amount(record.get("purchasePrice") or None),
        "is_active": record.get("active"),
        "thc_content": _amount(record.get("thc")),
        "cbd_content": _amount(record.get("cbd")),
        "thca": _amount(record.get("thca")),
        "cbda": _amount(record.get("cbda")),
        "cbg": _amount(record.get("cbg")),
        "flower_type": _words(record.get("flowerType")),
        "strain": _words(record.get("genetics")),
        "description": _words(record.get("description")),
        "weight_per_unit": _words(record.get("weightPerUnit")),
        "unit_value": _amount(record.get("unitValue")),
        "image_url": _words(pictures[0]) if pictures else None,
        **_tail(record, record["modified"], zone),
    }


def expected_rows(tenant: Tenant, shops: Sequence[Shop]) -> dict[str, Rows]:
    """The rows of all four tables. Business days are the tenant's (SYS-02)."""
    zone = ZoneInfo(tenant.zone_name)
    wares = {record["id"]: record for shop in shops for record in shop.truth("products")}
    vendors = {v["id"]: _words(v["name"]) for shop in shops for v in shop.truth("vendors")}
    found: dict[str, list[Record]] = {name: [] for name in KEYS}
    found["products"] = [product(record, zone, vendors) for record in wares.values()]
    for shop in shops:
        found["customers"] += [customer(record, zone) for record in shop.truth("members")]
        for record in shop.truth("transactions"):
            found["transactions"].append(receipt(record, zone))
            found["transaction_items"] += lines(record, wares)
    return {name: {tuple(row[k] for k in KEYS[name]): row for row in rows} for name, rows in found.items()}


def stored_rows(database: Database, tenant: Tenant, table: str) -> Rows:
    """All columns of all rows, deleted ones too."""
    with database.transaction(tenant.id) as conn:
        found = conn.cursor(row_factory=dict_row).execute(f"select * from blaze.{table}").fetchall()  # type: ignore[arg-type]
    return {tuple(row[k] for k in KEYS[table]): row for row in found}


def assert_tables_equal_truth(
    database: Database, tenant: Tenant, shops: Sequence[Shop], tables: Iterable[str] = tuple(KEYS)
) -> None:
    """Every mapped column of every row equals the shops' records (I2, I3); what they no longer have is deleted."""
    expected = expected_rows(tenant, shops)
    for table in tables:
        stored, wanted = stored_rows(database, tenant, table), expected[table]
        missing = wanted.keys() - stored.keys()
        assert not missing, f"{table}: {len(missing)} rows are missing, such as {sorted(missing)[:3]}"
        alive = [key for key in stored.keys() - wanted.keys() if stored[key]["deleted_at"] is None]
        assert not alive, f"{table}: {len(alive)} rows should be deleted, such as {sorted(alive)[:3]}"
        wrong = [text for key, row in wanted.items() for text in _differences(key, row, stored[key])]
        assert not wrong, f"{table}: {len(wrong)} values differ, such as {wrong[:5]}"


def _differences(key: tuple[str, ...], wanted: Record, stored: Record) -> Iterable[str]:
    for name, value in wanted.items():
        found = stored["deleted_at"] is not None if name == "deleted" else stored[name]
        if found != value:
            yield f"{'/'.join(key)} {name}: {found!r}, expected {value!r}"


def ledger(database: Database, tenant: Tenant) -> list[Record]:
    """All rows of the run ledger, oldest first."""
    with database.transaction(tenant.id) as conn:
        rows = conn.cursor(row_factory=dict_row)
        return rows.execute("select * from platform.sync_runs order by id").fetchall()


def assert_accounted(database: Database, tenant: Tenant) -> None:
    """SYS-11 for every row of the ledger, and none is left running."""
    fates = ("inserted", "updated", "unchanged", "stale", "duplicate_in_batch", "quarantined")
    for run in ledger(database, tenant):
        assert run["fetched"] == sum(run[fate] for fate in fates), run
        assert run["state"] in ("succeeded", "partial", "failed", "cancelled"), run
        assert run["error_class"] != "LedgerUnbalanced", run


def calls_of(runs: Iterable[Record]) -> dict[str, int]:
    """Real requests by endpoint, as the ledger counted them."""
    counted: dict[str, int] = {}
    for run in runs:
        for endpoint, statuses in run["calls"].items():
            counted[endpoint] = counted.get(endpoint, 0) + sum(statuses.values())
    return counted


def assert_calls_match(
    journal: Journal, runs: Sequence[Record], served: Callable[[str], bool] = lambda _: True
) -> None:
    """HTTP-11, I6: what the ledger counted is what the stand-in received, endpoint by endpoint.

    ``served`` tells by the shop's name which requests belong to these runs.
    """
    received: dict[str, int] = {}
    for entry in journal.entries():
        if served(entry.shop):
            received[entry.endpoint] = received.get(entry.endpoint, 0) + 1
    assert calls_of(runs) == received
    assert sum(run["api_calls"] for run in runs) == sum(received.values())
