"""Questions about matches over HTTP: looked at with masked records, answered, remembered."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.match_reviews import Review
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.audit import read_audit
from sync_platform.sync.reviews import open_reviews
from sync_platform_tests.api.conftest import MakePerson, Service, Token
from sync_platform_tests.sync.crm.crm_people import InCrm, links, match, put_customers, put_profiles

ANN = InCrm(1, "Ann Example", "081-234-5678", "ann@example.org")
PERSONAL = ("Ann", "Example", "081", "ann@")


def asked(service: Service, tenant: Tenant | None = None) -> Review:
    """Whether Ann, who gave no phone, is Ann."""
    owner = tenant or service.tenant
    put_customers(service.platform, owner, [ANN])
    put_profiles(service.platform, owner, ProfileFacts("p-ann", "Ann Example"))
    match(service.platform, owner)
    (only,) = open_reviews(service.platform, owner)
    return only


def test_questions_are_listed_with_masked_records(service: Service, token: Token) -> None:
    """CRM-08, SEC-40."""
    question = asked(service)
    found = service.client.get("/api/matches?state=open", headers=token("crm.match.review"))
    (one,) = found.json()["items"]
    assert (one["id"], one["profile_id"], one["state"]) == (question.id, "p-ann", "open")
    assert one["customer"] == {"name": "A***(11)", "phone": "0***(12)", "email": "a***(15)"}
    assert not any(text in found.text for text in PERSONAL)
    assert service.client.get("/api/matches?state=confirmed", headers=token("crm.match.review")).json()["items"] == []


def test_records_are_open_to_who_may_see_personal_data_and_asks(service: Service, token: Token) -> None:
    """CRM-08, SEC-40: without them nobody can decide."""
    question = asked(service)
    allowed = token("crm.match.review", "customers.read_pii")
    for path in ("/api/matches", f"/api/matches/{question.id}"):
        assert service.client.get(f"{path}?personal=true", headers=token("crm.match.review")).status_code == 403
        opened = service.client.get(f"{path}?personal=true", headers=allowed)
        assert opened.status_code == 200
        assert "ann@example.org" in opened.text
        assert "ann@" not in service.client.get(path, headers=allowed).text


def test_a_confirmed_match_is_linked_and_noted(service: Service, person: MakePerson) -> None:
    """CRM-08, SEC-30."""
    question, admin = asked(service), person("tenant_admin")
    path = f"/api/matches/{question.id}"
    done = service.client.post(f"{path}/confirm", json={"note": "asked at the desk"}, headers=admin.headers)
    assert (done.status_code, done.json()["state"], done.json()["actor"]) == (200, "confirmed", f"user:{admin.id}")
    assert set(links(service.platform, service.tenant)) == {"p-ann"}
    assert service.client.post(f"{path}/confirm", headers=admin.headers).status_code == 409
    (entry,) = read_audit(service.platform, service.tenant.id, action="matches.")
    assert (entry.action, entry.actor) == ("matches.confirm", f"user:{admin.id}")
    assert entry.request_id == done.headers["x-request-id"]


def test_a_rejected_match_is_not_linked(service: Service, token: Token) -> None:
    """CRM-08."""
    question = asked(service)
    done = service.client.post(f"/api/matches/{question.id}/reject", headers=token("crm.match.review"))
    assert (done.status_code, done.json()["state"]) == (200, "rejected")
    assert links(service.platform, service.tenant) == {}


def test_a_neighbours_question_is_as_unknown_as_none(service: Service, token: Token) -> None:
    """F-60."""
    theirs = asked(service, service.other_tenant)
    headers = token("crm.match.review", "customers.read_pii")
    for number in (theirs.id, 999_999):
        assert service.client.get(f"/api/matches/{number}?personal=true", headers=headers).status_code == 404
        assert service.client.post(f"/api/matches/{number}/confirm", headers=headers).status_code == 404
        assert service.client.post(f"/api/matches/{number}/reject", headers=headers).status_code == 404
    assert service.client.get("/api/matches?personal=true", headers=headers).json()["items"] == []


@pytest.mark.parametrize("role", ["clinic_staff", "nurse", "viewer", "investor"])
def test_who_may_not_decide_is_refused(service: Service, person: MakePerson, role: str) -> None:
    """TEN-22."""
    question, headers = asked(service), person(role).headers | {"X-Tenant": service.tenant.slug}
    assert service.client.get("/api/matches", headers=headers).status_code == 403
    refused = service.client.post(f"/api/matches/{question.id}/confirm", headers=headers)
    assert refused.status_code == 403
    assert links(service.platform, service.tenant) == {}
