"""Promotions over HTTP: asked for, looked at before, taken back."""

from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from sync_platform.db.run_request_row import RunRequest
from sync_platform.sync.audit import read_audit
from sync_platform.sync.comparison import compare
from sync_platform.sync.request_worker import RequestWorker
from sync_platform.sync.run_requests import find_request, list_requests
from sync_platform_tests.api.conftest import MakePerson, Service, Token
from sync_platform_tests.sync.cut_over.sides import Sides

ROWS = 100


@pytest.fixture
def sides(service: Service, database_url: str) -> Sides:
    """100 customers, 2 of them with another phone: the gate of `phone` is open."""
    found = Sides(service.platform.database, service.tenant, database_url)
    found.customers(ROWS, 2)
    compare(service.platform, service.tenant, ["customers"], actor="test")
    return found


def worked(service: Service, answer: Response) -> RunRequest:
    """The request as it is after a worker had it."""
    assert answer.status_code == 202, answer.text
    assert RequestWorker(service.platform, 1).work_one()
    return find_request(service.platform, service.tenant, UUID(answer.json()["run_id"]))


def promote(service: Service, headers: dict[str, str], **body: Any) -> Response:
    wanted = {"entity": "customers", "field": "phone"} | body
    answer: Response = service.client.post("/api/promotions", json=wanted, headers=headers)
    return answer


def test_a_field_is_promoted_by_a_worker_and_taken_back(service: Service, sides: Sides, token: Token) -> None:
    """CMP-11, CMP-15, API-03: after both, the table is what it was, byte for byte."""
    headers = token("promote.run", "promote.rollback")
    before = sides.checksum("customers")
    done = worked(service, promote(service, headers))
    assert (done.state, done.result and done.result["written"]) == ("succeeded", 2)
    assert sides.checksum("customers") != before
    (listed,) = service.client.get("/api/promotions", headers=headers).json()["items"]
    assert (listed["kind"], listed["field"], listed["state"]) == ("promotion", "phone", "active")
    path = f"/api/promotions/{listed['id']}/rollback"
    back = worked(service, service.client.post(path, json={"changed_since": "keep"}, headers=headers))
    assert (back.state, back.result and back.result["kind"]) == ("succeeded", "rollback")
    assert sides.checksum("customers") == before
    again = service.client.post(path, headers=headers)
    assert (again.status_code, again.json()["detail"]) == (409, f"promotion {listed['id']} is taken back already")
    newest = service.client.get("/api/promotions?limit=1", headers=headers).json()
    assert (newest["items"][0]["kind"], newest["items"][0]["promotion_id"]) == ("rollback", listed["id"])
    assert (
        service.client.post(f"/api/promotions/{newest['items'][0]['id']}/rollback", headers=headers).status_code == 409
    )
    rest = service.client.get("/api/promotions", params={"cursor": newest["next_cursor"]}, headers=headers).json()
    assert [one["id"] for one in rest["items"]] == [listed["id"]]


def test_a_dry_run_shows_samples_and_writes_nothing(service: Service, sides: Sides, token: Token) -> None:
    """SYS-20, SEC-40: personal values of the samples are masked."""
    headers = token("promote.run", "promote.rollback")
    before = sides.checksum("customers")
    found = worked(service, promote(service, headers, dry_run=True))
    assert found.result is not None
    assert (found.result["gate_open"], found.result["changed"], found.result["reasons"]) == (True, 2, [])
    assert {one["before"] for one in found.result["sample"]} == {"+***(12)"}
    assert sides.checksum("customers") == before
    assert service.client.get("/api/promotions", headers=headers).json()["items"] == []
    worked(service, promote(service, headers))
    (listed,) = service.client.get("/api/promotions", headers=headers).json()["items"]
    promoted = sides.checksum("customers")
    path = f"/api/promotions/{listed['id']}/rollback"
    looked = worked(service, service.client.post(path, json={"dry_run": True}, headers=headers))
    assert looked.result is not None
    assert (looked.result["changed"], looked.result["left_alone"]) == (2, 0)
    assert sides.checksum("customers") == promoted


def test_a_closed_gate_ends_the_request_and_says_why(service: Service, sides: Sides, token: Token) -> None:
    """CMP-11."""
    del sides
    done = worked(service, promote(service, token("promote.run"), field="lifetime_value"))
    assert done.state == "failed"
    assert "gate of customers.lifetime_value is closed" in str(done.error_message)


def test_only_who_may_override_gets_through_a_closed_gate(service: Service, sides: Sides, person: MakePerson) -> None:
    """CMP-11, TEN-22, SEC-31: an administrator may not, the owner may."""
    reason = "agreed with the shop on the phone"
    admin, owner = person("tenant_admin"), person("tenant_owner")
    refused = promote(service, admin.headers, override_reason=reason)
    assert refused.status_code == 403
    (entry,) = read_audit(service.platform, service.tenant.id, action="permission.refused")
    assert (entry.actor, entry.detail) == (f"user:{admin.id}", {"permission": "promote.override"})
    assert list_requests(service.platform, service.tenant) == []
    assert promote(service, owner.headers, override_reason=reason).status_code == 202
    (asked,) = list_requests(service.platform, service.tenant)
    assert (asked.kind, asked.arguments["override_reason"]) == ("promotion", reason)


@pytest.mark.parametrize(
    "body",
    [
        {"entity": "members"},
        {"field": "shoe_size"},
        {"field": "phone; drop table"},
        {"override_reason": "x"},
        {"rate": 5},
        {"dry_run": "perhaps"},
    ],
)
def test_what_cannot_be_promoted_is_refused_before_it_waits(
    service: Service, token: Token, body: dict[str, Any]
) -> None:
    """API-06."""
    headers = token("promote.run", "promote.override")
    assert promote(service, headers, **body).status_code == 422
    assert list_requests(service.platform, service.tenant) == []


def test_a_neighbours_promotion_is_as_unknown_as_none(service: Service, sides: Sides, token: Token) -> None:
    """F-60."""
    worked(service, promote(service, token("promote.run")))
    (mine,) = service.client.get("/api/promotions", headers=token("promote.run")).json()["items"]
    theirs = token("promote.run", "promote.rollback", tenant=service.other_tenant)
    promoted = sides.checksum("customers")
    assert service.client.get("/api/promotions", headers=theirs).json()["items"] == []
    for number in (mine["id"], 999_999):
        assert service.client.post(f"/api/promotions/{number}/rollback", headers=theirs).status_code == 404
    assert sides.checksum("customers") == promoted


@pytest.mark.parametrize("role", ["clinic_staff", "nurse", "viewer", "investor"])
def test_who_may_not_promote_is_refused(service: Service, person: MakePerson, role: str) -> None:
    """TEN-22."""
    headers = person(role).headers | {"X-Tenant": service.tenant.slug}
    assert promote(service, headers).status_code == 403
    assert service.client.get("/api/promotions", headers=headers).status_code == 403
