"""Control paths, journal and faults are the same for MX Merchant as for Blaze (SBX-02, SBX-03, CLI-07)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_server import MxSandbox

TEN = {"offset": 10, "limit": 10}


@pytest.fixture
def control(mx_box: MxSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{mx_box.url}/_sandbox", timeout=10) as client:
        yield client


def change(control: httpx.Client, **asked: Any) -> list[str]:
    answer = control.post("/change", json={"shop": "Juniper", **asked})
    assert answer.status_code == 200, answer.text
    changed: list[str] = answer.json()["changed"]
    return changed


def test_the_truth_is_what_the_merchant_holds(control: httpx.Client, merchant: Merchant) -> None:
    """SBX-03."""
    for entity in ("payments", "invoices", "invoice_items"):
        answer = control.get("/truth", params={"shop": "Juniper", "entity": entity})
        assert answer.json() == merchant.truth(entity)
    links = control.get("/links", params={"shop": "Juniper"}).json()
    assert {int(key): value for key, value in links.items()} == merchant.links()
    text = control.get("/shops").text
    assert [one["merchantId"] for one in json.loads(text)] == [1_000_000_001, 1_000_000_002]
    assert "consumer" not in text


def test_records_are_changed_over_http(control: httpx.Client, merchant: Merchant) -> None:
    """CLI-07: every action changes the truth."""

    def payment(key: str) -> dict[str, Any]:
        return merchant.payments.get(key)

    sales = change(control, action="sale", count=4)
    assert len(set(sales)) == 4
    change(control, action="settle", id=int(sales[0]))
    change(control, action="chargeback", id=int(sales[0]))
    change(control, action="void", id=int(sales[1]))
    assert [payment(key)["status"] for key in sales[:3]] == ["Chargedback", "Voided", "Approved"]
    [refund] = change(control, action="refund", id=int(sales[2]), amount="1")
    assert (payment(refund)["amount"], payment(refund)["originalId"]) == ("-1", int(sales[2]))
    [invoice] = change(control, action="invoice")
    [paid] = change(control, action="payment", id=int(invoice), amount="2")
    [alone] = change(control, action="payment", fields={"customerName": "Pat Sample"})
    assert merchant.links()[int(paid)] == int(invoice)
    assert payment(alone)["customerName"] == "Pat Sample"
    lines = len(merchant.invoices.get(invoice)["purchases"])
    change(control, action="purchase", id=int(invoice))
    change(control, action="return", id=int(invoice), position=lines)
    assert merchant.invoices.get(invoice)["purchases"][lines]["quantityReturned"] > 0
    change(control, action="modify", entity="invoices", id=int(invoice), fields={"status": "Parked"})
    assert merchant.invoices.get(invoice)["status"] == "Parked"
    change(control, action="erase", id=int(alone))
    assert alone not in merchant.payments
    assert len(change(control, action="seeded", count=12)) == 12
    again = [change(control, action="seeded", count=5, seed=4, kinds=["payment"]) for _ in range(2)]
    assert all(made.startswith("payment ") for made in again[0] + again[1])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/weather", None, 404),
        ("GET", "/links?shop=Nowhere", None, 404),
        ("GET", "/truth?shop=Juniper&entity=secrets", None, 404),
        ("GET", "/deliveries?shop=Juniper&payment=x", None, 400),
        ("POST", "/change", {"shop": "Juniper", "action": "explode"}, 400),
        ("POST", "/change", {"shop": "Juniper", "action": "settle", "id": 5}, 404),
        ("POST", "/change", {"shop": "Nowhere", "action": "sale"}, 404),
    ],
)
def test_mistakes_are_explained(control: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    """CLI-07."""
    answer = control.request(method, path, json=body)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


def test_the_journal_has_every_request_and_no_key(mx_box: MxSandbox, mx_client: httpx.Client, merchant: Merchant):
    """SBX-03: with the endpoint's name, whatever was answered."""
    payment = merchant.payments.ids()[0]
    mx_client.get("/payment", params={"limit": 5})
    mx_client.get(f"/payment/{payment}")
    mx_client.get("/invoice/1")
    mx_client.get("/orders")
    mx_client.put("/subscription", content=b"{}")
    httpx.get(f"{mx_box.url}/checkout/v3/invoice", auth=("wrong-consumer-key", "wrong"))
    assert mx_box.journal.counts(shop="Juniper") == {
        "/payment": {"200": 1},
        "/payment/{id}": {"200": 1},
        "/invoice/{id}": {"404": 1},
        "/subscription": {"400": 1},
        "?": {"404": 1},
    }
    assert mx_box.journal.counts(shop="") == {"/invoice": {"401": 1}}
    written = msgspec.json.encode(mx_box.journal.entries()).decode()
    for secret in (merchant.spec.consumer_key, merchant.spec.consumer_secret, "wrong-consumer-key", "Basic"):
        assert secret not in written
    assert len({entry.partner for entry in mx_box.journal.entries()}) == 2


Faulty = Any


@pytest.fixture
def faulty(mx_box: MxSandbox, mx_client: httpx.Client) -> Faulty:
    """Ask once with one fault switched on."""

    def get(path: str = "/payment", /, *, kind: str, params: Any = None, **fault: Any) -> httpx.Response:
        mx_box.faults.clear()
        mx_box.faults.add(Fault(kind=kind, **fault))
        return mx_client.get(path, params=params)

    return get


def ids(answer: httpx.Response) -> list[int]:
    return [record["id"] for record in answer.json()["records"]]


@pytest.mark.parametrize("path", ["/payment", "/invoice"])
def test_pages_are_repeated_shifted_shortened_and_miscounted(mx_client: httpx.Client, faulty: Faulty, path: str):
    """F-26."""
    first = ids(mx_client.get(path, params={"limit": 40}))
    whole = len(ids(mx_client.get(path, params={"limit": 1000})))
    assert ids(faulty(path, kind="duplicate_page", params=TEN)) == first[:10]
    assert ids(faulty(path, kind="shifted_page", rows=3, params=TEN)) == first[13:23]
    assert ids(faulty(path, kind="missing_row", rows=4, params=TEN)) == first[10:14] + first[15:20]
    assert ids(faulty(path, kind="short_page", rows=6, params=TEN)) == first[10:16]
    assert ids(faulty(path, kind="long_page", rows=2, params=TEN)) == first[10:22]
    assert faulty(path, kind="wrong_total", total=10**12).json()["recordCount"] == 10**12
    shrinking = faulty(path, kind="wrong_total", total=None, params={"offset": 20, "limit": 10})
    assert shrinking.json()["recordCount"] == whole - 2


def test_records_are_altered(mx_client: httpx.Client, faulty: Faulty, merchant: Merchant) -> None:
    """SBX-02: in lists and in details; a changed row has another sum."""
    usual = mx_client.get("/payment", params=TEN).json()["records"]
    changed = faulty(kind="changed_row", rows=2, params=TEN).json()["records"]
    assert [one == two for one, two in zip(usual, changed, strict=True)].count(False) == 1
    invoice = merchant.invoices.ids()[0]
    for path in ("/payment", f"/invoice/{invoice}"):
        altered = [faulty(path, kind="extra_fields", share=1), faulty(path, kind="new_enum", share=1)]
        records = [answer.json()["records"][0] if path == "/payment" else answer.json() for answer in altered]
        assert records[0]["futureField0"] == "value 0"
        assert records[1]["status"] == "FutureValue"
    assert faulty(f"/invoice/{invoice}", kind="number_as_text", share=1).json()["invoiceNumber"].isdigit()
    assert "created" not in faulty(f"/invoice/{invoice}", kind="missing_field", share=1).json()


def test_bodies_are_damaged(mx_client: httpx.Client, faulty: Faulty, merchant: Merchant) -> None:
    """F-25: in the vendor's own envelope."""
    pairs = json.loads(faulty(kind="duplicate_keys", params=TEN).content, object_pairs_hook=list)
    assert [name for name, _ in pairs].count("recordCount") == 2
    detail = faulty(f"/payment/{merchant.payments.ids()[0]}", kind="duplicate_keys")
    assert [name for name, _ in json.loads(detail.content, object_pairs_hook=list)].count("created") == 2
    big = faulty(kind="oversize", size=100_000)
    assert (len(big.content), big.json()) == (100_000, {"recordCount": 0, "records": []})
    assert faulty(kind="deep", size=50).content.startswith(b'{"recordCount":0,"records":[[[')
    assert faulty(kind="html").text.startswith("<!DOCTYPE html>")
    with pytest.raises(json.JSONDecodeError):
        faulty(kind="truncated").json()


def test_the_merchant_changes_between_pages(mx_client: httpx.Client, faulty: Faulty, merchant: Merchant) -> None:
    """F-27: after the page was made."""
    before = merchant.payments.bodies(), merchant.invoices.bodies()
    answer = faulty(kind="mutate", rows=8)
    assert answer.json()["recordCount"] == 160
    assert before != (merchant.payments.bodies(), merchant.invoices.bodies())
    answer = faulty(kind="mutate", rows=8, field="invoices")
    assert answer.status_code == 200


def test_a_fault_can_concern_one_merchant(mx_box: MxSandbox, mx_client: httpx.Client) -> None:
    """SBX-02."""
    mx_box.faults.add(Fault(kind="status", path="/payment", shop="Saguaro"))
    assert mx_client.get("/payment").status_code == 200
    other = ("saguaro-consumer-key", "saguaro-consumer-secret")
    url = f"{mx_box.url}/checkout/v3/payment?merchantId=1000000002"
    assert httpx.get(url, auth=other).status_code == 503
