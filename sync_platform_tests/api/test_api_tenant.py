"""A tenant's settings over HTTP: read, replaced, never overwritten unseen."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from httpx import Response

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.field_map import mapped_entity
from sync_platform.db.tenants import find_tenant, set_call_weight
from sync_platform.db.thresholds import Thresholds, read_thresholds
from sync_platform.sync.audit import read_audit
from sync_platform.sync.comparison import ROLE, thresholds
from sync_platform.sync.crm_times import own_time
from sync_platform.sync.platform import Platform
from sync_platform_tests.api.conftest import MakePerson, Person, Service, Token

PATH = "/api/tenant/settings"


def read(service: Service, headers: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What can be changed, and the ETag."""
    found = service.client.get(PATH, headers=headers)
    assert found.status_code == 200, found.text
    return found.json()["settings"], found.headers["etag"]


def put(service: Service, person: Person, settings: dict[str, Any], tag: str | None) -> Response:
    """Replace them."""
    tags = {"If-Match": tag} if tag is not None else {}
    answer: Response = service.client.put(PATH, json=settings, headers=person.headers | tags)
    return answer


def crm_account(platform: Platform, tenant: Tenant) -> None:
    """An account at a CRM."""
    set_credential(
        platform.database,
        platform.keyring,
        tenant.id,
        source="crm",
        environment="sandbox",
        account="main",
        secrets={"api_key": "invented-key-of-a-crm"},
        settings={"base_url": "https://crm.example.org"},
    )


def test_settings_are_shown_with_what_cannot_be_changed_beside(service: Service, owner: Person) -> None:
    """TEN-01."""
    found = service.client.get(PATH, headers=owner.headers).json()
    assert {name: value for name, value in found.items() if name != "settings"} == {
        "slug": service.tenant.slug,
        "zone": service.tenant.zone_name,
        "country": "US",
        "state": "active",
    }
    assert found["settings"] == {
        "name": service.tenant.name,
        "customers": {"churn_medium_days": 30, "churn_high_days": 60, "vip_visits": 10, "vip_value": "1000"},
        "gate_thresholds": {},
        "crm_cron": "",
    }


def test_what_is_changed_is_in_force_at_once(service: Service, owner: Person) -> None:
    """BLZ-34, CMP-05, DAG-10."""
    crm_account(service.platform, service.tenant)
    set_call_weight(service.platform.database, service.tenant.id, 3)
    settings, tag = read(service, owner.headers)
    settings |= {
        "name": "Alder & Sons",
        "customers": {"churn_medium_days": 20, "churn_high_days": 45, "vip_visits": 5, "vip_value": "999.99"},
        "gate_thresholds": {"customers.phone": "2.5", "customers.rows": 1},
        "crm_cron": "0 4 * * *",
    }
    changed = put(service, owner, settings, tag)
    assert changed.status_code == 200, changed.text
    database, tenant = service.platform.database, service.tenant
    assert find_tenant(database, tenant.slug).name == "Alder & Sons"
    assert read_thresholds(database, tenant.id) == Thresholds(20, 45, 5, Decimal("999.99"))
    with database.transaction(tenant.id, ROLE) as conn:
        found = thresholds(service.platform, conn, mapped_entity("customers"))
    assert (found["phone"], found["rows"], found["email"]) == (Decimal("2.5"), Decimal(1), Decimal(5))
    time = own_time(service.platform, tenant)
    assert time is not None
    assert time.cron == "0 4 * * *"
    now, newer = read(service, owner.headers)
    assert newer == changed.headers["etag"] != tag
    assert Decimal(now["gate_thresholds"]["customers.phone"]) == Decimal("2.5")
    with database.transaction(tenant.id) as conn:  # what the platform keeps beside them stays
        row = conn.execute("select settings -> 'call_weight' from platform.tenants").fetchone()
    assert row == (3.0,)


def test_a_change_is_noted_with_hashes_of_before_and_after(service: Service, owner: Person) -> None:
    """SEC-30."""
    settings, tag = read(service, owner.headers)
    assert put(service, owner, settings | {"name": "Other"}, tag).status_code == 200
    (entry,) = read_audit(service.platform, service.tenant.id, action="tenant.settings")
    assert (entry.actor, entry.detail) == (f"user:{owner.id}", {"changed": ["name"]})
    assert entry.before_hash
    assert entry.after_hash
    assert entry.before_hash != entry.after_hash


def test_of_two_changes_at_once_one_has_to_read_again(service: Service, owner: Person) -> None:
    """RFC 9110: nobody overwrites what he has not seen."""
    settings, tag = read(service, owner.headers)

    def change(name: str) -> int:
        return put(service, owner, settings | {"name": name}, tag).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, [f"Name {n}" for n in range(8)]))
    assert sorted(statuses) == [200] + [412] * 7
    assert put(service, owner, settings, None).status_code == 428
    assert put(service, owner, settings, '"made-up"').status_code == 412


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "two\nlines"},
        {"zone": "Europe/Berlin"},
        {"customers": {"churn_medium_days": 60, "churn_high_days": 30, "vip_visits": 1, "vip_value": 1}},
        {"customers": {"churn_medium_days": 1, "churn_high_days": 30, "vip_visits": 1, "vip_value": "NaN"}},
        {"customers": {"churn_medium_days": 1, "churn_high_days": 30}},
        {"gate_thresholds": {"customers.shoe_size": 1}},
        {"gate_thresholds": {"members.phone": 1}},
        {"gate_thresholds": {"customers.phone": 0}},
        {"gate_thresholds": {"customers.phone": 101}},
        {"crm_cron": "every day"},
        {"crm_cron": "0 4 * * *"},  # there is no CRM
    ],
)
def test_what_cannot_be_set_is_refused_whole(service: Service, owner: Person, wrong: dict[str, Any]) -> None:
    """API-06."""
    settings, tag = read(service, owner.headers)
    assert put(service, owner, settings | {"name": "New"} | wrong, tag).status_code == 422
    assert read(service, owner.headers) == (settings, tag)


def test_who_may_read_settings_may_not_therefore_change_them(
    service: Service, person: MakePerson, token: Token
) -> None:
    """TEN-22."""
    admin, staff = person("tenant_admin"), person("clinic_staff")
    settings, tag = read(service, admin.headers)
    assert put(service, admin, settings, tag).status_code == 403
    assert service.client.get(PATH, headers=staff.headers).status_code == 403
    assert service.client.get(PATH, headers=token("imports.read")).status_code == 403
    theirs, _ = read(service, token("config.read", tenant=service.other_tenant))
    assert theirs["name"] == service.other_tenant.name
