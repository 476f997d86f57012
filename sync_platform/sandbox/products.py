"""Product records as the vendor lists them, category and brand embedded."""

from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.lookups import Lookups
from sync_platform.sandbox.object_ids import ObjectIds
from sync_platform.sandbox.spec import ShopSpec

_FIRST = "Amber Birch Cedar Coastal Drift Ember Fern Harbor Indigo Juniper Lunar Maple Misty North"
_SECOND = "Bloom Breeze Dawn Field Fog Garden Grove Haze Hollow Lake Meadow Peak Ridge Tide"
FIRST_WORDS, SECOND_WORDS = _FIRST.split(), _SECOND.split()
PRICES = (599, 899, 1250, 1800, 2499, 3000, 4500)
FORMS = {
    "Flower": ("Flower", "EIGHTH"),
    "Pre-rolls": ("Pre-roll", "FULL_GRAM"),
    "Vapes": ("Half Gram Vape", "HALF_GRAM"),
    "Edibles": ("Gummies", "EACH"),
    "Concentrates": ("Live Resin", "FULL_GRAM"),
    "Topicals": ("Balm", "EACH"),
    "Accessories": ("Papers", "EACH"),
}
DAY_MS = 86_400_000


class Catalogue:
    """Makes product after product; the same seed gives the same catalogue."""

    def __init__(self, spec: ShopSpec, lookups: Lookups, ids: ObjectIds) -> None:
        self._spec, self._lookups, self._ids = spec, lookups, ids
        self._rng = Random(f"{spec.seed}/products")
        self._number = 0

    def all(self) -> list[Record]:
        """The whole catalogue, in no order by date."""
        return [self.next(self._old_moment(730)) for _ in range(self._spec.products)]

    def _old_moment(self, days: int) -> int:
        return self._spec.start_ms - self._rng.randrange(30, days) * DAY_MS - self._rng.randrange(DAY_MS)

    def next(self, created: int) -> Record:
        """One more product. About a third have been edited during the shop's history."""
        rng, spec, lookups = self._rng, self._spec, self._lookups
        self._number += 1
        category = rng.choice(lookups.categories)
        brand = rng.choice(lookups.brands) if rng.random() < 0.85 else None
        form, weight = FORMS[category["name"]]
        cannabis = category["cannabis"]
        loose = category["unitType"] == "grams" and rng.random() < 0.3
        # loose goods are sold by the half gram: an even number of cents keeps every line exact
        cents = rng.randrange(200, 4_000) * 2 if loose else rng.choice(PRICES)
        modified = created + rng.randrange(25 * DAY_MS)
        if rng.random() < 0.35:
            modified = spec.start_ms + rng.randrange(max(1, spec.now_ms - spec.start_ms))
        removed = rng.random()
        product_id = self._ids.next(created)
        stock = float(rng.randrange(0, 200))
        return {
            "id": product_id,
            "created": created,
            "modified": max(min(modified, spec.now_ms), created),
            "deleted": removed < 0.02,
            "updated": False,
            "companyId": lookups.company_id,
            "shopId": lookups.shop_id,
            "dirty": False,
            "archived": removed > 0.97,
            "active": removed > 0.04,
            "instock": stock > 0,
            "categoryId": category["id"],
            "category": category,
            "categoryName": None,
            "sku": f"SKU-{self._number:05d}",
            "vendorId": rng.choice(lookups.vendors)["id"],
            "vendor": None,
            "vendorName": None,
            "productSaleType": "Both",
            "name": f"{rng.choice(FIRST_WORDS)} {rng.choice(SECOND_WORDS)} {form}",
            "description": rng.choice(("", None, f"{form}, packed in house.")),
            "flowerType": rng.choice(("Hybrid", "Indica", "Sativa", None, "")) if cannabis else None,
            "genetics": rng.choice((None, "", "Invented Cross")),
            "unitPrice": cents / 100,
            # 0.0 is the vendor's word for "not known"
            "purchasePrice": 0.0 if rng.random() < 0.3 else cents * rng.randrange(3000, 6000) // 10_000 / 100,
            "salesPrice": cents * 9 // 10 / 100 if rng.random() < 0.1 else None,
            "priceBreaks": [_price_break(self._ids.next(created), cents)],
            "weightPerUnit": "CUSTOM_GRAMS" if loose else weight,
            "unitValue": 1.0,
            "customWeight": 0.5 if loose else 0.0,
            "customGramType": "GRAM",
            **_potency(rng, cannabis=cannabis),
            "brandId": brand["id"] if brand else rng.choice(("", None)),
            "brandName": brand["name"] if brand else None,
            "brand": {key: brand[key] for key in ("id", "name", "active", "deleted")} if brand else None,
            "quantities": _quantities(self._ids.next(created), lookups, stock),
            "sellableQuantities": {lookups.inventory_id: stock} if stock else {},
            "committedQuantities": {},
            "cannabisType": "DEFAULT" if cannabis else "NON_CANNABIS",
            "productType": "REGULAR",
            "taxType": "Inherit",
            "taxOrder": "PostTaxed",
            "assets": _assets(self._ids.next(created), self._number) if rng.random() < 0.7 else [],
            "tags": [],
            "notes": [],
            "metadata": [],
            "bundleItems": [],
            "medicinal": True,
            "byGram": loose,
            "enableWeedmap": True,
            # not in the published document, but sent
            "terpenoids": [],
            "activeBatchId": None,
            "lastSoldRegion": None,
        }


def _potency(rng: Random, *, cannabis: bool) -> Record:
    """0.0 means "not known" more often than zero."""
    known = cannabis and rng.random() < 0.8
    return {
        "thc": rng.randrange(100, 320) / 10 if known else 0.0,
        "cbd": rng.randrange(0, 20) / 10 if known else 0.0,
        "cbn": 0.0,
        "cbda": 0.0,
        "thca": rng.randrange(0, 250) / 10 if known else 0.0,
        "cbg": rng.randrange(0, 10) / 10 if known else 0.0,
        "potencyAmount": dict.fromkeys(("thc", "cbd", "cbn", "thca", "cbda"), 0.0) if known else None,
        "totalCannabinoids": 0.0,
        "totalTerpenes": 0.0,
    }


def _price_break(break_id: str, cents: int) -> Record:
    return {
        "id": break_id,
        "priceBreakType": "OneGramUnit",
        "name": "1 each",
        "displayName": None,
        "price": cents / 100,
        "salePrice": None,
        "assignedPrice": cents / 100,
        "quantity": 1,
        "active": True,
        "priority": 0,
    }


def _quantities(quantity_id: str, lookups: Lookups, stock: float) -> list[Record]:
    if not stock:
        return []
    return [{"id": quantity_id, "inventoryId": lookups.inventory_id, "shopId": lookups.shop_id, "quantity": stock}]


def _assets(asset_id: str, number: int) -> list[Record]:
    picture = f"https://img.example.org/{number}"
    return [
        {"id": asset_id, "name": f"{number}.png", "type": "Photo", "publicURL": f"{picture}.png"}
        | {"thumbURL": f"{picture}-t.png", "mediumURL": f"{picture}-m.png", "largeURL": f"{picture}-l.png"}
        | {"origURL": f"{picture}-o.png", "active": True, "priority": 0, "secured": False}
    ]
