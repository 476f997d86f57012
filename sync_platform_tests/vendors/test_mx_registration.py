"""Registering, listing and removing notifications; the secret in the callback URL stays where it is."""

import json
import logging
import traceback

import httpx
import pytest

from sync_platform.core.errors import ContractBroken, InvalidRequest, SyncError, VendorRejected
from sync_platform.vendors.mx_merchant import MxMerchantClient, MxOptions, mx_headers
from sync_platform.vendors.mx_notifications import EVENTS
from sync_platform_tests.vendors.vendor_rig import Handler, Rig, make_rig, script

TOKEN = "canary-0123456789abcdefABCDEF_token"
URL = f"https://sync.example.org/webhooks/mx-merchant/{TOKEN}"
DUPLICATE = {
    "errorCode": "ValidationError",
    "message": "Validation error happened",
    "details": ["Duplicate notification."],
    "responseCode": "eEXAMPLE0000000000000000",
}


def client(handler: Handler) -> tuple[MxMerchantClient, Rig]:
    rig = make_rig(handler, headers=mx_headers("key", "invented-secret"))
    return MxMerchantClient(rig.http, MxOptions(), 1_000_000_001), rig


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201),
        httpx.Response(200, json={"id": 5}),
        httpx.Response(201, json={"id": 5}),
        httpx.Response(204),
    ],
)
def test_one_event_is_registered_by_one_call(answer: httpx.Response) -> None:
    """MX-20; trap 6: 201 is an answer, with or without a body."""
    made, rig = client(script(answer))
    assert made.register("PaymentSuccess", URL) is True
    sent = rig.requests[0]
    assert (sent.method, sent.url.path, sent.url.query) == ("PUT", "/checkout/v3/subscription", b"")
    body = json.loads(sent.content)
    assert (body["eventType"], body["callbackUrl"], body["merchantId"]) == ("PaymentSuccess", URL, 1_000_000_001)
    assert (body["sendWebhook"], body["sendEmail"], body["sendSMS"]) == (True, False, False)


def test_what_is_registered_already_is_a_success() -> None:
    """MX-20."""
    made, rig = client(script(httpx.Response(400, json=DUPLICATE)))
    assert made.register("PaymentSuccess", URL) is False
    assert len(rig.requests) == 1


def test_a_registration_that_got_lost_on_its_way_is_repeated() -> None:
    """HTTP-06: what had arrived all the same is then a duplicate, and as good."""
    made, rig = client(script(httpx.ReadError("x"), httpx.Response(422, json=DUPLICATE)))
    assert made.register("PaymentSuccess", URL) is False
    assert len(rig.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json=DUPLICATE | {"details": [f"The URL {URL} cannot be used."]}),
        httpx.Response(400, json=DUPLICATE | {"details": [f"token {TOKEN}"]}),
        httpx.Response(400, text=f"callbackUrl https:\\/\\/sync.example.org\\/webhooks\\/mx-merchant\\/{TOKEN}"),
        httpx.Response(401, text=TOKEN),
        httpx.Response(200, text=URL),
    ],
)
def test_the_token_in_the_callback_url_is_in_no_message(
    answer: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    """HTTP-08, MX-21: not even when the source quotes it."""
    caplog.set_level(logging.DEBUG)
    made, _ = client(script(answer))
    with pytest.raises(SyncError) as caught:
        made.register("PaymentSuccess", URL)
    assert TOKEN not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_any_other_refusal_is_one() -> None:
    """MX-20: only the duplicate is a success."""
    refused = DUPLICATE | {"details": ["callbackUrl is required."]}
    with pytest.raises(VendorRejected, match="callbackUrl is required"):
        client(script(httpx.Response(400, json=refused)))[0].register("PaymentSuccess", URL)


@pytest.mark.parametrize(
    ("event", "url"),
    [
        ("PaymentMaybe", URL),
        ("PaymentSuccess", URL.replace("https", "http")),
        ("PaymentSuccess", "https://user:pw@sync.example.org/x"),
        ("PaymentSuccess", "https://[broken"),
        ("PaymentSuccess", "/webhooks"),
        ("PaymentSuccess", URL + "#part"),
    ],
)
def test_what_cannot_be_registered_is_refused_before_any_call(event: str, url: str) -> None:
    """MX-20."""
    made, rig = client(script(httpx.Response(201)))
    with pytest.raises(InvalidRequest) as caught:
        made.register(event, url)
    assert TOKEN not in str(caught.value)
    assert rig.requests == []


def test_every_documented_event_can_be_registered() -> None:
    """MX-20, vendor page section 7."""
    made, rig = client(script(httpx.Response(201)))
    assert all(made.register(event, URL) for event in EVENTS)
    assert len(rig.requests) == len(EVENTS) == 9


def test_the_list_shows_what_is_registered_and_not_its_token() -> None:
    """MX-20, HTTP-08."""
    record = {"id": 5, "eventType": "PaymentSuccess", "callbackUrl": URL, "sendWebhook": True, "threshold": 0}
    made, _ = client(script(httpx.Response(200, json={"records": [record, {"id": 6}]})))
    found = made.notifications()
    assert [(item.id, item.event_type, item.callback_url) for item in found] == [
        (5, "PaymentSuccess", URL),
        (6, None, None),
    ]
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("body", [[], {}, {"records": [{}]}, {"records": [{"id": "x"}]}])
def test_anything_else_is_not_a_list_of_notifications(body: object) -> None:
    """HTTP-03: a failed read is not an empty list."""
    with pytest.raises(ContractBroken):
        client(script(httpx.Response(200, json=body)))[0].notifications()


@pytest.mark.parametrize(
    ("answer", "removed"),
    [
        (httpx.Response(204), True),
        (httpx.Response(200, json={}), True),
        (httpx.Response(404, text="Not Found"), False),
    ],
)
def test_a_notification_is_removed_by_its_id(answer: httpx.Response, removed: bool) -> None:
    """MX-20: gone already is gone."""
    made, rig = client(script(answer))
    assert made.remove(5) is removed
    assert (rig.requests[0].method, rig.requests[0].url.path) == ("DELETE", "/checkout/v3/subscription/5")
