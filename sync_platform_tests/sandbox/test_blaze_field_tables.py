"""SBX-04: every generated record, checked against the vendor's field tables written down apart from the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_platform.sandbox.demo_world import demo_specs
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import FIRST_DAY, shop_spec

TABLES: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("blaze_fields.json").read_text())
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (float,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "day": (str,),
    "string or integer": (str, int),
}


def faults_of(table: str, record: dict[str, Any], where: str = "") -> Iterator[str]:
    """Everything in a record that the tables do not allow."""
    where = where or table
    for name, (kind, null) in TABLES[table].items():
        if name not in record:
            yield f"{where}.{name} is absent"
            continue
        value = record[name]
        if value is None:
            if null != "null":
                yield f"{where}.{name} is null"
        elif kind.endswith("[]"):
            for number, part in enumerate(value):
                yield from faults_of(kind[:-2], part, f"{where}.{name}[{number}]")
        elif kind in TABLES:
            yield from faults_of(kind, value, f"{where}.{name}")
        elif not isinstance(value, KINDS.get(kind, ())) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{where}.{name} is {value!r}, not {kind}"
        elif kind == "day" and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            yield f"{where}.{name} is {value!r}"


@pytest.fixture(scope="module")
def world() -> list[Shop]:
    """The three shops of the demonstration, changed by hand as well."""
    shops = [build_shop(spec) for spec in demo_specs(FIRST_DAY)]
    for shop in shops:
        shop.add_member()
        shop.add_product()
        for sale in shop.returnable_sales()[:3]:
            shop.refund(sale)
        shop.add_sale(member_id=shop.members.ids()[0])
        shop.void(shop.returnable_sales()[0])
    return shops


@pytest.mark.parametrize(
    ("entity", "table"),
    [
        ("members", "Member"),
        ("transactions", "Transaction"),
        ("products", "Product"),
        ("brands", "Brand"),
        ("categories", "Category"),
        ("vendors", "Vendor"),
        ("employees", "Employee"),
        ("terminals", "Terminal"),
    ],
)
def test_every_record_has_the_documented_fields_and_types(world: list[Shop], entity: str, table: str) -> None:
    """SBX-04."""
    records = [record for shop in world for record in shop.truth(entity)]
    assert len(records) >= 12
    wrong = [fault for record in records for fault in faults_of(table, record)]
    assert wrong == []


def test_the_store_names_its_zone(world: list[Shop]) -> None:
    """SBX-04."""
    for shop in world:
        assert list(faults_of("Shop", shop.lookups.store["shop"])) == []
        assert shop.lookups.store["shop"]["timeZone"] == shop.spec.zone


def test_the_checker_itself_sees_wrong_records() -> None:
    record = build_shop(shop_spec(transactions=1, days=1)).truth("products")[0]
    del record["sku"]
    wrong = faults_of("Product", record | {"thc": 1, "name": None, "active": 0})
    assert {fault.split()[0] for fault in wrong} == {
        "Product.sku",
        "Product.thc",
        "Product.name",
        "Product.active",
    }


def test_the_oddities_of_live_records_all_occur(world: list[Shop]) -> None:
    """SBX-01: a world without them would prove little."""
    members = [record for shop in world for record in shop.truth("members")]
    products = [record for shop in world for record in shop.truth("products")]
    sales = [record for shop in world for record in shop.truth("transactions")]
    carts = [sale["cart"] for sale in sales if sale["cart"]]
    assert {member["sex"] for member in members} >= {0, "MALE", "FEMALE", "OTHER", None}
    assert {None, ""} <= {member["email"] for member in members}
    assert any((member["dob"] or 0) < 0 for member in members)
    assert any(member["cpn"] and not member["primaryPhone"] for member in members)
    assert any(member["address"] is None for member in members)
    assert any(member["deleted"] for member in members)
    assert len({member["shopId"] for member in members}) > len(world)
    assert {None, ""} <= {product["brandId"] for product in products}
    assert 0.0 in {product["purchasePrice"] for product in products}
    assert any(product["archived"] for product in products)
    assert any(product["deleted"] for product in products)
    assert all(set(product) - set(TABLES["Product"]) for product in products)
    assert {sale["transType"] for sale in sales} >= {"Sale", "Refund", "Exchange", "Void", "Transfer"}
    assert {0, None} <= {sale["completedTime"] for sale in sales}
    assert any(sale["cart"] is None for sale in sales)
    assert any(sale["memberId"] is None and sale["transType"] == "Sale" for sale in sales)
    assert {"Parked", "Draft", "completed"} <= {sale["status"] for sale in sales}
    assert any(cart["paymentOption"] == "Split" and cart["splitPayment"] for cart in carts)
    assert any(sale["modified"] > (sale["completedTime"] or 0) + 86_400_000 for sale in sales)
    twice = [[(item["productId"], item["quantity"]) for item in cart["items"]] for cart in carts]
    assert any(len(set(items)) < len(items) for items in twice)
    assert any(item["quantity"] % 1 for cart in carts for item in cart["items"])
