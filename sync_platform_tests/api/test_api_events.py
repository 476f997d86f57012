"""What the tenant's application tells, over HTTP: taken at once, whatever the CRM does (CRM-11, F-40)."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync_platform.db.credentials import set_credential
from sync_platform.db.webhooks import StoredEvent, stored_events
from sync_platform.sync.profiles import read_profiles
from sync_platform_tests.api.conftest import MakePerson, ProblemOf, Service, Token

EVENT: dict[str, Any] = {
    "kind": "profile.login",
    "event_id": "login-1",
    "profile": {"profile_id": "p-1", "full_name": "Invented Person", "email": "somebody@example.org"},
}


@pytest.fixture
def headers(service: Service, token: Token) -> dict[str, str]:
    """A service that may tell events. The tenant's CRM is an address where nobody answers."""
    set_credential(
        service.platform.database,
        service.platform.keyring,
        service.tenant.id,
        source="crm",
        environment="sandbox",
        account="club",
        secrets={"api_key": "invented"},
        settings={"base_url": "http://127.0.0.1:9", "country": "TH"},
    )
    return token("events.write")


def stored(service: Service) -> list[StoredEvent]:
    """All that is stored for the tenant."""
    with service.platform.database.transaction(service.tenant.id) as conn:
        return stored_events(conn, service.tenant.id)


def test_an_event_is_taken_and_the_profile_saved(service: Service, headers: dict[str, str]) -> None:
    """CRM-11: no call is made, so nobody waits for the CRM."""
    answer = service.client.post("/api/events", json=EVENT, headers=headers)
    assert answer.status_code == 202
    [event] = stored(service)
    assert answer.json() == {"event_id": event.id, "repeated": False}
    assert (event.kind, event.subject, event.state) == ("profile.login", "p-1", "new")
    [profile] = read_profiles(service.platform, service.tenant)
    assert (profile.full_name, profile.email, profile.phone) == ("Invented Person", "somebody@example.org", None)


def test_an_event_that_is_told_again_is_stored_once(service: Service, headers: dict[str, str]) -> None:
    """F-40."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: service.client.post("/api/events", json=EVENT, headers=headers), range(40)))
    assert {answer.status_code for answer in answers} == {202}
    assert [answer.json()["repeated"] for answer in answers].count(False) == 1
    assert len(stored(service)) == 1


def test_what_is_left_out_stays_as_it_is_stored(service: Service, headers: dict[str, str]) -> None:
    """SYS-07."""
    service.client.post("/api/events", json=EVENT, headers=headers)
    booking = {
        "kind": "booking.created", "event_id": "b-1", "phone": "+66 80 000 0000",
        "profile": {"profile_id": "p-1", "full_name": None},
    }  # fmt: skip
    assert service.client.post("/api/events", json=booking, headers=headers).status_code == 202
    [profile] = read_profiles(service.platform, service.tenant)
    assert profile.full_name == "Invented Person"
    assert {event.kind for event in stored(service)} == {"profile.login", "booking.created"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kind": "profile.deleted"}, "body/kind"),
        ({"event_id": ""}, "body/event_id"),
        ({"event_id": "x" * 201}, "body/event_id"),
        ({"event_id": "a\nb"}, "body/event_id"),
        ({"surprise": 1}, "body/surprise"),
        ({"phone": "1" * 61}, "body/phone"),
        ({"profile": {"profile_id": ""}}, "body/profile/profile_id"),
        ({"profile": {"profile_id": "p", "role": "owner"}}, "body/profile/role"),
        ({"profile": {"profile_id": "p", "email": "\x00"}}, "body/profile/email"),
        ({"profile": {"profile_id": "\ud800"}}, "body/profile/profile_id"),
        ({"profile": None}, "body/profile"),
    ],
)
def test_what_cannot_be_an_event_is_named(
    service: Service, headers: dict[str, str], problem: ProblemOf, change: dict[str, Any], where: str
) -> None:
    """API-02, API-06; and no value of a person is repeated."""
    sent = json.dumps(EVENT | change).encode()
    kind = {"content-type": "application/json"}
    body = problem(service.client.post("/api/events", content=sent, headers=headers | kind), 422)
    assert where in [error["where"] for error in body["errors"]]
    assert stored(service) == []


def test_only_a_service_that_may_tell_events_is_heard(
    service: Service, headers: dict[str, str], token: Token, person: MakePerson, problem: ProblemOf
) -> None:
    """SEC-20: people have no such permission, not even an owner."""
    for somebody in (token("imports.create"), person("tenant_owner").headers):
        problem(service.client.post("/api/events", json=EVENT, headers=somebody), 403, "not-permitted")
    problem(service.client.post("/api/events", json=EVENT), 401)
    assert stored(service) == []


def test_an_event_belongs_to_the_tenant_of_the_token(service: Service, token: Token) -> None:
    """TEN-02: nothing in the body names one."""
    other = token("events.write", tenant=service.other_tenant)
    assert service.client.post("/api/events", json=EVENT, headers=other).status_code == 202
    assert stored(service) == []
    assert len(read_profiles(service.platform, service.other_tenant)) == 1
