"""The control interface of the stand-in for the CRM (SBX-02, SBX-03)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform_tests.sandbox.crm_club import COUNT, HEADERS, KEY, build_club


@pytest.fixture
def club() -> CrmProject:
    return build_club(customers=50)


@pytest.fixture
def box(club: CrmProject) -> Iterator[CrmSandbox]:
    with CrmSandbox([club]) as running:
        yield running


@pytest.fixture
def control(box: CrmSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{box.url}/_sandbox", timeout=10) as client:
        yield client


def test_every_request_is_in_the_journal_and_no_key(box, control) -> None:
    """SBX-03."""
    with httpx.Client(base_url=f"{box.url}/rest/v1", headers=HEADERS) as client:
        client.head("/customers", headers=COUNT)
        client.get("/customers?limit=1", headers=COUNT)
        client.post("/rpc/get_packages_by_hash_id", json={"p_stable_hash_id": "0"})
        client.get("/nothing", headers={"apikey": ""})
    seen = [(one["method"], one["endpoint"], one["status"], one["shop"]) for one in control.get("/journal").json()]
    assert seen == [
        ("HEAD", "/customers", 200, "Club"),
        ("GET", "/customers", 206, "Club"),
        ("POST", "/rpc/get_packages_by_hash_id", 200, "Club"),
        ("GET", "/{table}", 401, ""),
    ]
    assert KEY not in control.get("/journal").text
    assert control.get("/journal/counts").json()["/customers"] == {"200": 1, "206": 1}


def test_projects_truth_and_profiles_can_be_asked_for(box, control, club) -> None:
    """SBX-03: an outline tells no key."""
    outline = control.get("/shops").json()
    assert outline == [{"name": "Club", "customers": 50, "packages": len(club.packages)}]
    assert control.get("/truth?shop=Club&entity=packages").json() == club.truth("packages")
    profiles = control.get("/profiles?shop=Club&count=5&seed=2").json()
    assert [one["stable_hash_id"] for one in profiles] == [one.stable_hash_id for one in club.profiles(5, seed=2)]
    assert control.get("/truth?shop=Club&entity=orders").status_code == 404
    assert control.get("/weather").status_code == 404


def test_everything_can_be_changed_from_outside(box, control, club) -> None:
    """SBX-02."""

    def change(**body: Any) -> list[str]:
        answer = control.post("/change", json={"shop": "Club", **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["changed"]

    key = next(one for one in club.hashes() if club.packages_of(one))
    row = club.customers_of(key)[0]
    [package] = change(action="package", hash=key)
    change(action="hours", id=int(package), fields={"remaining": 0, "used": 5})
    assert club.packages.get(int(package))["calculated_remaining_hours"] == 0
    change(action="erase", entity="packages", id=int(package))
    assert club.packages.find(int(package)) is None
    change(action="modify", id=row["id"], fields={"email": "new@example.org"})
    change(action="rename", id=row["id"], fields={"name": "Somebody Else"})
    assert club.customers.get(row["id"])["customer_name"] == "Somebody Else"
    assert club.customers.get(row["id"])["email"] == "new@example.org"
    change(action="poison", hash=key, poison="error")
    assert club.failing == {key}
    change(action="cure", hash=key)
    assert club.failing == set()
    change(action="erase", id=row["id"])
    assert club.customers.find(row["id"]) is None
    assert len(change(action="customer", count=2)) == 2
    assert len(change(action="seeded", count=3)) == 3
    assert len(change(action="rebuild")) == len(club.customers)
    change(action="anonymous", anonymous="visible")
    assert club.anonymous == "visible"
    assert control.post("/change", json={"shop": "Club", "action": "paint"}).status_code == 400
