"""Answers of PostgREST and of the gateway before it: what each is, and what it is not."""

import json
from typing import Any

import httpx
import pytest

from sync_platform.core.errors import (
    ConfigurationError,
    ContractBroken,
    CredentialsRejected,
    SyncError,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from sync_platform.vendors.postgrest import Asked, PostgrestApi, PostgrestOptions, postgrest_headers
from sync_platform.vendors.postgrest_answers import (
    AnonymousKey,
    ColumnMissing,
    ObjectMissing,
    PermissionMissing,
    ProjectRestricted,
    counted_rows,
)
from sync_platform_tests.vendors.vendor_rig import Handler, Rig, make_rig, script

KEY = "canary-key-of-a-role"
HTML = "<!DOCTYPE html><html><body>Error 522</body></html>"
ASKED = Asked("things", {"owner": "in.(canary-hash,canary-other)"}, hidden=("canary-hash", "canary-other"))


def rows(*ids: Any, total: str = "*", status: int = 200) -> httpx.Response:
    span = f"0-{len(ids) - 1}" if ids else "*"
    headers = {"Content-Range": f"{span}/{total}"}
    return httpx.Response(status, json=[{"id": one} for one in ids], headers=headers)


def refusal(status: int, code: str | None, message: str = "said no") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "details": None, "hint": None})


def api(handler: Handler, **options: Any) -> tuple[PostgrestApi, Rig]:
    rig = make_rig(handler, headers=postgrest_headers(KEY))
    return PostgrestApi(rig.http, PostgrestOptions(**options)), rig


def asked_once(answer: httpx.Response) -> tuple[SyncError, Rig]:
    one, rig = api(lambda request: answer)
    with pytest.raises(SyncError) as raised:
        one.rows(ASKED, None, 10)
    return raised.value, rig


def test_a_page_is_asked_with_key_order_and_count() -> None:
    """CRM-01, CRM-03: the key goes to the gateway and decides the role; + and the other signs are encoded."""
    one, rig = api(lambda request: rows(8, 9, total="12", status=206))
    found = one.rows(Asked("things", {"phone": "eq.+66 81,2"}), 7, 2)
    [request] = rig.requests
    assert request.url.raw_path == b"/rest/v1/things?phone=eq.%2B66+81%2C2&order=id.asc&limit=2&id=gt.7"
    assert request.headers["apikey"] == KEY
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Prefer"] == "count=exact"
    assert "Accept-Profile" not in request.headers
    assert (found.keys, found.page.total) == ([8, 9], 12)


def test_a_bare_postgrest_and_another_schema() -> None:
    """Without a gateway there is no prefix; a schema is named in a header of its own for either kind of call."""
    one, rig = api(lambda request: rows(), base_path="", db_schema="sales", count_rows=False)
    one.rows(Asked("things"), None, 2)
    one.rows(Asked("find", arguments={"p_owner": "a"}), None, 2)
    table, function = rig.requests
    assert (table.method, table.url.path, table.headers["Accept-Profile"]) == ("GET", "/things", "sales")
    assert (function.method, function.url.path, function.headers["Content-Profile"]) == ("POST", "/rpc/find", "sales")
    assert json.loads(function.content) == {"p_owner": "a"}
    assert "Prefer" not in table.headers


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "PGRST100", VendorRejected),
        (400, "22P02", VendorRejected),
        (400, "42703", ColumnMissing),
        (400, None, VendorRejected),
        (401, None, CredentialsRejected),
        (401, "PGRST301", CredentialsRejected),
        (401, "PGRST302", CredentialsRejected),
        (401, "42501", AnonymousKey),
        (402, None, ProjectRestricted),
        (403, None, CredentialsRejected),
        (403, "42501", PermissionMissing),
        (404, "PGRST205", ObjectMissing),
        (404, "42P01", ObjectMissing),
        (404, "PGRST202", ObjectMissing),
        (406, "PGRST106", ObjectMissing),
        (409, "23505", VendorRejected),
    ],
)
def test_what_asking_again_would_not_mend_is_asked_once(status: int, code: str | None, kind: type[SyncError]) -> None:
    """HTTP-04: by status and then by code; the text may say anything."""
    error, rig = asked_once(refusal(status, code, "JWT expired, permission denied, relation does not exist"))
    assert type(error) is kind
    assert len(rig.requests) == 1
    assert rig.breaker.reports == [True]


def test_a_missing_permission_is_not_a_rejected_key() -> None:
    """The remedy is a grant; no alarm "credentials" is raised for a key that is good."""
    error, _ = asked_once(refusal(403, "42501", "permission denied for table things"))
    assert isinstance(error, ConfigurationError)
    assert not isinstance(error, CredentialsRejected)
    assert "grant select" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        *[refusal(500, code) for code in ("40001", "40P01")],
        *[httpx.Response(status, html=HTML) for status in (500, 502, 503, 504, 520, 521, 522, 523, 524)],
        refusal(503, "PGRST001"),
        refusal(504, "PGRST003"),
        httpx.Response(429),
        httpx.Response(200, html=HTML),
        httpx.Response(200, json={"id": 1}),
        httpx.Response(200, json=[{"id": 1}], headers={"Content-Range": "0-1/2"}),
        httpx.Response(200, json=[{"id": 1}], headers={"Content-Range": "bytes 0-1/2"}),
        httpx.Response(200, json=[{"id": 2}, {"id": 1}]),
    ],
)
def test_what_may_be_better_next_time_is_asked_again(answer: httpx.Response) -> None:
    """HTTP-03, HTTP-04: faults of source and gateway, pages of HTML, and pages that are not what they say."""
    one, rig = api(script(answer, answer, rows(1, total="1")))
    assert one.rows(ASKED, None, 10).keys == [1]
    assert len(rig.requests) == 3


def test_a_call_of_a_function_is_repeated_like_any_reading() -> None:
    """HTTP-06: it is a POST that changes nothing."""
    one, rig = api(script(httpx.Response(502, html=HTML), httpx.ReadTimeout("slow"), rows(1, total="1")))
    assert one.rows(Asked("find", arguments={"p_owner": "a"}), None, 10).keys == [1]
    assert [request.method for request in rig.requests] == ["POST"] * 3


def test_a_token_from_the_future_gets_one_more_chance() -> None:
    """PGRST303 once more and no more, whatever the text; PGRST301 not at all."""
    future = refusal(401, "PGRST303", "JWT issued at future")
    one, rig = api(script(future, rows(1, total="1")))
    assert one.rows(ASKED, None, 10).keys == [1]
    error, rig = asked_once(future)
    assert type(error) is CredentialsRejected
    assert len(rig.requests) == 2


def test_an_error_of_the_database_is_no_outage_and_soon_final() -> None:
    """HTTP-04, HTTP-07: the source is up; a row that breaks a query must not close the source for all others."""
    error, rig = asked_once(refusal(500, "XX000", "could not read block"))
    assert type(error) is VendorUnavailable
    assert len(rig.requests) == 3
    assert rig.breaker.reports == [True] * 3


def test_a_statement_timeout_asks_for_less() -> None:
    """HTTP-05: as any timeout, after two of them where less can be asked for."""
    one, rig = api(lambda request: refusal(500, "57014", "canceling statement due to statement timeout"))
    with pytest.raises(VendorTimeout):
        one.rows(ASKED, None, 10, timeout_tries=2)
    assert len(rig.requests) == 2


@pytest.mark.parametrize("answer", [refusal(416, "PGRST103"), httpx.Response(416, html=HTML)])
def test_beyond_the_end_there_are_no_rows(answer: httpx.Response) -> None:
    """CRM-01."""
    one, _ = api(lambda request: answer)
    found = one.rows(ASKED, None, 10)
    assert (found.keys, found.page.total) == ([], None)


@pytest.mark.parametrize(
    ("text", "number", "total"),
    [
        ("0-14/*", 15, None),
        ("*/*", 0, None),
        ("*/0", 0, 0),
        ("0-24/3573458", 25, 3573458),
        ("3-3/4", 1, 4),
        ("", 9, None),
    ],
)
def test_the_ranges_that_are_documented(text: str, number: int, total: int | None) -> None:
    """CRM-01."""
    assert counted_rows(text, number) == total


@pytest.mark.parametrize(("text", "number"), [("0-14/15", 14), ("*/3", 1), ("0-1", 2), ("-1-2/3", 3), ("0-2/-3", 3)])
def test_a_range_that_is_not_of_these_rows_is_refused(text: str, number: int) -> None:
    """F-26."""
    with pytest.raises(ContractBroken):
        counted_rows(text, number)


def test_the_number_of_rows_is_counted_or_there_is_none() -> None:
    one, rig = api(script(rows(1, total="812", status=206), rows(1)))
    assert one.count(ASKED) == 812
    assert rig.requests[0].url.params["limit"] == "1"
    with pytest.raises(ContractBroken):
        one.count(ASKED)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_neither_key_nor_filter_is_in_a_message(status: int) -> None:
    """HTTP-08: PostgREST quotes the query that it cannot read, and values that it cannot cast."""
    said = f"failed to parse (in.(canary-hash,canary-other)) with {KEY} of sam@example.org, +66 81 234 5678"
    error, rig = asked_once(refusal(status, "PGRST100", said))
    assert "canary" not in str(error)
    assert "@" not in str(error)
    assert "234" not in str(error)
    assert "canary" not in str(rig.observed)
    assert str(error).startswith("/things: HTTP")


def test_a_header_of_a_request_cannot_replace_the_key() -> None:
    """HTTP-08."""
    _, rig = api(lambda request: rows())
    expected: Any = None
    with pytest.raises(ConfigurationError):
        rig.http.request("GET", "/things", "/things", {}, expected, headers={"APIKEY": "another"})
    assert rig.requests == []


def test_a_part_of_an_answer_is_refused_where_none_is_expected() -> None:
    """HTTP-03: 206 is for those who can put parts together."""
    rig = make_rig(lambda request: httpx.Response(206, json={"a": 1}))
    with pytest.raises(ContractBroken):
        rig.get()
