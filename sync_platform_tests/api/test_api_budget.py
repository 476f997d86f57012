"""Call budgets over HTTP: the own part, and of others who share a key the sum."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform_tests.api.conftest import MakePerson, Service, Token

SHARED = {"partner_key": "invented-partner-key-of-a-chain", "shop_key": "invented-shop-key"}


def account(service: Service, tenant: Tenant) -> None:
    """An account whose partner key is shared."""
    set_credential(
        service.platform.database,
        service.platform.keyring,
        tenant.id,
        source="blaze",
        environment="production",
        account="main",
        secrets=SHARED,
        settings={},
    )


def call(service: Service, tenant: Tenant, calls: int) -> None:
    """``calls`` calls are taken from the budget."""
    budget = service.platform.budgets["blaze"].for_credential(SHARED["partner_key"], tenant.id)
    for _ in range(calls):
        budget.acquire()


def test_a_tenant_sees_its_own_part_and_the_sum_of_all(service: Service, token: Token) -> None:
    """HTTP-12, F-60: nobody else is named."""
    for tenant, calls in ((service.tenant, 3), (service.other_tenant, 5)):
        account(service, tenant)
        call(service, tenant, calls)
    answer = service.client.get("/api/budget", headers=token("config.read"))
    (found,) = answer.json()["items"]
    assert (found["source"], found["limit"], found["state"]) == ("blaze", 8000, "ok")
    assert found["own"]["used"] >= 3
    assert found["used"] >= found["own"]["used"] + 5
    assert found["left"] == found["limit"] - found["used"]
    assert service.other_tenant.slug not in answer.text
    assert SHARED["partner_key"] not in answer.text


def test_without_an_account_there_is_no_budget(service: Service, token: Token) -> None:
    """HTTP-12: a neighbour's budgets are not shown."""
    account(service, service.other_tenant)
    assert service.client.get("/api/budget", headers=token("config.read")).json() == {"items": []}


@pytest.mark.parametrize(("role", "status"), [("tenant_admin", 200), ("clinic_staff", 403), ("viewer", 403)])
def test_budgets_are_for_admins(service: Service, person: MakePerson, role: str, status: int) -> None:
    """TEN-22."""
    assert service.client.get("/api/budget", headers=person(role).headers).status_code == status
