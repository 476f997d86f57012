"""/api/vip/packages: the own packages, and nobody else's (CRM-21)."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from sync_platform.db.profiles import ProfileFacts
from sync_platform.sandbox.crm_project import build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sync.profiles import save_profiles
from sync_platform.sync.run_requests import list_requests
from sync_platform_tests.api.conftest import MakePerson, MakeService, Person, ProblemOf, Service, Token
from sync_platform_tests.api.shops import work
from sync_platform_tests.sync.crm_packages.club import Club, club_spec, connect_crm

PATH = "/api/vip/packages"
Join = Callable[[Person, int], None]


@pytest.fixture
def service(make_service: MakeService) -> Service:
    """Calls of the CRM are counted, but never waited for."""
    free = {"writes_per_minute": 100_000, "reads_per_minute": 100_000}
    return make_service(api=free, crm={"calls_per_second": 1000})


@pytest.fixture
def club(service: Service) -> Iterator[Club]:
    project = build_crm(club_spec(customers=12))
    with CrmSandbox([project]) as server:
        connect_crm(service.platform, service.tenant, server, project)
        yield Club(service.platform, service.tenant, server, project)


@pytest.fixture
def join(club: Club) -> Join:
    """``join(person, 3)``: the person's profile, linked with the fourth customer that has packages."""
    customers = [one for one in club.project.truth("customers") if club.project.packages_of(one["stable_hash_id"])]

    def make(person: Person, number: int) -> None:
        customer, profile = customers[number], str(person.id)
        facts = ProfileFacts(profile, customer["customer_name"], customer["contact_number"], customer["email"])
        save_profiles(club.platform, club.tenant, [facts])
        with club.platform.database.transaction(club.tenant.id) as conn:
            conn.execute(
                "insert into crm.customer_mapping (tenant_id, profile_id, stable_hash_id, method, score, state, actor)"
                " values (%s, %s, %s, 'manual', 1, 'confirmed', 'test')",
                (club.tenant.id, profile, customer["stable_hash_id"]),
            )

    return make


def test_a_person_refreshes_and_sees_the_own_packages_whatever_the_role(
    service: Service, club: Club, join: Join, person: MakePerson
) -> None:
    """CRM-21: the subject is the token's; the request does not wait for the CRM."""
    ann, bob = person("nurse"), person("viewer")
    join(ann, 0)
    join(bob, 1)
    assert service.client.get(PATH, headers=ann.headers).json() == {"items": [], "next_cursor": None, "synced_at": None}
    accepted = service.client.post(PATH, headers=ann.headers)
    assert accepted.status_code == 202
    assert club.calls() == {}
    work(service.platform)
    status = service.client.get(accepted.json()["status_url"], headers=ann.headers).json()
    assert (status["state"], status["kind"]) == ("succeeded", "crm.refresh_own")
    found = service.client.get(PATH, headers=ann.headers).json()
    assert {one["package_id"] for one in found["items"]} == {package for _, package in club.stored(str(ann.id))}
    assert found["items"]
    assert found["synced_at"] is not None
    assert service.client.get(PATH, headers=bob.headers).json()["items"] == []


def test_a_second_refresh_within_a_minute_has_to_wait_and_says_how_long(
    service: Service, join: Join, person: MakePerson, problem: ProblemOf
) -> None:
    """CRM-21."""
    ann = person("viewer")
    join(ann, 0)
    assert service.client.post(PATH, headers=ann.headers).status_code == 202
    refused = service.client.post(PATH, headers=ann.headers)
    problem(refused, 429, "too-soon")
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    work(service.platform)
    service.clock.forward(seconds=61)
    assert service.client.post(PATH, headers=ann.headers).status_code == 202


def test_nobody_reaches_the_packages_of_others_by_any_parameter(
    service: Service, club: Club, join: Join, person: MakePerson, problem: ProblemOf
) -> None:
    """CRM-21, F-60."""
    ann, eve = person("viewer"), person("tenant_owner")
    join(ann, 0)
    service.client.post(PATH, headers=ann.headers)
    work(service.platform)
    for name in ("profile_id", "profile", "user_id", "subject"):
        problem(service.client.get(PATH, params={name: str(ann.id)}, headers=eve.headers), 404)
        problem(service.client.post(PATH, params={name: str(ann.id)}, headers=eve.headers), 404)
    assert [UUID(one.actor.removeprefix("user:")) for one in list_requests(service.platform, service.tenant)] == [
        ann.id
    ]


def test_who_has_no_profile_or_is_no_person_is_told_so(
    service: Service, person: MakePerson, token: Token, problem: ProblemOf
) -> None:
    for method in (service.client.get, service.client.post):
        problem(method(PATH, headers=person("viewer").headers), 404, "not-found")
        problem(method(PATH, headers=token("crm.sync.any", "packages.read")), 403)
        headers = person("investor").headers | {"X-Tenant": service.tenant.slug}
        problem(method(PATH, headers=headers), 403)


def test_a_turn_that_found_the_queue_full_does_not_count(
    make_service: MakeService, person: MakePerson, problem: ProblemOf
) -> None:
    service = make_service(requests={"max_open": 1})
    ann, bob = person("viewer"), person("viewer")
    save_profiles(service.platform, service.tenant, [ProfileFacts(str(one.id), "A B") for one in (ann, bob)])
    assert service.client.post(PATH, headers=ann.headers).status_code == 202
    problem(service.client.post(PATH, headers=bob.headers), 409)
    work(service.platform)
    assert service.client.post(PATH, headers=bob.headers).status_code == 202


def test_a_refresh_without_a_crm_fails_and_says_so(service: Service, person: MakePerson) -> None:
    ann = person("viewer")
    save_profiles(service.platform, service.tenant, [ProfileFacts(str(ann.id), "A B")])
    accepted = service.client.post(PATH, headers=ann.headers).json()
    work(service.platform)
    found = service.client.get(accepted["status_url"], headers=ann.headers).json()
    assert (found["state"], found["error_code"], found["progress"]["percent"] < 100) == (
        "failed",
        "ConfigurationError",
        True,
    )


def test_own_packages_come_in_pages(service: Service, club: Club, join: Join, person: MakePerson) -> None:
    """API-07."""
    ann = person("viewer")
    customers = [len(club.project.packages_of(one["stable_hash_id"])) for one in club.project.truth("customers")]
    join(ann, [n for n in customers if n].index(max(customers)))
    service.client.post(PATH, headers=ann.headers)
    work(service.platform)
    seen, cursor = [], None
    while True:
        params = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = service.client.get(PATH, params=params, headers=ann.headers).json()
        seen += [one["package_id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == max(customers) > 1
    assert seen == sorted(set(seen))
