"""Tokens belong into one header, answers carry the headers of safety, and nobody is sent elsewhere (F-66, F-67)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sync_platform.sync.audit import read_audit
from sync_platform_tests.api.conftest import MakePlatform, MakeService, Person, ProblemOf, Service, Token
from sync_platform_tests.api.listening import Listening, heard, listening

SAFETY = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
#: Where careless clients put tokens.
PLACES = ("access_token", "token", "apikey", "api_key", "jwt", "authorization", "Authorization", "bearer")


def safe(headers: httpx.Headers) -> bool:
    """Whether an answer has them all, once."""
    here = headers.get("location", "/api/").startswith("/api/")
    return here and all(headers.get_list(name) == [value] for name, value in SAFETY.items())


def calls(service: Service) -> Iterator[tuple[str, str]]:
    """Each operation of the document with something in its path."""
    for path, methods in service.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path.replace("{", "").replace("}", "")


def test_a_token_in_an_address_opens_nothing_and_is_in_no_log(
    service: Service, owner: Person, token: Token, problem: ProblemOf, log_lines: list[Any]
) -> None:
    """F-66, SEC-22: by query, cookie or as a name and password of the address."""
    secrets = [owner.token, token("sync.run")["Authorization"].removeprefix("Bearer ")]
    for secret in secrets:
        for name in PLACES:
            problem(service.client.get("/api/runs", params={name: secret}), 401, "not-signed-in")
        for headers in ({"Cookie": f"access_token={secret}"}, {"X-Api-Key": secret}, {"apikey": secret}):
            problem(service.client.get("/api/runs", headers=headers), 401, "not-signed-in")
        answer = service.client.get("/api/runs", auth=("token", secret))
        problem(answer, 401, "not-signed-in")
        # whoever is signed in may put what they like behind the question mark: it is not looked at, and not logged
        assert (
            service.client.get("/api/runs", params={"access_token": secret}, headers=owner.headers).status_code == 200
        )
        referred = {**owner.headers, "Referer": f"https://app.example/?access_token={secret}"}
        assert service.client.get("/api/runs", headers=referred).status_code == 200
    told = str(log_lines) + str([*read_audit(service.platform, None), *read_audit(service.platform, service.tenant.id)])
    assert not any(secret in told for secret in secrets)


def test_every_operation_answers_with_the_headers_of_safety(service: Service, owner: Person) -> None:
    """F-67: refused and let in, whatever the status; nothing is kept, framed, guessed or told to the next page."""
    for method, path in calls(service):
        for headers in ({}, owner.headers):
            answer = service.client.request(method, path, headers=headers, follow_redirects=False)
            assert safe(answer.headers), (method, path, answer.status_code, dict(answer.headers))
            assert not 300 <= answer.status_code < 400
            assert "set-cookie" not in answer.headers


def test_errors_of_every_kind_carry_them_too(make_service: MakeService, owner: Person) -> None:
    """F-67: what is too large, too often, of the wrong method, or no request of this service."""
    few = make_service(api={"reads_per_minute": 1, "writes_per_minute": 100, "max_body_kib": 1})
    client, seen = few.client, {}
    for method, path, sent in (
        ("GET", "/nowhere", {}),
        ("PATCH", "/api/runs", {}),
        ("POST", "/api/sync/manual", {"content": b"x" * 5000}),
        ("POST", "/api/sync/manual", {"content": b"{"}),
        *[("GET", "/api/runs", {})] * 3,
    ):
        answer = client.request(method, path, headers=owner.headers, **sent)
        assert safe(answer.headers), answer
        seen[answer.status_code] = answer.headers["content-type"]
    assert {404, 405, 413, 422, 429} <= set(seen)
    assert {kind for status, kind in seen.items() if status >= 400} == {"application/problem+json"}


@pytest.fixture
def live(make_platform: MakePlatform) -> Iterator[Listening]:
    with listening(make_platform()) as live:
        yield live


@pytest.mark.parametrize(
    "request_line", [b"GET /\x01 HTTP/1.1", b"NONSENSE", b"GET / HTTP/9.9", b"GET /" + b"x" * 70_000 + b" HTTP/1.1"]
)
def test_what_is_no_request_is_answered_with_them_or_not_at_all(live: Listening, request_line: bytes) -> None:
    """F-67, F-59: below the application as well."""
    with live.line() as line:
        line.sendall(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = heard(line).decode("latin-1").lower()
    assert not answer or all(f"{name}: {value}" in answer for name, value in SAFETY.items()), answer[:600]


@pytest.mark.parametrize(
    "path",
    [
        "/health/",
        "/api/runs/",
        "//evil.example/health",
        "//evil.example/..",
        "/%2f%2fevil.example",
        "/\\evil.example",
        "/health?next=https://evil.example",
        "/api/runs?redirect_uri=https://evil.example",
        "/https://evil.example",
    ],
)
def test_nobody_is_sent_to_another_place(service: Service, owner: Person, path: str) -> None:
    """F-67: no redirect, neither by a path nor by the name that a request gives to this host."""
    sent = {**owner.headers, "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = service.client.get(path, headers=sent, follow_redirects=False)
    assert "location" not in answer.headers
    assert not 300 <= answer.status_code < 400
    assert "https://evil.example" not in answer.text.replace("/https://evil.example", "")


def test_addresses_of_answers_are_paths_of_this_service(service: Service, owner: Person) -> None:
    """F-67: where a run is told about does not depend on what the request says about hosts."""
    sent = {**owner.headers, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = service.client.post("/api/sync/manual", json={"source": "blaze", "entity": "products"}, headers=sent)
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["status_url"] == f"/api/runs/{answer.json()['run_id']}"


def test_a_page_of_another_origin_can_change_nothing(service: Service, owner: Person) -> None:
    """F-67: there is nothing that a browser adds by itself, so a forged form is a request of nobody."""
    form = {"source": "blaze", "entity": "products"}
    answer = service.client.post("/api/sync/manual", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 401
    assert "access-control-allow-origin" not in answer.headers
    typed = {**owner.headers, "Content-Type": "text/plain", "Origin": "https://evil.example"}
    assert "access-control-allow-origin" not in service.client.get("/api/runs", headers=typed).headers
