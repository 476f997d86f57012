"""What must not get out of the client: keys, personal data, endless texts."""

import logging
import traceback

import httpx
import pytest

from sync_platform.core.errors import ConfigurationError, SyncError, VendorRejected
from sync_platform_tests.vendors.vendor_rig import make_rig, script

CANARIES = ("partner-canary-1", "shop-canary-2")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": "key shop-canary-2 is not known"}),
        httpx.Response(400, text="Authorization: shop-canary-2 partner_key=partner-canary-1"),
        httpx.Response(503, html="<html>shop-canary-2</html>"),
        httpx.Response(302, headers={"Location": "https://evil.example/?key=shop-canary-2"}),
        httpx.Response(200, html="shop-canary-2"),
        httpx.ConnectError("shop-canary-2"),
        httpx.LocalProtocolError("Illegal header value b'shop-canary-2'"),
        httpx.ReadTimeout("shop-canary-2"),
    ],
)
def test_no_key_is_in_an_error_its_causes_or_the_log(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """HTTP-08, F-70: not even when the source, or the library, quotes it."""
    caplog.set_level(logging.DEBUG)
    rig = make_rig(script(answer))
    with pytest.raises(SyncError) as caught:
        rig.get()
    shown = "".join(traceback.format_exception(caught.value)) + repr(rig.http) + caplog.text
    assert not [canary for canary in CANARIES if canary in shown]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "value", ["shop-canary-2\n", "shop-canary-2\r\nX: 1", "", " ", "shop-canary-2\u00e9", "a\x00b"]
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(value: str) -> None:
    """HTTP-08."""
    with pytest.raises(ConfigurationError, match="Authorization") as caught:
        make_rig(script(httpx.Response(200)), headers={"Authorization": value})
    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"field": "Transfer Request", "message": "Amount must be greater than 0.", "errorType": "x"}',
            "Transfer Request: Amount must be greater than 0.",
        ),
        (
            b'{"error": "Invalid argument", "message": "Date range cannot exceed 7 days", "status": 400}',
            "Invalid argument: Date range cannot exceed 7 days",
        ),
        (b"upstream\nfailed\x00\x1b[31m", "upstream failed [31m"),
        (b"<!doctype html><h1>x</h1>", "an HTML page"),
        (b'{"message": "no member dana@example.org, (559) 555-0142"}', "no member *** ***"),
        (b'["list"]', '["list"]'),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_both_error_bodies_and_plain_text_become_one_short_line(body: bytes, said: str) -> None:
    """HTTP-08 and section 10 of the vendor's page: personal data does not go into messages."""
    with pytest.raises(VendorRejected) as caught:
        make_rig(script(httpx.Response(400, content=body))).get()
    assert str(caught.value) == f"/things: HTTP 400: {said}"


def test_a_long_error_is_cut() -> None:
    """HTTP-08."""
    with pytest.raises(VendorRejected) as caught:
        make_rig(script(httpx.Response(400, text="word " * 9999))).get()
    assert len(str(caught.value)) < 250
