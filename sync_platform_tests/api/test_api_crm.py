"""/api/crm/sync-packages: packages of many profiles, and how the last sync of them went (API-10)."""

from collections.abc import Iterator
from typing import Any

import pytest

from sync_platform.db.ledger import finish_run, start_run
from sync_platform.db.run_row import RunStart
from sync_platform.sandbox.crm_project import build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sync.run_requests import list_requests
from sync_platform_tests.api.conftest import MakePerson, MakeService, ProblemOf, Service, Token
from sync_platform_tests.api.shops import work
from sync_platform_tests.sync.crm_packages.club import Club, club_spec, connect_crm

PATH = "/api/crm/sync-packages"
FIELDS = {
    "status",
    "total_profiles",
    "successful_profiles",
    "failed_profiles",
    "skipped_profiles",
    "total_packages",
    "errors",
    "duration_ms",
    "timestamp",
}


@pytest.fixture
def service(make_service: MakeService) -> Service:
    """Calls of the CRM are counted, but never waited for."""
    free = {"writes_per_minute": 100_000, "reads_per_minute": 100_000}
    return make_service(api=free, crm={"calls_per_second": 1000})


@pytest.fixture
def club(service: Service) -> Iterator[Club]:
    """The CRM of the service's tenant, in a stand-in server."""
    project = build_crm(club_spec(customers=6))
    with CrmSandbox([project]) as server:
        connect_crm(service.platform, service.tenant, server, project)
        yield Club(service.platform, service.tenant, server, project)


def test_packages_are_synced_by_a_worker_and_the_last_result_has_its_fields(
    service: Service, club: Club, token: Token, problem: ProblemOf
) -> None:
    """API-10, CRM-20."""
    headers, linked = token("crm.sync.any"), club.link()
    problem(service.client.get(PATH, headers=headers), 404)
    accepted = service.client.post(PATH, json={"batch_size": 2}, headers=headers)
    assert accepted.status_code == 202
    work(service.platform)
    found = service.client.get(accepted.json()["status_url"], headers=headers).json()
    assert (found["state"], found["progress"]["percent"]) == ("succeeded", 100)
    result = service.client.get(PATH, headers=headers).json()
    assert set(result) == FIELDS
    assert (result["status"], result["total_profiles"], result["successful_profiles"]) == (
        "succeeded",
        len(linked),
        len(linked),
    )
    assert (result["failed_profiles"], result["skipped_profiles"], result["errors"]) == (0, 0, [])
    assert result["total_packages"] == len(club.stored()) == len(club.truth(linked))
    club.calls()
    assert service.client.get(PATH, headers=headers).json() == result
    assert club.calls() == {}


def test_no_body_is_the_usual_sync_and_both_ways_of_writing_are_taken(service: Service, token: Token) -> None:
    """API-10: batchSize, maxProfiles, onlyNewProfiles."""
    headers = token("crm.sync.any")
    usual = {"batch_size": 20, "max_profiles": None, "only_new": False, "dry_run": False}
    changed = {"batch_size": 50, "max_profiles": 7, "only_new": True, "dry_run": True}
    old = {"batchSize": 50, "maxProfiles": 7, "onlyNewProfiles": True, "dry_run": True}
    for body, stored in ((None, usual), ({}, usual), (changed, changed), (old, changed)):
        answer = service.client.post(PATH, headers=headers, **({} if body is None else {"json": body}))
        assert answer.status_code == 202
        assert list_requests(service.platform, service.tenant, limit=1)[0].arguments == stored


@pytest.mark.parametrize(
    "body",
    [
        {"batch_size": 0},
        {"batch_size": 201},
        {"batchSize": 201},
        {"max_profiles": 0},
        {"batch_size": 20, "batchSize": 20},
        {"only_new": 7},
        {"profiles": ["p-00001"]},
        [],
    ],
)
def test_what_is_out_of_bounds_is_refused(service: Service, token: Token, problem: ProblemOf, body: Any) -> None:
    """API-06, CRM-13."""
    problem(service.client.post(PATH, json=body, headers=token("crm.sync.any")), 422, "invalid-request")


def test_a_failed_profile_is_named_with_its_code_and_whether_it_may_be_tried_again(
    service: Service, club: Club, token: Token
) -> None:
    """API-10: errors."""
    run = start_run(
        service.platform.database,
        RunStart(service.tenant.id, "crm", "packages", "scheduled", None, "schedule"),
        90,
    )
    failed = [{"profile_id": f"p-{n}", "code": "VendorTimeout", "retryable": True} for n in range(100)]
    report = {"packages": {"total": 150, "succeeded": 40, "failed": 110, "skipped": 0, "packages": 9, "errors": failed}}
    finish_run(service.platform.database, service.tenant.id, run, "partial", error_class="ItemsMissing", report=report)
    result = service.client.get(PATH, headers=token("crm.sync.any")).json()
    assert (result["status"], result["failed_profiles"], len(result["errors"])) == ("partial", 110, 100)
    assert result["errors"][0] == failed[0]


def test_a_sync_that_failed_as_a_whole_says_why(service: Service, token: Token) -> None:
    headers = token("crm.sync.any")
    run = start_run(
        service.platform.database, RunStart(service.tenant.id, "crm", "packages", "manual", None, "test"), 90
    )
    finish_run(service.platform.database, service.tenant.id, run, "failed", error_class="CredentialsRejected")
    result = service.client.get(PATH, headers=headers).json()
    assert (result["status"], result["total_profiles"]) == ("failed", 0)
    assert result["errors"] == [{"profile_id": None, "code": "CredentialsRejected", "retryable": False}]


def test_a_refresh_of_one_person_is_not_the_last_result(service: Service, token: Token, problem: ProblemOf) -> None:
    run = start_run(
        service.platform.database, RunStart(service.tenant.id, "crm", "packages", "event", None, "profile/p"), 90
    )
    finish_run(service.platform.database, service.tenant.id, run, "succeeded")
    problem(service.client.get(PATH, headers=token("crm.sync.any")), 404)


def test_who_may_only_refresh_the_own_packages_cannot_sync_those_of_all(
    service: Service, person: MakePerson, problem: ProblemOf
) -> None:
    """CRM-21."""
    for role in ("nurse", "viewer"):
        problem(service.client.post(PATH, json={}, headers=person(role).headers), 403)
        problem(service.client.get(PATH, headers=person(role).headers), 403)
