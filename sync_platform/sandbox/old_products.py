"""The old report of a shop's products."""

from decimal import ROUND_HALF_UP, Decimal

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.decay import Chance
from sync_platform.sandbox.old_receipts import Row, written_number
from sync_platform.sandbox.report_source import ReportSource


def old_products(source: ReportSource, chance: Chance) -> list[Row]:
    """Every product, deleted ones as well."""
    vendors = {vendor["id"]: vendor["name"] for vendor in source.truth("vendors")}
    return [_product(record, vendors, chance) for record in source.truth("products")]


def _product(record: Record, vendors: dict[str, str], chance: Chance) -> Row:
    price = record["unitPrice"]
    if price is not None and chance.hits("stale_prices"):
        price = round(price + chance.random("stale_prices").randrange(1, 6), 2)
    name = record["name"] or ""
    vendor = "" if chance.hits("missing_vendors") else vendors.get(record["vendorId"], "")
    return {
        "product_id": record["id"],
        "sku": record["sku"] or "",
        "name": name.upper() if chance.hits("case_of_products") else name,
        "brand": record["brandName"] or (record["brand"] or {}).get("name") or "",
        "category": (record["category"] or {}).get("name") or "",
        "vendor": vendor,
        "retail_price": written_number(price),
        "cost": _cost(record["purchasePrice"], chance),
        "is_active": "yes" if record["active"] else "no",
        "thc_content": written_number(record["thc"]),
        "cbd_content": written_number(record["cbd"]),
    }


def _cost(cost: float | None, chance: Chance) -> str:
    """0.0 is the shop's word for "not known". Only a cost with cents can be rounded."""
    if not cost:
        return ""
    if cost != int(cost) and chance.hits("rounded_costs"):
        return str(Decimal(str(cost)).quantize(Decimal(1), ROUND_HALF_UP))
    return written_number(cost)
