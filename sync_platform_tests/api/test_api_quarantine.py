"""The quarantine over HTTP: looked at, replayed, given up."""

import uuid
from typing import Any

import pytest

from sync_platform.core.reject import Reject
from sync_platform.core.tenant import Tenant
from sync_platform.db.quarantine import QuarantineItem, items, store_rejects
from sync_platform.sync.audit import read_audit
from sync_platform.sync.run_requests import list_requests
from sync_platform_tests.api.conftest import MakePerson, Service, Token

MEMBER = {"id": "m1", "firstName": "Canarina", "email": "canarina@example.org", "modified": "yesterday"}


def stored(service: Service, count: int = 1, tenant: Tenant | None = None, **changes: Any) -> list[QuarantineItem]:
    """Items of the tenant, newest number first."""
    owner = tenant or service.tenant
    rejects = [
        Reject(
            f"m{n}",
            changes.get("reason", "missing_required"),
            "$.modified",
            "send it",
            {**MEMBER, "id": f"m{n}"},
            uuid.uuid4(),
        )
        for n in range(count)
    ]
    with service.platform.database.transaction(owner.id) as conn:
        store_rejects(conn, owner.id, "blaze", changes.get("entity", "customers"), 1, rejects)
    found = items(service.platform.database, owner.id, limit=100)
    return sorted(found, key=lambda one: -one.id)


def test_items_are_listed_page_by_page_without_their_records(service: Service, token: Token) -> None:
    """SYS-08, API-07."""
    kept = stored(service, 5)
    first = service.client.get("/api/quarantine?limit=3", headers=token("quarantine.read")).json()
    rest = service.client.get(
        "/api/quarantine", params={"limit": 3, "cursor": first["next_cursor"]}, headers=token("quarantine.read")
    ).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [one.id for one in kept]
    assert rest["next_cursor"] is None
    assert {"record", "raw", "detail"}.isdisjoint(first["items"][0])
    assert "Canarina" not in str(first)


def test_items_are_filtered_by_state_source_entity_and_reason(service: Service, token: Token) -> None:
    """SYS-08."""
    stored(service, 2)
    stored(service, 3, entity="products", reason="bad_number")
    headers = token("quarantine.read")

    def count(**query: str) -> int:
        return len(service.client.get("/api/quarantine", params=query, headers=headers).json()["items"])

    assert count() == 5
    assert (count(entity="products"), count(reason="missing_required"), count(state="open")) == (3, 2, 5)
    assert (count(state="dismissed"), count(source="mx_merchant"), count(reason="bad_number", entity="x")) == (0, 0, 0)
    assert service.client.get("/api/quarantine?state=lost", headers=headers).status_code == 422


def test_one_item_is_shown_with_its_record_masked(service: Service, token: Token) -> None:
    """SYS-08, SEC-40."""
    (kept,) = stored(service)
    found = service.client.get(f"/api/quarantine/{kept.id}", headers=token("quarantine.read"))
    assert found.status_code == 200
    assert (found.json()["detail"], found.json()["record"]["id"]) == ("send it", "m0")
    assert found.json()["record"]["firstName"] == "C***(8)"
    assert "Canarina" not in found.text


def test_the_record_is_open_to_who_may_see_personal_data_and_asks(service: Service, token: Token) -> None:
    """SEC-40."""
    (kept,) = stored(service)
    path = f"/api/quarantine/{kept.id}?personal=true"
    assert service.client.get(path, headers=token("quarantine.read")).status_code == 403
    opened = service.client.get(path, headers=token("quarantine.read", "customers.read_pii"))
    assert opened.json()["record"]["firstName"] == "Canarina"
    (entry,) = read_audit(service.platform, service.tenant.id, action="personal.read")
    assert entry.subject == f"quarantine {kept.id}"


def test_a_replay_waits_for_a_worker(service: Service, token: Token) -> None:
    """API-03, SYS-08."""
    (kept,) = stored(service)
    answer = service.client.post(f"/api/quarantine/{kept.id}/replay", headers=token("quarantine.replay"))
    assert answer.status_code == 202
    (asked,) = list_requests(service.platform, service.tenant)
    assert (asked.kind, asked.arguments, asked.state) == ("quarantine.replay", {"items": [kept.id]}, "queued")
    assert answer.json()["run_id"] == str(asked.id)
    assert answer.headers["location"] == f"/api/runs/{asked.id}"


def test_an_item_is_dismissed_once_and_noted(service: Service, token: Token) -> None:
    """SYS-08, SEC-30."""
    (kept,) = stored(service)
    headers = token("quarantine.replay")
    path = f"/api/quarantine/{kept.id}/dismiss"
    done = service.client.post(path, json={"reason": "a test of the shop"}, headers=headers)
    assert (done.status_code, done.json()["state"]) == (200, "dismissed")
    assert service.client.post(path, headers=headers).status_code == 409
    assert service.client.post(f"/api/quarantine/{kept.id}/replay", headers=headers).status_code == 409
    (entry,) = read_audit(service.platform, service.tenant.id, action="quarantine.dismiss")
    assert entry.detail == {"source": "blaze", "entity": "customers", "reason": "a test of the shop"}
    assert entry.request_id == done.headers["x-request-id"]


def test_a_neighbours_item_is_as_unknown_as_none(service: Service, token: Token) -> None:
    """F-60."""
    (theirs,) = stored(service, tenant=service.other_tenant)
    headers = token("quarantine.read", "quarantine.replay", "customers.read_pii")
    for number in (theirs.id, 999_999):
        assert service.client.get(f"/api/quarantine/{number}", headers=headers).status_code == 404
        assert service.client.get(f"/api/quarantine/{number}?personal=true", headers=headers).status_code == 404
        assert service.client.post(f"/api/quarantine/{number}/replay", headers=headers).status_code == 404
        assert service.client.post(f"/api/quarantine/{number}/dismiss", headers=headers).status_code == 404
    assert service.client.get("/api/quarantine", headers=headers).json()["items"] == []
    assert service.client.get(f"/api/quarantine/{2**63}", headers=headers).status_code == 422


@pytest.mark.parametrize(("role", "status"), [("tenant_admin", 200), ("clinic_staff", 403), ("viewer", 403)])
def test_the_quarantine_is_for_admins(service: Service, person: MakePerson, role: str, status: int) -> None:
    """TEN-22."""
    assert service.client.get("/api/quarantine", headers=person(role).headers).status_code == status


def test_a_body_with_unknown_fields_is_refused(service: Service, token: Token) -> None:
    """API-06."""
    (kept,) = stored(service)
    wrong = service.client.post(
        f"/api/quarantine/{kept.id}/dismiss", json={"because": "x"}, headers=token("quarantine.replay")
    )
    assert wrong.status_code == 422
