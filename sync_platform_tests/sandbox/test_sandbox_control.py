"""The stand-in's own interface: journal, faults, truth, changes over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop


@pytest.fixture
def control(box: BlazeSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{box.url}/_sandbox", timeout=10) as client:
        yield client


def change(control: httpx.Client, **asked: Any) -> list[str]:
    answer = control.post("/change", json={"shop": "Corner", **asked})
    assert answer.status_code == 200, answer.text
    changed: list[str] = answer.json()["changed"]
    return changed


def test_faults_are_put_listed_and_cleared(box: BlazeSandbox, control: httpx.Client) -> None:
    """SBX-02, CLI-07."""
    put = control.put("/faults", json=[{"kind": "throttle", "probability": 0.5, "retry_after": None}])
    assert put.status_code == 200
    assert box.faults.listed() == [Fault(kind="throttle", probability=0.5, retry_after=None)]
    assert control.get("/faults").json()[0]["kind"] == "throttle"
    assert control.delete("/faults").json() == []
    assert box.faults.listed() == []


@pytest.mark.parametrize("body", [[{"kind": "plague"}], [{"kind": "html", "often": 1}], {"kind": "html"}])
def test_a_mistyped_fault_is_refused(box: BlazeSandbox, control: httpx.Client, body: Any) -> None:
    """SBX-02: nothing is switched on by half."""
    assert control.put("/faults", json=body).status_code == 400
    assert box.faults.listed() == []


def test_the_journal_is_read_and_cleared(control: httpx.Client, client: httpx.Client) -> None:
    """SBX-03: control requests do not count."""
    client.get("/store")
    assert [entry["endpoint"] for entry in control.get("/journal").json()] == ["/store"]
    assert control.get("/journal/counts", params={"shop": "Corner"}).json() == {"/store": {"200": 1}}
    assert control.get("/journal/counts", params={"shop": "Other"}).json() == {}
    control.delete("/journal")
    assert control.get("/journal").json() == []


def test_the_truth_is_what_the_shop_holds(control: httpx.Client, shop: Shop) -> None:
    """SBX-03: the judge for later comparisons."""
    for entity in ("members", "products", "transactions", "vendors"):
        answer = control.get("/truth", params={"shop": "Corner", "entity": entity})
        assert answer.json() == shop.truth(entity)


def test_shops_are_outlined_without_their_keys(control: httpx.Client) -> None:
    """CLI-07."""
    text = control.get("/shops").text
    assert [shop["name"] for shop in control.get("/shops").json()] == ["Corner", "Other"]
    assert "corner-key" not in text
    assert "demo-partner-key" not in text


def test_records_are_changed_over_http(control: httpx.Client, shop: Shop) -> None:
    """CLI-07: every action changes the truth."""
    (member,) = change(control, action="add", entity="members", fields={"firstName": "New"})
    assert shop.members.get(member)["firstName"] == "New"
    change(control, action="modify", entity="members", id=member, fields={"firstName": "Newer"})
    assert shop.members.get(member)["firstName"] == "Newer"
    change(control, action="delete", entity="members", id=member)
    assert shop.members.get(member)["deleted"] is True
    change(control, action="erase", entity="members", id=member)
    assert member not in shop.members
    sales = change(control, action="add", entity="transactions", count=3)
    parent, refund = change(control, action="refund", id=sales[0])
    assert shop.transactions.get(refund)["parentTransactionId"] == parent == sales[0]
    change(control, action="void", id=sales[1])
    assert shop.transactions.get(sales[1])["status"] == "VoidSales"
    assert len(change(control, action="seeded", count=12, seed=4)) == 12
    only = change(control, action="seeded", count=5, entity="products", kinds=["erase"])
    assert all(made.startswith("products erase ") for made in only)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/weather", None, 404),
        ("GET", "/truth?shop=Nowhere&entity=members", None, 404),
        ("GET", "/truth?shop=Corner&entity=secrets", None, 404),
        ("POST", "/change", {"shop": "Corner", "action": "modify", "id": "x"}, 400),
        ("POST", "/change", {"shop": "Corner", "action": "refund", "id": "x"}, 404),
        ("POST", "/change", {"shop": "Corner"}, 400),
    ],
)
def test_mistakes_are_explained(control: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    """CLI-07."""
    answer = control.request(method, path, json=body)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
