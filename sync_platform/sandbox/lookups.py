"""The small collections beside the big three: store, vendors, employees, brands, categories, terminals."""

from dataclasses import dataclass
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.object_ids import ObjectIds, fixed_id
from sync_platform.sandbox.people import FIRST_NAMES, LAST_NAMES, REGIONS
from sync_platform.sandbox.spec import ShopSpec

CATEGORIES = (
    ("Flower", "grams"),
    ("Pre-rolls", "units"),
    ("Vapes", "units"),
    ("Edibles", "units"),
    ("Concentrates", "grams"),
    ("Topicals", "units"),
    ("Accessories", "units"),
)
BRANDS = ("House", "North Fork", "Paper Lantern", "Blue Heron", "Tidewater", "Saltbox", "Third Rail", "Juniper & Co")
VENDORS = ("Example Farms", "Placeholder Labs", "Sample Distribution", "Specimen Supply")


@dataclass(frozen=True)
class Lookups:
    """All small collections of one shop, and the two identifiers that every record of it carries."""

    company_id: str
    shop_id: str
    inventory_id: str
    store: Record
    brands: list[Record]
    categories: list[Record]
    terminals: list[Record]
    vendors: list[Record]
    employees: list[Record]


def build_lookups(spec: ShopSpec, ids: ObjectIds) -> Lookups:
    """Everything here was created a year before the shop's first day."""
    rng = Random(f"{spec.seed}/lookups")
    company_id = fixed_id("company", spec.company_name)
    shop_id = fixed_id("shop", spec.company_name, spec.name, str(spec.seed))
    inventory_id = fixed_id("inventory", shop_id)
    born = spec.start_ms - 365 * 86_400_000

    def base(*, of_shop: bool = True) -> Record:
        record: Record = {
            "id": ids.next(born),
            "created": born,
            "modified": born + rng.randrange(300 * 86_400_000),
            "deleted": False,
            "updated": False,
            "companyId": company_id,
        }
        return {**record, "shopId": shop_id, "dirty": False} if of_shop else record

    vendors = [{**base(of_shop=False), **_vendor(name, rng)} for name in VENDORS]
    return Lookups(
        company_id=company_id,
        shop_id=shop_id,
        inventory_id=inventory_id,
        store=_store(spec, {**base(of_shop=False), "id": shop_id}),
        brands=[
            {**base(of_shop=False), "name": name, "active": True, "website": "", "phoneNo": None, "vendorList": []}
            for name in BRANDS
        ],
        categories=[
            {**base(), "name": name, "cannabis": name != "Accessories", "active": True, "unitType": unit}
            | {"cannabisType": "DEFAULT", "archived": False, "photo": None, "priority": number}
            for number, (name, unit) in enumerate(CATEGORIES)
        ],
        terminals=[
            {**base(), "name": f"Register {number}", "active": number < 4, "terminalType": "POS"}
            | {"assignedInventoryId": inventory_id, "currentEmployeeId": None, "deviceType": None}
            for number in range(1, 5)
        ],
        vendors=vendors,
        employees=[{**base(of_shop=False), **_employee(number, shop_id, rng)} for number in range(1, 9)],
    )


def _vendor(name: str, rng: Random) -> Record:
    return {
        "name": name,
        "dbaName": None,
        "firstName": rng.choice(FIRST_NAMES),
        "lastName": rng.choice(LAST_NAMES),
        "email": f"{name.split()[0].lower()}@example.org",
        "phone": "",
        "licenseNumber": f"C11-{rng.randrange(10**7):07d}-LIC",
        "companyType": "DISTRIBUTOR",
        "vendorType": "VENDOR",
        "active": True,
        "brands": [],
        "notes": [],
    }


def _employee(number: int, shop_id: str, rng: Random) -> Record:
    """``pin`` and ``password`` are there because the vendor sends them: a reader has to drop them."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return {
        "firstName": first,
        "lastName": last,
        "email": f"staff{number}@example.org",
        "pin": f"{rng.randrange(10**4):04d}",
        "password": f"invented-{rng.randrange(10**8):08d}",
        "role": {"id": fixed_id("role", "budtender"), "name": "Budtender", "permissions": []},
        "roleId": fixed_id("role", "budtender"),
        "shops": [shop_id],
        "disabled": number == 8,
        "phoneNumber": None,
        "assignedTerminalId": None,
    }


def _store(spec: ShopSpec, base: Record) -> Record:
    town, state, postcode = REGIONS[spec.country].towns[0]
    shop = {
        **base,
        "name": spec.name,
        "timeZone": spec.zone,
        "shopType": "Both",
        "emailAdress": "shop@example.org",
        "phoneNumber": "",
        "address": {"address": "1 Sample St", "city": town, "state": state, "zipCode": postcode}
        | {"country": spec.country},
        "taxInfo": {rate.name: rate.basis_points / 10_000 for rate in spec.taxes},
        "taxRoundOffType": spec.rounding,
        "active": True,
    }
    return {"shop": shop, "contract": None, "companyLogoURL": None, "toleranceMap": {}}
