"""The MX Merchant client: paths, parameters, single records, and answers whose status misleads."""

import traceback
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec
import pytest

from sync_platform.core.errors import (
    ConfigurationError,
    ContractBroken,
    CredentialsRejected,
    InvalidRequest,
    NotFound,
    SyncError,
    VendorRejected,
)
from sync_platform.core.window import Window
from sync_platform.vendors.mx_merchant import MX_HOSTS, MxMerchantClient, MxOptions, mx_headers
from sync_platform_tests.vendors.mx_model import listed, minutes, numbers
from sync_platform_tests.vendors.vendor_rig import Handler, Rig, make_rig, script

MERCHANT = 1_000_000_001
TRACE = "eEXAMPLE0000000000000000"
EMPTY = httpx.Response(200, json={"recordCount": 0, "records": []})


def refusal(code: str, message: str, *details: str) -> dict[str, Any]:
    return {"errorCode": code, "message": message, "details": list(details), "responseCode": TRACE}


def client(handler: Handler, **options: Any) -> tuple[MxMerchantClient, Rig]:
    rig = make_rig(handler, headers=mx_headers("consumer-canary-1", "secret-canary-2"))
    return MxMerchantClient(rig.http, MxOptions(**options), MERCHANT), rig


def asked(rig: Rig) -> list[dict[str, str]]:
    return [dict(parse_qsl(request.url.query.decode())) for request in rig.requests]


def test_key_and_secret_go_as_basic_authentication() -> None:
    """MX-01, vendor page section 1."""
    scheme, _, pair = mx_headers("key", "s:cr:t")["Authorization"].partition(" ")
    assert (scheme, b64decode(pair)) == ("Basic", b"key:s:cr:t")
    assert set(MX_HOSTS) == {"production", "sandbox"}


@pytest.mark.parametrize(("key", "secret"), [("a:b", "c"), ("", "c"), ("a", "")])
def test_a_key_pair_that_basic_authentication_cannot_carry_is_refused(key: str, secret: str) -> None:
    """HTTP-08: without showing it."""
    with pytest.raises(ConfigurationError) as caught:
        mx_headers(key, secret)
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize(
    ("reader", "path"), [("payments", "payment"), ("invoices", "invoice"), ("contracts", "contract")]
)
def test_lists_are_asked_for_their_merchant_in_pages_of_100(reader: str, path: str) -> None:
    """MX-02, MX-03; nothing there is one call."""
    made, rig = client(script(EMPTY), transaction_type="")
    assert numbers(getattr(made, reader)()) == []
    assert [request.url.path for request in rig.requests] == [f"/checkout/v3/{path}"]
    assert asked(rig) == [{"merchantId": str(MERCHANT), "limit": "100", "offset": "0"}]
    assert rig.observed[0][:2] == (f"/{path}", "200")


def test_a_window_is_asked_for_in_whole_seconds_that_hold_it() -> None:
    """MX-03: the filter of the source is never narrower than the window."""
    window = Window(
        datetime(2025, 3, 1, 4, 0, 0, 900_000, tzinfo=UTC), datetime(2025, 3, 2, 4, 0, 0, 1_000, tzinfo=UTC)
    )
    made, rig = client(script(EMPTY))
    list(made.payments(window))
    dates = {"startDate": "2025-03-01T04:00:00Z", "endDate": "2025-03-02T04:00:01Z"}
    assert asked(rig)[0].items() >= {**dates, "transactionType": "Any"}.items()


def test_names_and_effect_of_the_date_filter_are_settings() -> None:
    """Vendor page section 2: unverified."""
    day = minutes(0, 1440)
    options = {"start_parameter": "from", "end_parameter": "to", "date_margin_hours": 14}
    made, rig = client(script(EMPTY), **options)
    list(made.payments(day))
    list(made.invoices(day))
    assert asked(rig)[0].items() >= {"from": "2025-02-28T10:00:00Z", "to": "2025-03-02T14:00:00Z"}.items()
    assert "from" not in asked(rig)[1]
    made, rig = client(script(EMPTY), date_filter=False, invoice_date_type="Created")
    list(made.payments(day))
    made, other = client(script(EMPTY), invoice_date_type="Created")
    list(made.invoices(day))
    assert "startDate" not in asked(rig)[0]
    assert asked(other)[0].items() >= {"dateType": "Created", "startDate": "2025-03-01T00:00:00Z"}.items()


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (10, 1), (100, 1), (101, 2), (250, 3)])
def test_payments_cost_a_call_for_each_hundred(count: int, calls: int) -> None:
    """MX-08, PERF-05: over the real client, envelope and all."""
    model = listed(count)

    def answer(request: httpx.Request) -> httpx.Response:
        page = model.fetch(int(request.url.params["offset"]), int(request.url.params["limit"]))
        records = [msgspec.json.decode(record) for record in page.records]
        return httpx.Response(200, json={"recordCount": page.total, "records": records, "totals": {"x": "1"}})

    made, rig = client(answer)
    assert numbers(made.payments()) == list(range(count, 0, -1))
    assert len(rig.requests) == calls


@pytest.mark.parametrize(
    "body",
    [
        b'{"records":[]}{"records":[]}',
        b'{"records":[{"id":1,"id":2}],"recordCount":1}',
        b'{"records":[{"amount":NaN}],"recordCount":1}',
        b'{"values":[],"total":0}',
        b'{"records":null}',
        b'{"records":[],"recordCount":"1"}',
        b'{"records":[],"recordCount":0,"recordCount":0}',
    ],
)
def test_an_envelope_that_is_not_the_documented_one_breaks_the_contract(body: bytes) -> None:
    """HTTP-03, F-25: as strict as for any source."""
    answer = httpx.Response(200, headers={"content-type": "application/json"}, content=body)
    with pytest.raises(ContractBroken):
        list(client(script(answer))[0].payments())


@pytest.mark.parametrize("kind", ["payment", "invoice"])
def test_a_single_record_is_read_with_its_merchant(kind: str) -> None:
    """MX-02, trap 10: ids are above 32 bits, and never floats."""
    made, rig = client(script(httpx.Response(200, json={"id": 4_000_000_000_000_101})))
    assert bytes(getattr(made, kind)(4_000_000_000_000_101)) == b'{"id":4000000000000101}'
    assert rig.requests[0].url.path == f"/checkout/v3/{kind}/4000000000000101"
    assert asked(rig) == [{"merchantId": str(MERCHANT)}]
    assert rig.observed[0][0] == f"/{kind}/{{id}}"
    for wrong in (0, -1, 2**63, 4e15, True, "1"):
        with pytest.raises(InvalidRequest):
            getattr(made, kind)(wrong)
    assert len(rig.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json=refusal("NotFound", "no such payment")),
        httpx.Response(404, text="Not Found"),
        httpx.Response(400, text="Not Found"),
        httpx.Response(200, text="Not Found"),
        httpx.Response(200, json="Not Found"),
        httpx.Response(401, json=refusal("Unauthorized", "Payment not found or no access")),
        httpx.Response(403, json=refusal("Unauthorized", "Unauthorized", "Not found or no access.")),
    ],
)
def test_a_record_that_is_not_there_or_is_another_merchants_is_not_found(answer: httpx.Response) -> None:
    """F-42, vendor page section 8: no retry, no alarm about credentials; the source is up."""
    made, rig = client(script(answer))
    for read in (made.payment, made.invoice):
        with pytest.raises(NotFound):
            read(7)
    assert len(rig.requests) == 2
    assert rig.breaker.reports == [True, True]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, refusal("Unauthorized", "The key is not known.")),
        (401, {}),
        (403, refusal("InvalidCredentials", "x")),
        (400, refusal("InvalidCredentials", "x")),
    ],
)
def test_a_rejected_key_is_told_as_such(status: int, body: dict[str, Any]) -> None:
    """HTTP-04, F-24."""
    made, rig = client(script(httpx.Response(status, json=body)))
    for read in (lambda: made.payment(7), lambda: list(made.payments()), made.merchant, made.notifications):
        with pytest.raises(CredentialsRejected):
            read()
    assert len(rig.requests) == 4


def test_no_access_is_about_the_key_where_the_whole_merchant_is_asked_for() -> None:
    """F-24: the same words mean another thing on a list."""
    answer = httpx.Response(401, json=refusal("Unauthorized", "Merchant not found or no access"))
    with pytest.raises(CredentialsRejected):
        list(client(script(answer))[0].payments())


def test_an_error_names_code_message_details_and_trace() -> None:
    """Trap 10: ``responseCode`` of an error is a trace id for the source's support."""
    body = refusal("ValidationError", "Validation error happened", "Amount is required.", "Limit of dana@example.org.")
    with pytest.raises(VendorRejected) as caught:
        list(client(script(httpx.Response(400, json=body)))[0].payments())
    said = "ValidationError: Validation error happened: Amount is required.: Limit of ***"
    assert str(caught.value) == f"/payment: HTTP 400: {said} (trace {TRACE})"


def test_a_trace_that_is_a_number_is_not_shown_as_one() -> None:
    """Trap 10."""
    body = {"errorCode": "ValidationError", "message": "no", "responseCode": 5}
    with pytest.raises(VendorRejected, match=r"HTTP 400: ValidationError: no$"):
        list(client(script(httpx.Response(400, json=body)))[0].payments())


@pytest.mark.parametrize(
    "said",
    ["consumer-canary-1", "secret-canary-2", mx_headers("consumer-canary-1", "secret-canary-2")["Authorization"]],
)
def test_neither_key_nor_secret_is_in_an_error(said: str) -> None:
    """HTTP-08: the source may quote either of them, decoded."""
    answer = httpx.Response(400, json=refusal("ValidationError", f"the key {said} is odd"))
    with pytest.raises(SyncError) as caught:
        list(client(script(answer))[0].payments())
    shown = "".join(traceback.format_exception(caught.value))
    assert "canary" not in shown
    assert said not in shown


def test_the_merchant_is_the_proof_that_a_key_works() -> None:
    """Vendor page section 2."""
    made, rig = client(script(httpx.Response(200, json={"id": MERCHANT, "dba": "EXAMPLE CLINIC"})))
    assert made.merchant()["dba"] == "EXAMPLE CLINIC"
    assert rig.requests[0].url.path == f"/checkout/v3/merchant/{MERCHANT}"


@pytest.mark.parametrize("options", [{"page_size": 0}, {"date_margin_hours": -1}])
def test_options_that_make_no_sense_are_refused(options: dict[str, int]) -> None:
    """MX-03."""
    with pytest.raises(InvalidRequest):
        MxOptions(**options)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        MxMerchantClient(make_rig(script(EMPTY)).http, MxOptions(), 0)
