"""Accounts at a CRM: what they have to be told, how they are opened, and what a check finds (CRM-03)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sync_platform.core.errors import (
    ConfigurationError,
    CredentialsRejected,
    InvalidRequest,
    VendorUnavailable,
)
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import SourceAccount, accounts, set_credential
from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sandbox.faults import Fault
from sync_platform.sync.budgets import budget_uses
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.checking import readable_entities, try_account
from sync_platform.sync.crm_accounts import check_crm, open_crm
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform

KEY, PUBLIC = "canary-crm-key", "invented-public-key"


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """Calls are counted, but never waited for."""
    return make_platform(crm={"calls_per_second": 1000})


@pytest.fixture
def project() -> CrmProject:
    return build_crm(CrmSpec(name="club", seed=3, customers=20, api_key=KEY, public_key=PUBLIC))


@pytest.fixture
def server(project: CrmProject) -> Iterator[CrmSandbox]:
    with CrmSandbox([project]) as running:
        yield running


@pytest.fixture
def tenant(make_tenant: Callable[..., Tenant]) -> Tenant:
    return make_tenant("club", zone="Asia/Bangkok")


Store = Callable[..., SourceAccount]


@pytest.fixture
def store_alone(platform: Platform, tenant: Tenant) -> Store:
    """``store_alone(base_url=...)``: the tenant's account, with these settings and no others."""

    def make(key: str = KEY, **settings: Any) -> SourceAccount:
        return set_credential(
            platform.database,
            platform.keyring,
            tenant.id,
            source="crm",
            environment="production",
            account="main",
            secrets={"api_key": key},
            settings=settings,
        )

    return make


@pytest.fixture
def store(store_alone: Store, server: CrmSandbox) -> Store:
    """``store(country="TH")``: the tenant's account at the server, with such settings."""
    return lambda key=KEY, **settings: store_alone(key, **{"base_url": server.url} | settings)


def test_an_account_has_to_say_where_its_project_is(
    platform: Platform, tenant: Tenant, store: Store, store_alone: Store
) -> None:
    """Every project has a host of its own. Who sets new keys of an account need not say it again."""
    for settings in ({}, {"base_url": ""}, {"country": "TH"}):
        with pytest.raises(InvalidRequest, match="base_url"):
            store_alone(**settings)
    assert accounts(platform.database, tenant.id, "crm") == []
    address = store().settings["base_url"]
    again = store_alone("canary-another", country="TH")
    assert again.settings == {"base_url": address, "country": "TH"}


@pytest.mark.parametrize(
    "wrong",
    [{"country": "Thailand"}, {"country": "th"}, {"anonymous_secret": "x"}, {"public_key": KEY}, {"note": KEY}],
)
def test_malformed_settings_and_secrets_among_them_are_refused(
    platform: Platform, tenant: Tenant, store: Store, wrong: dict[str, str]
) -> None:
    """CRM-03, SEC-21: the secret key under the name of the public one would be shown."""
    with pytest.raises(InvalidRequest) as refused:
        store(**wrong)
    assert "canary" not in str(refused.value)
    assert accounts(platform.database, tenant.id, "crm") == []


def test_phones_are_of_the_accounts_country_or_of_the_one_in_the_settings(
    make_platform: MakePlatform, store: Store
) -> None:
    """CRM-06."""
    asia = make_platform(crm={"country": "TH", "calls_per_second": 1000})
    with open_crm(asia, store(), CallCounter()) as opened:
        assert opened.country == "TH"
    with open_crm(asia, store(country="US"), CallCounter()) as opened:
        assert opened.country == "US"
        assert opened.client.count_customers() == 20


def test_an_account_is_tried_with_one_call_and_its_tables_with_another_each(
    platform: Platform, tenant: Tenant, store: Store, server: CrmSandbox
) -> None:
    """CLI-06."""
    account = store()
    assert try_account(platform, tenant, account) == {"shop": "127.0.0.1", "zone": "Asia/Bangkok"}
    assert server.journal.count() == 1
    assert readable_entities(platform, tenant, account) == ["customers", "packages"]
    assert server.journal.count() == 3


@pytest.mark.parametrize(("anonymous", "warned"), [("denied", False), ("hidden", False), ("visible", True)])
def test_customers_that_everybody_can_read_are_a_warning_with_a_remedy(
    platform: Platform,
    tenant: Tenant,
    store: Store,
    server: CrmSandbox,
    project: CrmProject,
    anonymous: Any,
    warned: bool,
) -> None:
    """CRM-03: the public key is in every browser."""
    project.anonymous = anonymous
    account = store(public_key=PUBLIC)
    found = check_crm(platform, tenant, account)
    assert server.journal.count() == 2
    assert ("warning" in found) == warned
    if warned:
        assert "row security" in found["remedy"]
    [now] = accounts(platform.database, tenant.id, "crm")
    assert now.rejected_at is None


def test_a_refused_public_key_says_nothing_about_the_accounts_own(
    platform: Platform, tenant: Tenant, store: Store
) -> None:
    """HTTP-04: no alarm "credentials"."""
    assert "warning" not in check_crm(platform, tenant, store(public_key="invented-and-unknown"))
    [now] = accounts(platform.database, tenant.id, "crm")
    assert now.rejected_at is None


def test_a_key_that_sees_no_customer_is_a_warning(
    platform: Platform, tenant: Tenant, store: Store, project: CrmProject
) -> None:
    """Row security hides rows without a word: nothing is not proof that nothing is there."""
    for customer in project.truth("customers"):
        project.remove_customer(customer["id"])
    assert "row security" in check_crm(platform, tenant, store())["remedy"]


def test_a_refused_key_is_marked_and_a_missing_permission_is_not(
    platform: Platform, tenant: Tenant, store: Store, server: CrmSandbox, project: CrmProject
) -> None:
    """HTTP-04: new keys would not mend a missing grant. A public key in place of a server-side one is refused."""
    server.faults.add(Fault(kind="status", status=403, field="42501"))
    with pytest.raises(ConfigurationError, match="grant select"):
        check_crm(platform, tenant, store())
    assert accounts(platform.database, tenant.id, "crm")[0].rejected_at is None
    server.faults.clear()
    for key in ("canary-unknown", PUBLIC):
        with pytest.raises(CredentialsRejected):
            check_crm(platform, tenant, store(key))
        [now] = accounts(platform.database, tenant.id, "crm")
        assert now.rejected_at is not None
        assert "canary" not in str(now.rejected_reason)


def test_a_project_that_is_over_its_quota_keeps_its_key(
    platform: Platform, tenant: Tenant, store: Store, server: CrmSandbox
) -> None:
    """402 is about a bill."""
    server.faults.add(Fault(kind="status", status=402))
    with pytest.raises(VendorUnavailable):
        check_crm(platform, tenant, store())
    assert server.journal.count() == 1
    assert accounts(platform.database, tenant.id, "crm")[0].rejected_at is None


def test_calls_are_counted_by_key(platform: Platform, tenant: Tenant, store: Store) -> None:
    """HTTP-10, HTTP-12."""
    check_crm(platform, tenant, store())
    [use] = [use for use in budget_uses(platform) if use.source == "crm"]
    assert (use.limit, use.period_seconds, use.today) == (1000, 1.0, 1)
    assert [one.tenant for one in use.tenants] == ["club"]
