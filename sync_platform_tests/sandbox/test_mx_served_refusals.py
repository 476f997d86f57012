"""How the stand-in for MX Merchant says no (SBX-01)."""

import httpx
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_server import MxSandbox


def word(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code of a refusal in the documented form."""
    body = answer.json()
    assert body.keys() == {"errorCode", "message", "details", "responseCode"}
    assert body["responseCode"].startswith("e")
    assert all(isinstance(detail, str) for detail in body["details"])
    return answer.status_code, body["errorCode"]


@pytest.mark.parametrize(
    "header",
    [
        "Basic anVuaXBlci1jb25zdW1lci1rZXk6d3Jvbmc=",  # a wrong secret
        "Basic d3Jvbmc6d3Jvbmc=",
        "Basic !!!",
        "Basic /w==",
        "Bearer token",
        "",
    ],
)
def test_wrong_keys_are_refused(mx_box: MxSandbox, header: str) -> None:
    """SBX-01."""
    answer = httpx.get(f"{mx_box.url}/checkout/v3/payment", headers={"Authorization": header})
    assert word(answer) == (401, "InvalidCredentials")


def test_records_of_another_merchant_are_told_apart_from_unknown_ones(mx_box: MxSandbox, mx_client: httpx.Client):
    """SBX-01: the word is Unauthorized for the former; the latter are a plain text."""
    other = mx_box.merchant("Saguaro")
    foreign = other.truth("payments")[0]
    for path in (
        f"/payment/{foreign['id']}",
        f"/payment/{foreign['reference']}",
        f"/invoice/{other.invoices.ids()[0]}",
        f"/invoicepayment/{other.invoices.ids()[0]}",
        f"/merchant/{other.spec.merchant_id}",
    ):
        answer = mx_client.get(path)
        assert word(answer) == (401, "Unauthorized")
        assert "not found or no access" in answer.json()["details"][0]
        answer = mx_client.get(path.rpartition("/")[0] + "/17")
        assert (answer.status_code, answer.text, answer.headers["Content-Type"][:10]) == (
            404,
            "Not Found",
            "text/plain",
        )


def test_a_list_of_another_merchant_is_refused(mx_client: httpx.Client) -> None:
    """SBX-01: the merchant's id goes along with every call."""
    assert word(mx_client.get("/payment", params={"merchantId": 1_000_000_002})) == (401, "Unauthorized")
    assert word(mx_client.get("/payment", params={"merchantId": ""})) == (400, "ValidationError")


def test_arguments_that_make_no_sense_are_refused(mx_client: httpx.Client) -> None:
    """SBX-01."""
    for wrong in ({"limit": 0}, {"limit": "all"}, {"offset": -1}, {"startDate": "soon"}, {"endDate": "03/14/2025"}):
        assert word(mx_client.get("/payment", params=wrong)) == (400, "ValidationError")
    assert word(mx_client.post("/payment", json={})) == (405, "MethodNotAllowed")
    assert mx_client.get("/weather").status_code == 404


def test_a_right_can_be_taken_away(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01."""
    merchant.denied.add("/invoice")
    assert word(mx_client.get("/invoice")) == (403, "Unauthorized")
    assert mx_client.get("/payment").status_code == 200


def test_calls_can_be_limited(merchant: Merchant) -> None:
    """SBX-01: by the consumer key."""
    now = [1_000.0]
    auth = (merchant.spec.consumer_key, merchant.spec.consumer_secret)
    with MxSandbox([merchant], limit=CallLimit(calls=2, seconds=1.0), clock=lambda: now[0]) as box:
        url = f"{box.url}/checkout/v3/payment?merchantId={merchant.spec.merchant_id}"
        assert [httpx.get(url, auth=auth).status_code for _ in range(3)] == [200, 200, 429]
        now[0] += 1.0
        assert httpx.get(url, auth=auth).status_code == 200


def test_faults_refuse_in_the_vendors_words(mx_box: MxSandbox, mx_client: httpx.Client) -> None:
    """SBX-02."""
    for fault, expected in (
        (Fault(kind="throttle", retry_after="7"), (429, "TooManyRequests")),
        (Fault(kind="unauthorized"), (401, "InvalidCredentials")),
        (Fault(kind="status", status=503), (503, "InternalError")),
    ):
        mx_box.faults.clear()
        mx_box.faults.add(fault)
        assert word(mx_client.get("/payment")) == expected
