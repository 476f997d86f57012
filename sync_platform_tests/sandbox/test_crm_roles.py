"""Keys, roles and refusals of the stand-in for the CRM (SBX-01)."""

from collections.abc import Iterator

import httpx
import pytest

from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.gate import CallLimit
from sync_platform_tests.sandbox.crm_club import COUNT, HEADERS, KEY, PUBLIC, asking, build_club

ANONYMOUS = {"apikey": PUBLIC, "Authorization": f"Bearer {PUBLIC}"}
NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}


@pytest.fixture
def club() -> CrmProject:
    return build_club(customers=30)


@pytest.fixture
def client(club: CrmProject) -> Iterator[httpx.Client]:
    with asking(club) as client:
        client.headers.clear()
        yield client


def test_without_a_key_the_gateway_answers(client) -> None:
    """SBX-01: in its own words, whatever is asked."""
    for path in ("/customers", "/nothing", "/rpc/nothing"):
        answer = client.get(path, headers={"Authorization": f"Bearer {KEY}"})
        assert (answer.status_code, answer.json()) == (401, NO_KEY)
    answer = client.get("/customers", headers={"apikey": "invented-other-key"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid API key")


def test_the_token_decides_about_the_role_and_not_the_gateways_key(client) -> None:
    """SBX-01."""
    answer = client.get("/customers", headers={"apikey": KEY})
    assert (answer.status_code, answer.json()["code"]) == (401, "42501")
    answer = client.get("/customers", headers={"apikey": PUBLIC, "Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200
    answer = client.get("/customers", headers={"apikey": KEY, "Authorization": "Bearer invented-token"})
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


@pytest.mark.parametrize(("sees", "status", "rows"), [("denied", 401, None), ("hidden", 200, 0), ("visible", 200, 30)])
def test_the_public_key_sees_an_error_nothing_or_all(client, club, sees, status, rows) -> None:
    """SBX-01, CRM-03: rows that row security hides are missing without a word."""
    club.anonymous = sees
    answer = client.get("/customers", headers=ANONYMOUS | COUNT)
    assert answer.status_code == status
    if rows is None:
        assert answer.json()["code"] == "42501"
    else:
        assert (len(answer.json()), answer.headers["Content-Range"].rpartition("/")[2]) == (rows, str(rows))
    wanted = next(one for one in club.hashes() if club.packages_of(one))
    called = client.post("/rpc/get_packages_by_hash_id", json={"p_stable_hash_id": wanted}, headers=ANONYMOUS)
    assert called.status_code == status
    assert (called.json() == []) is (rows == 0)


def test_a_key_that_reads_does_not_write(client, club) -> None:
    """SBX-01: 403 for whoever is known, 401 for whoever is not."""
    before = club.truth("customers")
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        for headers, status in ((HEADERS, 403), (ANONYMOUS, 401)):
            answer = client.request(method, "/customers?id=eq.1", headers=headers, json={"email": "eve@example.org"})
            assert (answer.status_code, answer.json()["code"]) == (status, "42501")
    assert club.truth("customers") == before


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/rpc/nothing", 404, "PGRST202"),
        ("GET", "/rpc/get_packages_by_hash_id", 404, "PGRST202"),
        ("GET", "/rpc/get_packages_by_hash_id?p_stable_hash_id=0&more=1", 404, "PGRST202"),
        ("PUT", "/rpc/get_packages_by_hash_id", 405, "PGRST101"),
        ("OPTIONS", "/customers", 405, "PGRST117"),
        ("GET", "/customers/1", 404, "PGRST125"),
        ("GET", "/", 404, "PGRST125"),
    ],
)
def test_paths_and_methods_that_are_not_there_are_refused(client, method, path, status, code) -> None:
    """SBX-01."""
    answer = client.request(method, path, headers=HEADERS)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_is_sent_to_a_function_has_to_be_an_object(client) -> None:
    """SBX-01; a null is an argument, for which there is nothing."""
    for body in (b"[", b"[]", b'"text"'):
        answer = client.post("/rpc/get_packages_by_hash_id", content=body, headers=HEADERS)
        assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")
    answer = client.post("/rpc/get_packages_by_hash_id", json={"p_stable_hash_id": None}, headers=HEADERS)
    assert (answer.status_code, answer.json()) == (200, [])


def test_schemas_and_kinds_of_answers_are_negotiated(client) -> None:
    """SBX-01."""
    for header, status, code in (
        ({"Accept-Profile": "private"}, 406, "PGRST106"),
        ({"Accept-Profile": "graphql_public"}, 404, "PGRST205"),
        ({"Accept": "text/html"}, 406, "PGRST107"),
    ):
        answer = client.get("/customers", headers=HEADERS | header)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = client.post("/rpc/get_packages_by_hash_id", headers=HEADERS | {"Content-Profile": "private"}, json={})
    assert answer.json()["code"] == "PGRST106"
    assert client.get("/customers", headers=HEADERS | {"Accept-Profile": "public"}).status_code == 200


def test_a_right_can_be_taken_away_and_calls_can_be_limited(club) -> None:
    """SBX-01."""
    club.denied.add("/packages")
    with CrmSandbox([club], limit=CallLimit(calls=2, seconds=60.0)) as box:
        answer = httpx.get(f"{box.url}/rest/v1/packages", headers=HEADERS)
        assert (answer.status_code, answer.json()["code"]) == (403, "42501")
        assert httpx.get(f"{box.url}/rest/v1/customers", headers=HEADERS).status_code == 200
        answer = httpx.get(f"{box.url}/rest/v1/customers", headers=HEADERS)
        assert (answer.status_code, answer.json().keys()) == (429, {"message"})


def test_two_projects_do_not_see_one_another(club) -> None:
    """SBX-01."""
    other = build_club(name="Other", customers=3, api_key="invented-other-key", public_key="invented-other-public")
    with CrmSandbox([club, other]) as box:
        found = httpx.get(
            f"{box.url}/rest/v1/customers",
            headers={"apikey": "invented-other-key", "Authorization": "Bearer invented-other-key"},
        )
        assert found.json() == other.truth("customers")
        crossed = httpx.get(f"{box.url}/rest/v1/customers", headers=HEADERS | {"apikey": "invented-other-key"})
        assert crossed.json()["code"] == "PGRST301"
        assert [entry.shop for entry in box.journal.entries()] == ["Other", "Other"]
