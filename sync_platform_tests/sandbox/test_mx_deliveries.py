"""What the stand-in for MX Merchant sends to those who asked to be told (MX-20, MX-22)."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_notifications import NEWER, deliver, deliveries, notification
from sync_platform.sandbox.mx_server import MxSandbox

FIELDS = {
    "eventType", "merchantId", "xmid", "dba", "id", "invoiceId", "invoiceNumber", "transactionDate", "localDate",
    "transactionTypeName", "paymentType", "card", "referenceNumber", "authorizationCode", "responseCode", "replayId",
    "pan4", "totalAmount", "responseMessage", "customer", "customerNumber", "source", "customFields", "baseAmount",
    "advantageFeeType", "advantageFeeAmount",
}  # fmt: skip
WHEN = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d{4} [ \d]\d:\d\d[AP]M")


def test_every_value_is_a_text_or_null(merchant: Merchant) -> None:
    """SBX-01: vendor page, section 7."""
    bodies = deliveries(merchant)
    assert len(bodies) >= len(merchant.payments)
    for body in bodies:
        assert body.keys() == FIELDS
        assert all(value is None or isinstance(value, str) for value in body.values())
        assert WHEN.fullmatch(body["transactionDate"] or "")
        assert WHEN.fullmatch(body["localDate"] or "")
    assert any(body["card"] is None for body in bodies)
    assert {body["invoiceId"] for body in bodies if body["transactionTypeName"] == "Sale"} == {""}


def test_times_are_utc_and_the_merchants_and_padded(merchant: Merchant) -> None:
    """SBX-01: trap 7."""
    payment = merchant.add_payment(created=1_772_532_145_450)  # 2026-03-03T10:02:25.45Z
    body = notification(merchant, payment["id"], "PaymentSuccess")
    assert (body["transactionDate"], body["localDate"]) == ("Mar  3 2026 10:02AM", "Mar  3 2026  5:02AM")
    midnight = merchant.add_payment(created=1_775_016_000_000)  # 2026-04-01T04:00:00Z
    body = notification(merchant, midnight["id"], "PaymentSuccess")
    assert (body["transactionDate"], body["localDate"]) == ("Apr  1 2026  4:00AM", "Apr  1 2026 12:00AM")


def test_sums_have_two_places_and_the_fee_is_told_apart(merchant: Merchant) -> None:
    """SBX-01."""
    payment = merchant.add_payment(amount="200")
    body = notification(merchant, payment["id"], "PaymentSuccess")
    assert (body["totalAmount"], body["baseAmount"], body["advantageFeeAmount"]) == ("207.00", "200.00", "7.00")
    older = notification(merchant, payment["id"], "PaymentSuccess", older=True)
    assert older.keys() == FIELDS - set(NEWER)


def test_each_payment_is_told_once_for_all_that_happened_to_it(merchant: Merchant) -> None:
    """SBX-01."""
    sale = merchant.add_sale()["id"]
    declined = merchant.add_sale(status="Declined")["id"]
    refund = merchant.refund(sale)["id"]
    merchant.settle(sale)
    merchant.charge_back(sale)
    told = [(body["eventType"], body["id"]) for body in deliveries(merchant, [sale, declined, refund])]
    assert told == [
        ("PaymentSuccess", str(sale)),
        ("Chargeback", str(sale)),
        ("PaymentFail", str(declined)),
        ("RefundCreated", str(refund)),
    ]
    back = notification(merchant, refund, "RefundCreated")
    assert (back["totalAmount"] or "").startswith("-")
    assert back["invoiceId"] == str(merchant.links()[sale])
    assert notification(merchant, declined, "PaymentFail")["responseCode"] != "0"


def test_bodies_come_in_any_order_and_number(merchant: Merchant) -> None:
    """MX-24: repeats and no order."""
    key = merchant.add_payment()["id"]
    assert deliveries(merchant, [key], copies=1000) == deliveries(merchant, [key]) * 1000
    usual, mixed, same = deliveries(merchant), deliveries(merchant, shuffle=1), deliveries(merchant, shuffle=1)
    assert usual != mixed == same
    assert sorted(map(str, usual)) == sorted(map(str, mixed))


def test_bodies_are_fetched_through_the_control_interface(mx_box: MxSandbox, merchant: Merchant) -> None:
    """CLI-07."""
    key = next(iter(merchant.links()))
    params: dict[str, Any] = {"shop": "Juniper", "payment": str(key), "copies": 3}
    found = httpx.get(f"{mx_box.url}/_sandbox/deliveries", params=params).json()
    assert found == json.loads(json.dumps(deliveries(merchant, [key], copies=3)))
    everything = httpx.get(f"{mx_box.url}/_sandbox/deliveries", params={"shop": "Juniper", "shuffle": 4}).json()
    assert everything == deliveries(merchant, shuffle=4)


# --- registration -----------------------------------------------------------------------------------


def wanted(url: str, event: str = "PaymentSuccess", **values: Any) -> dict[str, Any]:
    return {
        "eventType": event, "sendWebhook": True, "callbackUrl": url, "sources": "QuickPay,API",
        "merchantId": 1_000_000_001, "threshold": 0, "sendEmail": False, "emailAddress": "ops@example.org",
        "sendSMS": False, "phoneNumber": "5555550100", **values,
    }  # fmt: skip


def test_a_subscription_is_registered_listed_and_removed(mx_client: httpx.Client) -> None:
    """MX-20: one event per call; the same one again is a duplicate."""
    url = "https://sync.example.org/hook"
    assert mx_client.put("/subscription", json=wanted(url)).status_code == 201
    again = mx_client.put("/subscription", json=wanted(url))
    assert (again.status_code, again.json()["errorCode"]) == (400, "ValidationError")
    assert "duplicate" in again.json()["details"][0]
    other = mx_client.put("/subscription", params={"echo": "true"}, json=wanted(url, "Chargeback"))
    assert other.json()["eventType"] == "Chargeback"
    found = mx_client.get("/subscription").json()["records"]
    assert [(one["eventType"], one["callbackUrl"]) for one in found] == [("PaymentSuccess", url), ("Chargeback", url)]
    assert mx_client.delete(f"/subscription/{found[0]['id']}").status_code == 204
    assert mx_client.delete(f"/subscription/{found[0]['id']}").status_code == 404
    assert [one["id"] for one in mx_client.get("/subscription").json()["records"]] == [found[1]["id"]]


@pytest.mark.parametrize(
    ("changed", "status", "word"),
    [
        ({"eventType": "Weather"}, 400, "ValidationError"),
        ({"callbackUrl": ""}, 400, "ValidationError"),
        ({"often": True}, 400, "ValidationError"),
        ({"merchantId": 1_000_000_002}, 401, "Unauthorized"),
    ],
)
def test_a_wrong_subscription_is_refused(
    mx_client: httpx.Client, changed: dict[str, Any], status: int, word: str
) -> None:
    """MX-20."""
    answer = mx_client.put("/subscription", json=wanted("https://sync.example.org/hook") | changed)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, word)
    assert mx_client.get("/subscription").json()["records"] == []
    assert mx_client.post("/subscription").status_code == 405
    assert mx_client.get("/subscription/1").status_code == 405


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """An address that takes what is posted to it, and what it took."""
    taken: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", taken
        finally:
            server.shutdown()
            thread.join()


def test_bodies_are_posted_to_those_who_subscribed(
    mx_client: httpx.Client, merchant: Merchant, receiver: tuple[str, list[tuple[str, bytes]]]
) -> None:
    """MX-20, MX-22: each event to its own address only."""
    url, taken = receiver
    mx_client.put("/subscription", json=wanted(f"{url}/hook?token=invented"))
    mx_client.put("/subscription", json=wanted(f"{url}/mails", "PaymentFail", sendWebhook=False))
    sale, declined = merchant.add_sale()["id"], merchant.add_sale(status="Declined")["id"]
    bodies = deliveries(merchant, [sale, declined], copies=2)
    assert deliver(merchant, bodies) == [(f"{url}/hook?token=invented", 202)] * 2
    assert [path for path, _ in taken] == ["/hook?token=invented"] * 2
    assert [json.loads(body) for _, body in taken] == bodies[:2]
