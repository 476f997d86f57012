"""People as Supabase signs them in, and its official client for functions as the one who calls."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from sync_platform.sync.run_requests import list_requests
from sync_platform_tests.api.conftest import MakePlatform, MakeService, Person, ProblemOf, Service, signed
from sync_platform_tests.api.listening import Listening, listening
from sync_platform_tests.sandbox.js_client import JUDGES, NODE

Grant = Callable[..., None]
#: What supabase-js sends with every call, for which a browser asks before.
SENT_BY_THE_CLIENT = "apikey,authorization,content-type,x-client-info"


def supabase_token(user: UUID, **changed: Any) -> str:
    """The access token of a session as Supabase Auth makes it."""
    now = datetime.now(UTC)
    claims = {
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": int(now.timestamp())}],
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "aud": "authenticated",
        "email": "ann@invented.example",
        "exp": now + timedelta(hours=1),
        "is_anonymous": False,
        "nbf": None,  # it makes none
        "phone": "",
        "role": "authenticated",
        "session_id": str(uuid4()),
        "user_metadata": {"email_verified": True, "full_name": "Ann Example"},
    }
    return signed(user, **claims | changed)


@pytest.fixture
def ann(grant: Grant) -> Person:
    """Somebody of the staff, signed in at Supabase."""
    user = uuid4()
    grant(user, "clinic_staff")
    return Person(user, supabase_token(user))


@pytest.fixture
def live(make_platform: MakePlatform) -> Iterator[Listening]:
    with listening(make_platform()) as live:
        yield live


def called(live: Listening, *calls: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers to ``(token, name, options)``, as the client gives them to a page."""
    assert (JUDGES / "node_modules" / "@supabase" / "functions-js").is_dir(), "run `make test` or `make test-quick`"
    asked = [
        {"url": f"{live.url}/api", "headers": {"Authorization": f"Bearer {token}"}, "name": name, "options": options}
        for token, name, options in calls
    ]
    done = subprocess.run(
        [str(NODE), str(JUDGES / "functions.mjs")],
        input="".join(f"{json.dumps(one)}\n" for one in asked),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(calls)
    assert not any("thrown" in answer for answer in answers), answers
    return answers


def test_roles_that_a_token_claims_count_nothing(service: Service, grant: Grant, problem: ProblemOf) -> None:
    """SEC-01: people can write into user_metadata themselves; app_metadata is the provider's, and not our grants."""
    user = uuid4()
    grant(user, "viewer")
    for claims in (
        {"user_metadata": {"role": "super_admin", "roles": ["tenant_owner"], "permissions": ["config.read"]}},
        {"app_metadata": {"role": "super_admin", "roles": ["tenant_owner"], "tenant_id": str(service.other_tenant.id)}},
        {"role": "service_role"},
        {"permissions": ["config.read"], "scope": "config.read", "scopes": ["config.read"], "tenant": "birch"},
    ):
        headers = {"Authorization": f"Bearer {supabase_token(user, **claims)}"}
        assert service.client.get("/api/import/list", headers=headers).status_code == 200
        problem(service.client.get("/api/tenant/settings", headers=headers), 403, "not-permitted")
        elsewhere = {**headers, "X-Tenant": service.other_tenant.slug}
        problem(service.client.get("/api/import/list", headers=elsewhere), 404, "no-such-tenant")


@pytest.mark.parametrize(
    "claims",
    [{"aud": "anon"}, {"aud": None}, {"sub": None}, {"sub": "not-a-uuid"}, {"iss": "https://other.example/auth/v1"}],
)
def test_keys_of_the_project_and_tokens_of_others_are_nobody(
    service: Service, problem: ProblemOf, claims: dict[str, Any]
) -> None:
    """SEC-01: the public key `anon` and the key `service_role` are JWTs as well, without a subject."""
    token = supabase_token(uuid4(), **claims)
    problem(service.client.get("/api/runs", headers={"Authorization": f"Bearer {token}"}), 401, "not-signed-in")


def test_the_official_client_starts_a_sync_and_looks_at_it(live: Listening, service: Service, ann: Person) -> None:
    """API-10, API-03: with the names of the job that it called before, as docs/http.md shows it."""
    started, last, nobody = called(
        live,
        (ann.token, "crm/sync-packages", {"body": {"batchSize": 20, "maxProfiles": None, "onlyNewProfiles": True}}),
        (ann.token, "crm/sync-packages", {"method": "GET"}),
        (ann.token, "vip/packages", {"method": "GET"}),
    )
    (stored,) = list_requests(service.platform, service.tenant)
    assert started["error"] is None
    assert started["data"] == {"run_id": str(stored.id), "status_url": f"/api/runs/{stored.id}"}
    assert (stored.actor, stored.arguments["only_new"]) == (f"user:{ann.id}", True)
    assert (last["error"], last["status"]) == ("FunctionsHttpError", 404)  # none has ended yet
    assert (nobody["error"], nobody["problem"]["title"]) == ("FunctionsHttpError", "No profile")
    (shown,) = called(live, (ann.token, f"runs/{stored.id}", {"method": "GET"}))
    assert (shown["data"]["state"], shown["data"]["kind"]) == ("queued", "crm.packages")


def test_the_official_client_hands_problems_on(live: Listening, ann: Person) -> None:
    """API-02: `context` of its error is the answer, whose body is the problem."""
    refused, unknown, wrong = called(
        live,
        (ann.token, "tenant/settings", {"method": "GET"}),
        ("nonsense", "runs", {"method": "GET"}),
        (ann.token, "crm/sync-packages", {"body": {"batchSize": 0}}),
    )
    assert [one["status"] for one in (refused, unknown, wrong)] == [403, 401, 422]
    assert all(one["error"] == "FunctionsHttpError" for one in (refused, unknown, wrong))
    assert refused["problem"]["detail"] == "this needs the permission config.read"
    assert [error["where"] for error in wrong["problem"]["errors"]] == ["body/batchSize"]


def test_a_listed_page_may_call_with_the_headers_of_the_client(make_service: MakeService, ann: Person) -> None:
    """F-67: what a browser asks before it sends what the client wants to send; of other pages it sends nothing."""
    client = make_service(api={"cors_origins": ("https://app.example",)}).client
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": SENT_BY_THE_CLIENT}
    listed = client.options("/api/crm/sync-packages", headers={**ask, "Origin": "https://app.example"})
    assert listed.status_code == 200
    allowed = {name.strip().lower() for name in listed.headers["access-control-allow-headers"].split(",")}
    assert set(SENT_BY_THE_CLIENT.split(",")) <= allowed
    assert "access-control-allow-credentials" not in listed.headers
    other = client.options("/api/crm/sync-packages", headers={**ask, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
