"""GET and POST /api/runs: the own tenant's, what everybody asked for, cancelling, taking back (API-03, API-04)."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import finish_run, start_run
from sync_platform.db.run_request_row import Claim, RequestOutcome
from sync_platform.db.run_requests import beat, claim_request, finish_request
from sync_platform.db.run_row import RunStart
from sync_platform.sync.run_requests import ask, find_request
from sync_platform_tests.api.conftest import MakePerson, Person, ProblemOf, Service, Token

PRODUCTS = {"source": "blaze", "entities": ["products"]}


def asked(service: Service, actor: str, tenant: Tenant | None = None, kind: str = "sync.manual", **what: Any) -> UUID:
    return ask(service.platform, tenant or service.tenant, kind, what or PRODUCTS, actor, None).id


def claimed(service: Service) -> Claim:
    found = claim_request(service.platform.database, service.tenant.id, parallel=9, tries=3, once=(), lease_seconds=30)
    assert found is not None
    return found[0]


def ledger_run(service: Service, tenant: Tenant | None = None, entity: str = "products", **values: Any) -> int:
    start = RunStart((tenant or service.tenant).id, "blaze", entity, "scheduled", None, "schedule", **values)
    return start_run(service.platform.database, start, 90)


@pytest.mark.parametrize("path", ["", "/events"])
def test_runs_of_another_tenant_are_unknown(service: Service, owner: Person, problem: ProblemOf, path: str) -> None:
    """F-60: a number and an id alike, and nothing tells that they are somebody's."""
    foreign = asked(service, f"user:{owner.id}", service.other_tenant)
    number = ledger_run(service, service.other_tenant)
    for run in (foreign, number, "00000000-0000-0000-0000-000000000000", 999_999):
        problem(service.client.get(f"/api/runs/{run}{path}", headers=owner.headers), 404, "not-found")
    for run in (foreign, number):
        problem(service.client.post(f"/api/runs/{run}/cancel", headers=owner.headers), 404, "not-found")
        problem(service.client.post(f"/api/runs/{run}/undo", headers=owner.headers), 404, "not-found")
    assert find_request(service.platform, service.other_tenant, foreign).state == "queued"


@pytest.mark.parametrize("run", ["0", "-1", "1.5", "99999999999999999999", "x", "00000000-0000-0000-0000-00000000000G"])
def test_what_is_no_run_is_refused(service: Service, owner: Person, problem: ProblemOf, run: str) -> None:
    problem(service.client.get(f"/api/runs/{run}", headers=owner.headers), 422, "invalid-request")


def test_everybody_sees_what_they_asked_for_and_only_who_may_sync_sees_the_rest(
    service: Service, person: MakePerson, owner: Person, problem: ProblemOf
) -> None:
    viewer, investor = person("viewer"), person("investor")
    mine, of_owner = asked(service, f"user:{viewer.id}"), asked(service, f"user:{owner.id}")
    number = ledger_run(service)
    assert service.client.get(f"/api/runs/{mine}", headers=viewer.headers).json()["id"] == str(mine)
    for run in (of_owner, number):
        problem(service.client.get(f"/api/runs/{run}", headers=viewer.headers), 404)
        assert service.client.get(f"/api/runs/{run}", headers=owner.headers).status_code == 200
    assert service.client.get(f"/api/runs/{mine}", headers=owner.headers).status_code == 200
    problem(service.client.get("/api/runs", headers=viewer.headers), 403)
    problem(service.client.get(f"/api/runs/{mine}", headers=investor.headers | {"X-Tenant": service.tenant.slug}), 403)


def test_a_token_without_sync_run_sees_its_own_requests(service: Service, token: Token, problem: ProblemOf) -> None:
    headers = token("crm.sync.any")
    accepted = service.client.post("/api/crm/sync-packages", json={}, headers=headers).json()
    assert service.client.get(accepted["status_url"], headers=headers).status_code == 200
    problem(service.client.get(accepted["status_url"], headers=token("crm.sync.any")), 404)


def test_the_ledger_is_paged_newest_first_and_filtered(service: Service, token: Token, problem: ProblemOf) -> None:
    """API-07."""
    headers = token("sync.run")
    numbers = []
    for _ in range(5):
        numbers.append(ledger_run(service))
        finish_run(service.platform.database, service.tenant.id, numbers[-1], "succeeded")
    numbers.append(ledger_run(service, entity="customers"))
    ledger_run(service, service.other_tenant)
    seen, cursor = [], None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = service.client.get("/api/runs", params=params, headers=headers).json()
        assert len(page["items"]) <= 2
        seen += [run["id"] for run in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == sorted(numbers, reverse=True)
    running = service.client.get("/api/runs", params={"state": "running"}, headers=headers).json()["items"]
    assert [run["entity"] for run in running] == ["customers"]
    for wrong in ({"cursor": "x"}, {"limit": "201"}, {"limit": "0"}, {"state": "lost"}, {"source": "a b"}):
        problem(service.client.get("/api/runs", params=wrong, headers=headers), 422)


def test_reports_are_shown_without_their_texts(service: Service, token: Token) -> None:
    """SEC-40: a sample of differences, or a name in a reason, is personal."""
    number = ledger_run(service)
    report = {"sample": [{"phone": "555"}], "packages": {"total": 3, "errors": [{"profile_id": "p"}]}, "why": "Jane"}
    finish_run(service.platform.database, service.tenant.id, number, "succeeded", report=report)
    found = service.client.get(f"/api/runs/{number}", headers=token("sync.run")).json()
    assert found["numbers"] == {"packages": {"total": 3}}


def test_what_waits_is_cancelled_at_once_what_runs_is_asked_to_stop_what_ended_stays(
    service: Service, owner: Person, problem: ProblemOf
) -> None:
    """F-04."""
    first = asked(service, f"user:{owner.id}")
    path = f"/api/runs/{first}/cancel"
    found = service.client.post(path, json={"reason": "wrong day"}, headers=owner.headers).json()
    assert (found["state"], found["error_code"]) == ("cancelled", "Cancelled")
    assert found["error_message"].endswith("wrong day")
    assert "ended" in problem(service.client.post(path, headers=owner.headers), 409)["detail"]
    second = asked(service, f"user:{owner.id}")
    claim = claimed(service)
    found = service.client.post(f"/api/runs/{second}/cancel", headers=owner.headers).json()
    assert (found["state"], found["cancel_asked"]) == ("running", True)
    assert beat(service.platform.database, claim, stage="products", done=0, planned=1, records=0)
    number = ledger_run(service)
    assert service.client.post(f"/api/runs/{number}/cancel", headers=owner.headers).json()["state"] == "cancelled"
    problem(service.client.post(f"/api/runs/{number}/cancel", headers=owner.headers), 409)


def test_runs_of_others_are_cancelled_by_who_may(service: Service, token: Token, problem: ProblemOf) -> None:
    run = asked(service, "user:somebody")
    problem(service.client.post(f"/api/runs/{run}/cancel", headers=token("sync.run")), 403)
    answer = service.client.post(f"/api/runs/{run}/cancel", headers=token("sync.run", "sync.cancel"))
    assert answer.json()["state"] == "cancelled"


def test_a_promotion_is_taken_back_and_all_else_says_what_to_do_instead(
    service: Service, owner: Person, token: Token, problem: ProblemOf
) -> None:
    promotion = asked(service, f"user:{owner.id}", kind="promotion", entity="customers", field="phone")
    path = f"/api/runs/{promotion}/undo"
    problem(service.client.post(path, headers=owner.headers), 409, "no-undo")
    finish_request(
        service.platform.database, claimed(service), RequestOutcome("succeeded"), done=1, planned=1, records=0
    )
    problem(service.client.post(path, headers=token("sync.run", "sync.undo")), 403)
    answer = service.client.post(path, headers=owner.headers)
    assert answer.status_code == 202
    rollback = find_request(service.platform, service.tenant, UUID(answer.json()["run_id"]))
    assert (rollback.kind, rollback.arguments["entity"], rollback.arguments["field"]) == (
        "rollback",
        "customers",
        "phone",
    )
    for other in (asked(service, f"user:{owner.id}"), ledger_run(service)):
        told = problem(service.client.post(f"/api/runs/{other}/undo", headers=owner.headers), 409, "no-undo")
        assert "rollback" in told["detail"]


def test_a_revoked_grant_ends_access_to_runs_at_once(
    service: Service, owner: Person, problem: ProblemOf, database_url: str
) -> None:
    """TEN-29."""
    run = asked(service, f"user:{owner.id}")
    assert service.client.get(f"/api/runs/{run}", headers=owner.headers).status_code == 200
    with psycopg.connect(database_url) as admin:
        admin.execute("update platform.user_tenant_permissions set is_active = false where user_id = %s", (owner.id,))
    problem(service.client.get(f"/api/runs/{run}", headers=owner.headers), 403)
