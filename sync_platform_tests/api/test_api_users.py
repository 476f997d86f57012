"""Grants and invitations over HTTP: given within the own rights, in force at once, taken up once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from sync_platform.sync.audit import read_audit
from sync_platform_tests.api.conftest import MakePerson, Person, Service, Token, signed


def give(service: Service, by: Person, user: UUID, role: str, **body: Any) -> Response:
    answer: Response = service.client.post(
        "/api/users", json={"user_id": str(user), "role": role} | body, headers=by.headers
    )
    return answer


def invited(service: Service, by: Person, role: str, **body: Any) -> Response:
    answer: Response = service.client.post("/api/invitations", json={"role": role} | body, headers=by.headers)
    return answer


def take_up(service: Service, token: str, person: Person) -> Response:
    answer: Response = service.client.post("/api/invitations/accept", json={"token": token}, headers=person.headers)
    return answer


def test_a_role_is_in_force_with_the_next_request_and_gone_with_the_one_after(
    service: Service, owner: Person, person: MakePerson
) -> None:
    """TEN-20, TEN-29, SEC-30."""
    somebody = person(None)
    there = somebody.headers | {"X-Tenant": service.tenant.slug}
    assert service.client.get("/api/tenant/settings", headers=there).status_code == 404
    made = give(service, owner, somebody.id, "tenant_admin")
    assert (made.status_code, made.json()["role"]) == (201, "tenant_admin")
    assert service.client.get("/api/tenant/settings", headers=there).status_code == 200
    path = f"/api/users/{made.json()['id']}"
    assert service.client.delete(path, headers=owner.headers).status_code == 204
    assert service.client.get("/api/tenant/settings", headers=there).status_code == 404
    kept = read_audit(service.platform, service.tenant.id, action="grant.")
    assert [(one.action, one.actor) for one in kept] == [
        ("grant.revoke", f"user:{owner.id}"),
        ("grant.create", f"user:{owner.id}"),
    ]


def test_users_are_paged_in_order_of_addition(service: Service, owner: Person) -> None:
    """API-07."""
    made = [give(service, owner, uuid4(), "viewer").json()["id"] for _ in range(4)]
    first = service.client.get("/api/users?limit=3", headers=owner.headers).json()
    rest = service.client.get("/api/users", params={"cursor": first["next_cursor"]}, headers=owner.headers).json()
    found = [one["id"] for one in first["items"] + rest["items"]]
    assert found[1:] == made  # the first is the owner
    assert rest["next_cursor"] is None
    service.client.delete(f"/api/users/{made[0]}", headers=owner.headers)
    assert len(service.client.get("/api/users", headers=owner.headers).json()["items"]) == 4
    assert len(service.client.get("/api/users?ended=true", headers=owner.headers).json()["items"]) == 5


def test_nobody_raises_the_own_rights_or_gives_more_than_them(
    service: Service, owner: Person, person: MakePerson
) -> None:
    """TEN-25, F-65: refused and audited."""
    admin = person("tenant_admin")
    assert give(service, owner, owner.id, "tenant_owner").status_code == 403
    assert give(service, owner, uuid4(), "viewer", extra_permissions=["tenants.manage"]).status_code == 403
    assert give(service, admin, uuid4(), "viewer").status_code == 403
    assert invited(service, admin, "tenant_admin").status_code == 403
    assert invited(service, admin, "clinic_staff", extra_permissions=["audit.read"]).status_code == 403
    assert invited(service, owner, "viewer", extra_permissions=["tenants.manage"]).status_code == 403
    assert len(read_audit(service.platform, service.tenant.id, action="permission.refused")) == 6
    assert give(service, owner, uuid4(), "super_admin").status_code == 422
    assert give(service, owner, uuid4(), "investor").status_code == 422
    assert give(service, owner, uuid4(), "viewer", extra_permissions=["make.coffee"]).status_code == 422


def test_the_last_owner_stays(service: Service, owner: Person, person: MakePerson) -> None:
    """TEN-25: whoever asks."""
    admin = person("super_admin").headers | {"X-Tenant": service.tenant.slug, "X-Reason": "a test of the rules"}
    (mine,) = service.client.get("/api/users", headers=owner.headers).json()["items"]
    refused = service.client.delete(f"/api/users/{mine['id']}", headers=admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:sync-platform:problem:last-owner")
    assert service.client.delete(f"/api/users/{mine['id']}", headers=owner.headers).status_code == 403
    assert give(service, owner, uuid4(), "tenant_owner").status_code == 201
    assert service.client.delete(f"/api/users/{mine['id']}", headers=admin).status_code == 204


def test_an_invitation_is_taken_up_once_by_one_person(service: Service, owner: Person, person: MakePerson) -> None:
    """TEN-25, F-65: eight at once."""
    made = invited(service, owner, "clinic_staff")
    assert made.status_code == 201, made.text
    people = [person(None) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: take_up(service, made.json()["token"], one), people))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 7
    (taken,) = [one for one in answers if one.status_code == 201]
    (now,) = service.client.get("/api/invitations", headers=owner.headers).json()["items"]
    assert (now["accepted_by"], now["is_open"]) == (taken.json()["user_id"], False)
    assert "token" not in now


def test_an_invitation_that_is_taken_up_twice_over_a_bad_line_is_answered_alike(
    service: Service, owner: Person, person: MakePerson
) -> None:
    """API-05."""
    token, somebody = invited(service, owner, "viewer").json()["token"], person(None)
    headers = somebody.headers | {"Idempotency-Key": "taken-up-1"}
    path = "/api/invitations/accept"
    first, again = (service.client.post(path, json={"token": token}, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_an_invitation_to_an_address_is_for_who_signs_in_with_it(
    service: Service, owner: Person, person: MakePerson
) -> None:
    """TEN-25, SEC-40: the address is masked in the list."""
    made = invited(service, owner, "nurse", email="ann@example.org").json()
    assert take_up(service, made["token"], person(None)).status_code == 409
    listed = service.client.get("/api/invitations", headers=owner.headers)
    assert listed.json()["items"][0]["email"] == "a***(15)"
    opened = service.client.get("/api/invitations?personal=true", headers=owner.headers)
    assert opened.json()["items"][0]["email"] == "ann@example.org"
    ann = uuid4()
    proven = {"email": "ann@example.org", "user_metadata": {"email_verified": True}, "email_verified": True}
    taken = take_up(service, made["token"], Person(ann, signed(ann, **proven)))
    assert (taken.status_code, taken.json()["role"]) == (201, "nurse")


def test_an_invitation_that_was_taken_back_or_made_up_is_none(
    service: Service, owner: Person, person: MakePerson, token: Token
) -> None:
    """SEC-23: one and the same answer."""
    made = invited(service, owner, "viewer").json()
    path = f"/api/invitations/{made['invitation']['id']}"
    assert service.client.delete(path, headers=owner.headers).status_code == 204
    somebody = person(None)
    back = take_up(service, made["token"], somebody)
    made_up = take_up(service, "spi_" + "x" * 43, somebody)
    assert (back.status_code, made_up.status_code) == (409, 409)
    assert back.json()["detail"] == made_up.json()["detail"]
    by_token = service.client.post(
        "/api/invitations/accept", json={"token": made["token"]}, headers=token("imports.read")
    )
    assert by_token.status_code == 409
    assert service.client.post("/api/invitations/accept", json={"token": made["token"]}).status_code == 401


def test_a_neighbours_grants_and_invitations_are_as_unknown_as_none(
    service: Service, owner: Person, person: MakePerson
) -> None:
    """F-60."""
    theirs = person("tenant_owner", tenant=service.other_tenant)
    user = give(service, theirs, uuid4(), "viewer").json()["id"]
    invitation = invited(service, theirs, "viewer").json()["invitation"]["id"]
    for path in (f"users/{user}", f"invitations/{invitation}", "users/999999", "invitations/999999"):
        assert service.client.delete(f"/api/{path}", headers=owner.headers).status_code == 404
    assert len(service.client.get("/api/users", headers=owner.headers).json()["items"]) == 1
    assert service.client.get("/api/invitations", headers=owner.headers).json()["items"] == []


@pytest.mark.parametrize("role", ["clinic_staff", "nurse", "viewer"])
def test_who_may_not_invite_sees_nobody(service: Service, person: MakePerson, role: str) -> None:
    """TEN-22."""
    somebody = person(role)
    assert service.client.get("/api/users", headers=somebody.headers).status_code == 403
    assert service.client.get("/api/invitations", headers=somebody.headers).status_code == 403
    assert invited(service, somebody, "viewer").status_code == 403
    assert give(service, somebody, uuid4(), "viewer").status_code == 403
