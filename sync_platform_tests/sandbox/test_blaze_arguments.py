"""Whatever is asked, the stand-in answers with a page or a refusal, never with a crash."""

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from sync_platform.sandbox.blaze_vendor import BlazeVendor
from sync_platform.sandbox.endpoints import Endpoints, Page, Rules
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import VENDOR_PREFIX, Request
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import shop_spec

PATHS = ("/members", "/transactions", "/products", "/products/modified", "/vendors", "/employees", "/store")
VALUES = st.one_of(
    st.integers().map(str), st.dates().map(lambda day: f"{day:%m/%d/%Y}"), st.text(max_size=12), st.just("")
)
QUERIES = st.dictionaries(st.sampled_from(["startDate", "endDate", "skip", "start", "limit"]), VALUES)


@pytest.fixture(scope="module")
def quiet() -> Shop:
    return build_shop(shop_spec(transactions=5, members=3, products=3))


@given(path=st.sampled_from(PATHS), query=QUERIES)
@example("/products", {"skip": str(10**30)})
@example("/transactions", {"startDate": "01/01/2026", "endDate": "01/01/2026", "skip": str(10**30)})
def test_any_arguments_are_served_or_refused(quiet: Shop, path: str, query: dict[str, str]) -> None:
    """SBX-01."""
    request = Request.of("GET", f"{VENDOR_PREFIX}{path}?{urlencode(query)}", {}, 1.8e9)
    try:
        answer = Endpoints(Rules()).answer(quiet, request)
    except Refusal as refusal:
        answer = BlazeVendor([quiet], 0).refuse(refusal).body
        event(f"refused with {refusal.status}")
    if isinstance(answer, Page):
        event("served")
        assert len(answer.rows(answer.skip, answer.limit)) <= 100
    else:
        assert answer.startswith(b"{")


@pytest.fixture(scope="module")
def url(quiet: Shop) -> Iterator[str]:
    with BlazeSandbox([quiet]) as box:
        yield f"{box.url}{VENDOR_PREFIX}"


@pytest.mark.parametrize("day", ["12/31/9999", "01/01/0001"])
def test_the_ends_of_the_calendar_are_no_crash(url: str, day: str) -> None:
    """SBX-01: a refusal or an empty page, depending on the zone."""
    headers = {"partner_key": "demo-partner-key", "Authorization": "corner-key"}
    answer = httpx.get(f"{url}/transactions", params={"startDate": day, "endDate": day}, headers=headers)
    assert answer.status_code in (200, 400)


def test_a_request_of_unknown_length_is_refused(url: str) -> None:
    """SBX-01."""
    connection = HTTPConnection("127.0.0.1", urlsplit(url).port or 0, timeout=10)
    connection.request("POST", urlsplit(url).path, headers={"Content-Length": "many"})
    assert connection.getresponse().status == 400
    connection.close()
