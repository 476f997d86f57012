"""Whatever is asked, the stand-in for MX Merchant answers with a page or a refusal, never with a crash."""

from urllib.parse import urlencode

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.mx_endpoints import MxEndpoints, MxRules
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_pages import MxPage
from sync_platform.sandbox.mx_vendor import MX_PREFIX, MxVendor
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request
from sync_platform_tests.sandbox.mx_clinic import clinic_spec

PATHS = ("/payment", "/invoice", "/contract", "/customer", "/subscription", "/payment/x", "/merchant/0")
VALUES = st.one_of(
    st.integers().map(str), st.datetimes().map(lambda at: at.isoformat()), st.text(max_size=12), st.just("")
)
NAMES = ["startDate", "endDate", "offset", "limit", "merchantId", "status", "customerId", "transactionType"]


@pytest.fixture(scope="module")
def quiet() -> Merchant:
    return build_merchant(clinic_spec(payments=5))


@given(
    path=st.sampled_from(PATHS),
    query=st.dictionaries(st.sampled_from(NAMES), VALUES),
    named=st.booleans(),
    method=st.sampled_from(["GET", "PUT", "DELETE", "POST"]),
    body=st.binary(max_size=20),
)
@example("/payment", {"offset": str(10**30), "limit": str(10**30)}, True, "GET", b"")
@example(
    "/payment", {"startDate": "0001-01-01T00:00:00+14:00", "endDate": "9999-12-31T23:59:59-12:00"}, True, "GET", b""
)
def test_any_arguments_are_served_or_refused(
    quiet: Merchant, path: str, query: dict[str, str], named: bool, method: str, body: bytes
) -> None:
    """SBX-01."""
    if named:
        query |= {"merchantId": str(quiet.spec.merchant_id)}
    request = Request.of(method, f"{MX_PREFIX}{path}?{urlencode(query)}", {}, 1.8e9, prefix=MX_PREFIX, body=body)
    try:
        answer: object = MxEndpoints(MxRules(), [quiet]).answer(quiet, request)
    except Refusal as refusal:
        answer = MxVendor([quiet], 0).refuse(refusal)
        event(f"refused with {refusal.status}")
    if isinstance(answer, MxPage):
        rows = answer.rows(answer.skip, answer.limit)
        assert len(rows) <= 1000
        assert answer.write(rows).startswith(b'{"recordCount":')
    elif isinstance(answer, Outgoing):
        assert answer.status in (400, 401, 404, 405)
