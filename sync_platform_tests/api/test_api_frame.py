"""What surrounds every request: errors, ids, headers, and what is public."""

import re

import pytest

from sync_platform_tests.api.rooms import Rooms

SECRET = "invented-password-of-nobody"


@pytest.fixture
def rooms(service):
    rooms = Rooms()
    rooms.add_to(service.app)
    return rooms


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/health", 405, "method-not-allowed")],
)
def test_what_is_not_there_is_a_problem(service, problem, method, path, status, kind):
    """API-02."""
    body = problem(service.client.request(method, path), status, kind)
    assert body["instance"] == path


def test_a_path_that_may_hold_a_secret_is_not_repeated(service, problem):
    """API-02."""
    long = SECRET * 3
    assert SECRET not in problem(service.client.get(f"/nowhere/{long}"), 404)["instance"]
    assert SECRET not in problem(service.client.post(f"/webhooks/nobody/{SECRET}", json={}), 404)["instance"]


def test_wrong_values_are_named_and_not_repeated(service, rooms, token, problem):
    """API-02, API-06: the field and what is wrong with it, never what somebody typed."""
    body = {"name": SECRET + "\x00", "seats": 501, "surprise": SECRET}
    answer = service.client.post("/rooms", json=body, headers=token("config.update"))
    errors = {error["where"]: error["code"] for error in problem(answer, 422, "invalid-request")["errors"]}
    assert errors == {
        "body/name": "string_pattern_mismatch",
        "body/seats": "less_than_equal",
        "body/surprise": "extra_forbidden",
    }
    assert SECRET not in answer.text
    assert not rooms.kept


@pytest.mark.parametrize("body", [b"{", b"[1,", b'{"name": "\xff"}', b"\x00", b"nothing", b"[" * 100_000])
def test_what_is_no_json_is_a_problem(service, rooms, token, problem, body):
    """API-02, F-59."""
    headers = {**token("config.update"), "Content-Type": "application/json"}
    answer = service.client.post("/rooms", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code)


def test_text_that_the_database_cannot_hold_is_no_fault_of_ours(service, rooms, token, problem):
    """F-54: NUL and half of a surrogate pair."""
    headers = {**token("config.update"), "Content-Type": "application/json"}
    for text in (r"a\u0000b", r"\ud800"):
        answer = service.client.post("/anything", content=f'{{"text": "{text}"}}', headers=headers)
        problem(answer, 422, "value-out-of-range")


def test_a_fault_of_ours_tells_nothing_but_the_request_id(service, rooms, token, problem):
    """API-02: no stack, no SQL, no path."""
    answer = service.client.post("/broken", headers=token("config.update"))
    problem(answer, 500, "internal")
    assert not re.search(r"select|password|\.py|Traceback|RuntimeError", answer.text)


def test_a_sane_request_id_is_taken_and_another_one_is_replaced(service):
    """API-02."""
    asked = service.client.get("/health", headers={"X-Request-Id": "booking-20261121-0001"})
    assert asked.headers["x-request-id"] == "booking-20261121-0001"
    for strange in ("short", "x" * 101, "with blanks in it", "${jndi:ldap}"):
        given = service.client.get("/health", headers={"X-Request-Id": strange}).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{32}", given)


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/openapi.json"])
def test_every_answer_carries_the_headers_of_safety(service, path):
    """SEC-02."""
    headers = service.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_behind_tls_clients_are_told_to_stay_with_it(make_service):
    """SEC-02."""
    service = make_service(api={"hsts": True})
    assert "max-age=" in service.client.get("/nowhere").headers["strict-transport-security"]


def test_other_pages_may_not_call_unless_they_are_on_the_list(make_service, service):
    """SEC-02."""
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in service.client.options("/health", headers=ask).headers
    listed = make_service(api={"cors_origins": ("https://app.example",)})
    assert listed.client.options("/health", headers=ask).headers["access-control-allow-origin"] == ask["Origin"]
    ask["Origin"] = "https://evil.example"
    assert "access-control-allow-origin" not in listed.client.options("/health", headers=ask).headers


def test_the_address_is_believed_from_a_trusted_proxy_only(make_service, token):
    """SEC-30: from where."""
    forwarded = {"X-Forwarded-For": "198.51.100.9"}
    for proxies, address in (((), "192.0.2.7"), (("192.0.2.0/24",), "198.51.100.9"), (("203.0.113.1",), "192.0.2.7")):
        service = make_service(api={"trusted_proxies": proxies})
        Rooms().add_to(service.app)
        answer = service.client.get("/rooms/1", headers={**token("config.read"), **forwarded})
        assert answer.json()["address"] == address


def test_health_says_that_it_lives_and_nothing_else(service):
    """API-01."""
    assert service.client.get("/health").json() == {"status": "alive"}


def test_ready_looks_at_database_migrations_and_queue(make_service, database_url, problem, run_as_administrator):
    """API-01."""
    assert make_service().client.get("/ready").json() == {"status": "ready"}
    for statement, part in (
        ("alter table platform.run_requests rename to run_requests_gone", "queue"),
        ("delete from platform_migrations.files where name like '%policies%'", "migrations"),
    ):
        run_as_administrator(statement)
        body = problem(make_service().client.get("/ready"), 503, "not-ready")
        assert [error["where"] for error in body["errors"]] == [part]


def test_the_log_has_one_line_without_what_was_asked(service, rooms, token, log_lines):
    """SEC-22: route, status and time; no path, query, body or person."""
    headers = token("config.read")
    service.client.get("/rooms/77?secret=abc", headers=headers)
    (line,) = [line for line in log_lines if line["event"] == "request"]
    assert set(line) == {"event", "log_level", "request_id", "method", "route", "tenant", "status", "ms"}
    assert (line["method"], line["route"], line["status"]) == ("GET", "/rooms/{number}", 200)
    assert line["tenant"] == service.tenant.slug
