"""The one HTTP client: which answers and addresses it accepts."""

import gzip
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from sync_platform.core.errors import (
    ConfigurationError,
    ContractBroken,
    InvalidRequest,
)
from sync_platform_tests.vendors.vendor_rig import HOST, NOW, make_rig, script


def good(**extra: Any) -> httpx.Response:
    return httpx.Response(200, json={"ok": True}, **extra)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>sign in</html>"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b""),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b"  \n"),
        httpx.Response(200, headers={"content-type": "text/plain"}, content=b"{}"),
        httpx.Response(200, content=b"{}"),
        httpx.Response(200, headers={"content-type": "application/json; charset=iso-8859-1"}, content=b"{}"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b"\xef\xbb\xbf{}"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"a":"\xff"}'),
        httpx.Response(204),
        httpx.Response(206, json={}),
    ],
)
def test_an_answer_that_is_not_what_it_should_be_is_asked_for_again(answer: httpx.Response) -> None:
    """HTTP-03, F-25: retried like a transport fault; when it stays so, the contract is broken."""
    assert make_rig(script(answer, good())).get().status == 200
    rig = make_rig(script(answer))
    with pytest.raises(ContractBroken):
        rig.get()
    assert len(rig.requests) == 6


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json;charset=UTF-8", 'Application/JSON; charset="utf8"']
)
def test_json_in_utf8_is_accepted_however_it_is_spelled(kind: str) -> None:
    """HTTP-03."""
    answer = httpx.Response(200, headers={"content-type": kind}, content=b"{}")
    assert make_rig(script(answer)).get().body == b"{}"


def test_a_body_the_reader_cannot_decode_is_asked_for_again_before_anything_is_delivered() -> None:
    """HTTP-03, F-25."""

    def decode(body: bytes) -> int:
        if b"ok" not in body:
            raise ContractBroken("no ok")
        return 7

    bad = httpx.Response(200, json={})
    rig = make_rig(script(bad, good()))
    assert rig.get(decode=decode).value == 7
    with pytest.raises(ContractBroken, match="no ok"):
        make_rig(script(bad), threshold=5).get(decode=decode)


def test_a_gzip_answer_is_decoded_and_counted_as_it_was_before() -> None:
    """HTTP-02: members of a gzip stream follow each other."""
    content = gzip.compress(b'{"a":') + gzip.compress(b"1}")
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    rig = make_rig(script(httpx.Response(200, headers=headers, stream=httpx.ByteStream(content))))
    assert rig.get().body == b'{"a":1}'
    assert rig.observed == [("/things", "200", 7)]


@pytest.mark.parametrize(
    "content", [gzip.compress(b"{}" * 99, mtime=0)[:-9], b"plain", gzip.compress(b"{}", mtime=0) + b"rest"]
)
def test_a_broken_gzip_is_a_fault_of_the_source(content: bytes) -> None:
    """F-25."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    rig = make_rig(lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(content)))
    with pytest.raises(ContractBroken, match="gzip"):
        rig.get()


@pytest.mark.parametrize("location", ["https://evil.example/", "http://pos.example/", "http://127.0.0.1/", "/v1/other"])
def test_a_redirect_is_refused_and_nothing_is_sent_there(location: str) -> None:
    """HTTP-01, F-33."""
    rig = make_rig(script(httpx.Response(302, headers={"Location": location})))
    with pytest.raises(ContractBroken, match="redirect"):
        rig.get()
    assert [request.url.host for request in rig.requests] == [HOST]


def test_cookies_of_the_source_are_not_sent_back() -> None:
    """HTTP-08: a session of the source's is a credential that nobody manages."""
    rig = make_rig(script(good(headers={"Set-Cookie": "session=1"}), good()))
    rig.get()
    rig.get()
    assert "cookie" not in rig.requests[1].headers


@pytest.mark.parametrize(
    "base",
    [
        "https://other.example",
        "http://pos.example",
        "https://user:word@pos.example",
        "https://pos.example/path",
        "ftp://pos.example",
        "https://pos.example:port",
        "pos.example",
        "https://pos.example@evil.example",
    ],
)
def test_another_host_or_plain_http_is_refused_before_the_keys_are_sent(base: str) -> None:
    """HTTP-01, F-33."""
    with pytest.raises(ConfigurationError):
        make_rig(script(good()), base_url=base)


@pytest.mark.parametrize("base", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:1"])
def test_plain_http_is_for_this_machine_only(base: str) -> None:
    """HTTP-01."""
    hosts = frozenset({"127.0.0.1", "::1", "localhost"})
    assert make_rig(script(good()), base_url=base, allowed_hosts=hosts).get().status == 200


@pytest.mark.parametrize("path", ["/v1/../admin", "/v1//x", "v1", "/v1/%2e%2e/x", "/v1?x=1", "/v1/a b", "/", "/v1/#x"])
def test_a_path_stays_where_it_is(path: str) -> None:
    """HTTP-01."""
    rig = make_rig(script(good()))
    with pytest.raises(InvalidRequest):
        rig.http.get("/things", path, {})
    assert rig.requests == []


@pytest.mark.parametrize(("minutes", "skewed"), [(10, True), (-10, True), (0, False)])
def test_a_wrong_clock_is_seen(minutes: int, skewed: bool) -> None:
    """HTTP-14, F-35."""
    date = format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)
    rig = make_rig(script(good(headers={"Date": date})))
    assert rig.get().skew_seconds == minutes * 60
    assert rig.http.clock_skewed is skewed


@pytest.mark.parametrize("date", ["yesterday", "Mon, 99 Foo 2026", ""])
def test_an_unreadable_date_is_no_skew(date: str) -> None:
    """HTTP-14."""
    rig = make_rig(script(good(headers={"Date": date})))
    assert rig.get().skew_seconds is None
