"""Keys that the source refuses: one tenant's source stops at once, the others go on."""

from collections.abc import Callable, Iterator

import pytest

from sync_platform.core.errors import CredentialsRejected
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts, set_credential
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync.accounts import check_account, check_entities
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES
from sync_platform_tests.sync.conftest import Connect, TestClock, small_shop
from sync_platform_tests.sync.syncing import ask, sync, sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth, ledger


@pytest.fixture
def neighbours(
    connect: Connect, clock: TestClock, make_tenant: Callable[..., Tenant]
) -> Iterator[tuple[BlazeSandbox, list[Tenant], list[Shop]]]:
    """Two tenants of one stand-in."""
    shops = [build_shop(small_shop(name, seed=seed), clock=clock.epoch) for seed, name in enumerate(("ash", "birch"))]
    with BlazeSandbox(shops, clock=clock.epoch) as server:
        yield server, [connect(server, shop) for shop in shops], shops


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
def test_a_refusal_in_the_middle_stops_the_tenant_at_once(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, kind: str
) -> None:
    """HTTP-04, F-24: 0 retries, the run fails, the account is marked, schedules wait for new keys without a call."""
    sandbox.faults.add(Fault(kind=kind, path="/transactions", after=2))  # type: ignore[arg-type]
    result = sync(platform, owner, "transactions")
    assert (result.state, type(result.error).__name__) == ("failed", "CredentialsRejected")
    refused = [entry for entry in sandbox.journal.entries() if entry.status in (401, 403)]
    assert len(refused) == 1
    [account] = accounts(platform.database, owner.id, "blaze")
    assert account.rejected_at is not None
    sandbox.faults.clear()
    sandbox.journal.clear()
    for result in sync_all(platform, owner, kind="scheduled"):
        assert (result.state, type(result.error).__name__) == ("failed", "CredentialsRejected")
    assert sandbox.journal.count() == 0
    set_credential(
        platform.database,
        platform.keyring,
        owner.id,
        source="blaze",
        environment="stage",
        account=shop.name,
        secrets={"partner_key": shop.spec.partner_key, "shop_key": shop.spec.shop_key},
        settings={"base_url": sandbox.url},
    )
    assert [result.state for result in sync_all(platform, owner, kind="scheduled")] == ["succeeded"] * 3
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_refused_lookups_do_not_cost_a_second_refusal(platform: Platform, owner: Tenant, sandbox: BlazeSandbox) -> None:
    """HTTP-04: the products behind them are not asked for with the same keys."""
    sandbox.faults.add(Fault(kind="unauthorized"))
    result = sync(platform, owner, "products")
    assert (result.state, type(result.error).__name__) == ("failed", "CredentialsRejected")
    assert sandbox.journal.count() == 1
    assert [run["state"] for run in ledger(platform.database, owner)] == ["failed", "failed"]


def test_a_call_by_hand_that_goes_well_closes_the_alarm(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """HTTP-04: whoever asks by hand may try; schedules go on after that."""
    sandbox.faults.add(Fault(kind="unauthorized", times=1))
    assert sync(platform, owner, "customers").state == "failed"
    [account] = accounts(platform.database, owner.id, "blaze")
    assert check_account(platform, owner, account) == {"shop": shop.name, "zone": shop.spec.zone}
    assert sync(platform, owner, "customers", kind="scheduled").state == "succeeded"


def test_other_tenants_go_on(platform: Platform, neighbours: tuple[BlazeSandbox, list[Tenant], list[Shop]]) -> None:
    """HTTP-04, F-24: only this tenant's source stops."""
    server, tenants, shops = neighbours
    server.faults.add(Fault(kind="forbidden", shop=shops[0].name, after=3))
    work = [[ask(tenant, entity, platform) for entity in ENTITIES] for tenant in tenants]
    states: dict[str, list[str]] = {}
    for result in sync_many(platform, work):
        states.setdefault(result.request.tenant.slug, []).append(result.state)
    assert states["ash"] == ["failed", "refused", "refused"]
    assert states["birch"] == ["succeeded"] * 3
    assert server.journal.count(status=403) == 1  # one entity met it; the next ones do not ask with the same keys


def test_the_doctor_reads_a_page_of_each_entity_and_names_the_one_that_is_not_allowed(
    platform: Platform, owner: Tenant, sandbox: BlazeSandbox, shop: Shop
) -> None:
    """CLI-06: keys may be right and lack a permission."""
    [account] = accounts(platform.database, owner.id, "blaze")
    assert check_entities(platform, owner, account) == ["customers", "transactions", "products"]
    shop.denied.add("/transactions")
    with pytest.raises(CredentialsRejected, match="/transactions"):
        check_entities(platform, owner, account)
