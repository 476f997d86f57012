"""Who is let in, for which tenant, and what is noted of those that are not."""

from uuid import uuid4

import pytest

from sync_platform.sync.audit import read_audit
from sync_platform_tests.api.conftest import signed
from sync_platform_tests.api.rooms import Rooms


@pytest.fixture
def rooms(service):
    rooms = Rooms()
    rooms.add_to(service.app)
    return rooms


def actions(service, tenant=None):
    """What was audited, oldest first."""
    return [entry.action for entry in reversed(read_audit(service.platform, tenant.id if tenant else None))]


def test_nobody_gets_in_without_a_good_token(service, rooms, token, problem):
    """SEC-01, SEC-23: one answer for all failures, whatever the body."""
    answers = []
    two = [("Authorization", value) for value in token("config.update").values()] * 2
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer spt_{'a' * 43}"}, two):
        answer = service.client.post("/rooms", content=b"{no json", headers=headers)
        body = problem(answer, 401, "not-signed-in")
        assert answer.headers["www-authenticate"] == "Bearer"
        body.pop("request_id")
        answers.append(body)
    assert answers == answers[:1] * 4
    # the one without any token is no sign-in
    assert actions(service) == ["sign_in.failed"] * 3


def test_a_missing_permission_is_refused_and_audited(service, rooms, token, person, problem):
    """SEC-30, SEC-31."""
    for headers in (token("imports.read"), person("viewer").headers):
        body = problem(service.client.post("/rooms", json={"name": "a", "seats": 1}, headers=headers), 403)
        assert "config.update" in body["detail"]
    assert actions(service, service.tenant)[-2:] == ["permission.refused"] * 2
    assert not rooms.kept


def test_a_person_of_one_tenant_need_not_name_it_and_cannot_name_another(service, rooms, person, problem):
    """TEN-29: somebody else's tenant and none look alike."""
    headers = person("tenant_admin").headers
    assert service.client.get("/rooms/1", headers=headers).json()["tenant"] == service.tenant.slug
    for slug in (service.other_tenant.slug, "nobody", "../x", ""):
        answer = service.client.get("/rooms/1", headers={**headers, "X-Tenant": slug})
        problem(answer, 404, "no-such-tenant")


def test_a_person_of_two_tenants_has_to_name_one(service, rooms, person, grant, problem):
    """TEN-20."""
    somebody = person("tenant_admin")
    grant(somebody.id, "tenant_admin", service.other_tenant)
    problem(service.client.get("/rooms/1", headers=somebody.headers), 400, "tenant-not-named")
    for tenant in (service.tenant, service.other_tenant):
        answer = service.client.get("/rooms/1", headers={**somebody.headers, "X-Tenant": tenant.slug})
        assert answer.json()["tenant"] == tenant.slug


def test_a_person_without_a_grant_is_refused(service, rooms, problem):
    """TEN-20: an identity alone opens nothing."""
    headers = {"Authorization": f"Bearer {signed(uuid4())}"}
    problem(service.client.get("/rooms/1", headers=headers), 403, "not-permitted")


def test_a_token_works_for_its_own_tenant_only(service, rooms, token, problem):
    """SEC-20."""
    headers = token("config.read", tenant=service.other_tenant)
    assert service.client.get("/rooms/1", headers=headers).json()["tenant"] == service.other_tenant.slug
    named = {**headers, "X-Tenant": service.tenant.slug}
    problem(service.client.get("/rooms/1", headers=named), 404, "no-such-tenant")


def test_a_super_administrator_names_tenant_and_reason(service, rooms, person, problem):
    """TEN-28."""
    headers = person("super_admin").headers
    problem(service.client.get("/rooms/1", headers=headers), 400, "tenant-not-named")
    headers["X-Tenant"] = service.tenant.slug
    assert service.client.get("/rooms/1", headers=headers).status_code == 200
    problem(service.client.post("/touch", headers=headers), 400, "reason-missing")
    problem(service.client.post("/touch", headers={**headers, "X-Reason": "x"}), 422)
    answer = service.client.post("/touch", headers={**headers, "X-Reason": "asked by the owner, ticket 12"})
    assert answer.json() == {"reason": "asked by the owner, ticket 12"}


def test_a_revoked_grant_stops_with_the_next_request(service, rooms, person, run_as_administrator, problem):
    """TEN-29."""
    headers = person("tenant_admin").headers
    assert service.client.get("/rooms/1", headers=headers).status_code == 200
    run_as_administrator("update platform.user_tenant_permissions set is_active = false")
    problem(service.client.get("/rooms/1", headers=headers), 403)
