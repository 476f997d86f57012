"""POST /api/sync/manual: what may be asked, by whom, and what comes of it (API-11)."""

from typing import Any

import psycopg
import pytest

from sync_platform.sync.run_requests import list_requests
from sync_platform_tests.api.conftest import MakePerson, MakeService, Person, ProblemOf, Service, Token
from sync_platform_tests.api.shops import shop_of, work

PATH = "/api/sync/manual"


def test_a_sync_is_accepted_done_by_a_worker_and_shown_with_its_runs(service: Service, token: Token) -> None:
    """API-03, API-11."""
    headers = token("sync.run")
    with shop_of(service.platform, service.tenant):
        answer = service.client.post(PATH, json={"source": "blaze"}, headers=headers)
        assert answer.status_code == 202
        body = answer.json()
        assert body["status_url"] == answer.headers["location"] == f"/api/runs/{body['run_id']}"
        before = service.client.get(body["status_url"], headers=headers).json()
        assert (before["state"], before["progress"]) == ("queued", {"done": 0, "planned": 1, "percent": 0})
        work(service.platform)
    after = service.client.get(body["status_url"], headers=headers).json()
    assert (after["state"], after["progress"]["percent"], after["type"]) == ("succeeded", 100, "request")
    entities = {run["entity"] for run in after["runs"]}
    assert entities >= {"products", "customers", "transactions", "transaction_items"}
    assert {run["request_id"] for run in after["runs"]} == {body["run_id"]}
    assert {run["progress"]["percent"] for run in after["runs"]} == {100}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"source": "till"},
        {"source": "blaze", "entity": "payments"},
        {"source": "mx_merchant", "entity": "customers"},
        {"source": "mx_merchant", "transaction_count": 0},
        {"source": "mx_merchant", "transaction_count": 101},
        {"source": "mx_merchant", "transaction_count": 1001, "mode": "emergency", "reason": "till was down"},
        {"source": "mx_merchant", "transaction_count": 500, "mode": "emergency"},
        {"source": "mx_merchant", "transaction_count": 500, "mode": "emergency", "reason": "  a "},
        {"source": "mx_merchant", "date_from": "2026-11-01"},
        {"source": "mx_merchant", "mode": "emergency", "reason": "till was down", "date_to": "2026-11-01"},
        {
            "source": "blaze",
            "mode": "emergency",
            "reason": "till was down",
            "date_from": "2026-11-02",
            "date_to": "2026-11-01",
        },
        {
            "source": "blaze",
            "mode": "emergency",
            "reason": "till was down",
            "date_from": "2020-01-01",
            "date_to": "2026-11-01",
        },
        {"source": "blaze", "transaction_count": 10},
        {"source": "blaze", "unknown": 1},
        {"source": "blaze", "dry_run": "perhaps"},
    ],
)
def test_what_cannot_be_served_is_refused_and_nothing_waits(
    service: Service, owner: Person, problem: ProblemOf, body: dict[str, Any]
) -> None:
    """API-06, API-11."""
    problem(service.client.post(PATH, json=body, headers=owner.headers), 422, "invalid-request")
    assert list_requests(service.platform, service.tenant) == []


def test_an_emergency_needs_its_permission_and_is_audited_with_its_reason(
    service: Service, person: MakePerson, owner: Person, problem: ProblemOf, database_url: str
) -> None:
    """API-11, SEC-30."""
    body = {"source": "mx_merchant", "transaction_count": 1000, "mode": "emergency", "reason": "till was down"}
    admin = person("tenant_admin")
    problem(service.client.post(PATH, json=body, headers=admin.headers), 403)
    assert service.client.post(PATH, json=body, headers=owner.headers).status_code == 202
    (request,) = list_requests(service.platform, service.tenant)
    assert request.arguments["newest"] == 1000
    assert request.arguments["mode"] == "emergency"
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "select actor, subject, detail ->> 'reason' from platform.audit_log where action = 'sync.emergency'"
        ).fetchall()
    assert found == [(f"user:{owner.id}", f"request {request.id}", "till was down")]


def test_who_may_only_try_cannot_write(service: Service, token: Token, problem: ProblemOf) -> None:
    """SYS-20: sync.dry_run is less than sync.run."""
    headers = token("sync.dry_run")
    problem(service.client.post(PATH, json={"source": "blaze"}, headers=headers), 403)
    answer = service.client.post(PATH, json={"source": "blaze", "dry_run": True}, headers=headers)
    assert answer.status_code == 202
    (request,) = list_requests(service.platform, service.tenant)
    assert request.arguments["dry_run"] is True


def test_only_a_super_administrator_names_a_merchant_and_it_is_the_tenant(
    service: Service, person: MakePerson, owner: Person, problem: ProblemOf
) -> None:
    """API-11, TEN-28."""
    body = {"source": "blaze", "merchant_id": service.tenant.slug}
    problem(service.client.post(PATH, json=body, headers=owner.headers), 403)
    admin = person("super_admin").headers | {"X-Tenant": service.tenant.slug, "X-Reason": "the tenant asked for it"}
    assert service.client.post(PATH, json=body, headers=admin).status_code == 202
    body["merchant_id"] = service.other_tenant.slug
    problem(service.client.post(PATH, json=body, headers=admin), 404)


def test_a_full_queue_is_told_with_what_to_do(make_service: MakeService, owner: Person, problem: ProblemOf) -> None:
    service = make_service(requests={"max_open": 2})
    for _ in range(2):
        assert service.client.post(PATH, json={"source": "blaze"}, headers=owner.headers).status_code == 202
    refused = problem(service.client.post(PATH, json={"source": "blaze"}, headers=owner.headers), 409)
    assert "cancel some" in refused["detail"]


def test_a_sync_without_a_credential_fails_with_a_reason(service: Service, owner: Person) -> None:
    answer = service.client.post(PATH, json={"source": "blaze", "entity": "products"}, headers=owner.headers)
    work(service.platform)
    found = service.client.get(answer.json()["status_url"], headers=owner.headers).json()
    assert (found["state"], found["error_code"]) == ("failed", "ConfigurationError")
    assert found["progress"]["percent"] < 100
