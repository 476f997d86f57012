"""Many tenants at once: one that fails or is slow is its own problem."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync import many
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, Progress, SyncRequest, SyncResult
from sync_platform_tests.sync.conftest import Connect, MakePlatform, TestClock, small_shop, within_reach
from sync_platform_tests.sync.syncing import WHOLE, ask
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, assert_tables_equal_truth, ledger

Street = tuple[BlazeSandbox, list[Tenant], list[Shop]]
TENANTS = 8


@pytest.fixture
def street(connect: Connect, clock: TestClock) -> Iterator[Street]:
    """Eight tenants, each with a shop of its own."""
    names = [f"shop-{number}" for number in range(TENANTS)]
    specs = [small_shop(name, seed=seed, members=20, products=15, sales_per_day=5) for seed, name in enumerate(names)]
    shops = [within_reach(build_shop(spec, clock=clock.epoch)) for spec in specs]
    with BlazeSandbox(shops, clock=clock.epoch) as server:
        yield server, [connect(server, shop) for shop in shops], shops


def work_for(platform: Platform, tenants: list[Tenant], days: int = WHOLE) -> list[list[SyncRequest]]:
    return [[ask(tenant, entity, platform, days) for entity in ENTITIES] for tenant in tenants]


def test_one_fails_and_one_is_slow_and_the_others_finish(platform: Platform, street: Street) -> None:
    """TEN-12, F-23: results of all tenants come, each with its own end; no row strays to another tenant (I5)."""
    server, tenants, shops = street
    server.faults.add(Fault(kind="status", status=500, shop=shops[0].name))
    server.faults.add(Fault(kind="latency", seconds=1.0, shop=shops[1].name))  # every call, until the others are done
    states: dict[str, list[str]] = {}
    order: list[Tenant] = []
    for result in sync_many(platform, work_for(platform, tenants)):
        order.append(result.request.tenant)
        states.setdefault(result.request.tenant.slug, []).append(result.state)
        if len(states) == TENANTS - 1:
            server.faults.clear()
    assert states.pop(tenants[0].slug) == ["partial"] * 3
    assert states == {tenant.slug: ["succeeded"] * 3 for tenant in tenants[1:]}
    assert order[-3:] == [tenants[1]] * 3
    for tenant, shop in zip(tenants[1:], shops[1:], strict=True):
        assert_tables_equal_truth(platform.database, tenant, [shop])
        assert_accounted(platform.database, tenant)
        runs = ledger(platform.database, tenant)
        assert_calls_match(server.journal, runs, lambda name, mine=shop.name: name == mine)  # type: ignore[misc]


def test_results_come_while_others_still_work(make_platform: MakePlatform, street: Street) -> None:
    """TEN-12: fewer workers than tenants; the order of one tenant's requests is kept."""
    _, tenants, _ = street
    few = make_platform(sync={"tenant_workers": 2})
    seen = list(sync_many(few, work_for(few, tenants, 3)))
    assert len(seen) == 3 * TENANTS
    for tenant in tenants:
        mine = [result.request.entity for result in seen if result.request.tenant == tenant]
        assert mine == list(ENTITIES)


def test_closing_early_stops_the_workers_and_nobody_else(make_platform: MakePlatform, street: Street) -> None:
    """F-04: the process goes on; the next call finishes what was left."""
    _, tenants, shops = street
    small = make_platform(sync={"tenant_workers": 2, "batch_records": 1}, blaze={"page_size": 20})
    results = sync_many(small, work_for(small, tenants))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not small.stopping.is_set()
    for tenant in tenants:
        assert_accounted(small.database, tenant)
    again = list(sync_many(small, work_for(small, tenants)))
    assert {result.state for result in again} == {"succeeded"}
    for tenant, shop in zip(tenants, shops, strict=True):
        assert_tables_equal_truth(small.database, tenant, [shop])


def test_stopping_the_process_stops_all_tenants_at_the_next_page(make_platform: MakePlatform, street: Street) -> None:
    """F-04."""
    _, tenants, _ = street
    small = make_platform(sync={"tenant_workers": 4, "batch_records": 1}, blaze={"page_size": 5})

    def stop(_: Progress) -> None:
        small.stopping.set()

    results = list(sync_many(small, work_for(small, tenants), stop))
    assert "cancelled" in {result.state for result in results}
    for tenant in tenants:
        assert_accounted(small.database, tenant)


def test_a_bug_in_one_tenant_is_raised_after_the_others_are_done(
    platform: Platform, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TEN-12: an exception that is no SyncError is not hidden, and costs nobody else anything."""
    _, tenants, _ = street
    whole: Callable[..., SyncResult] = sync_blaze

    def buggy(platform: Platform, request: SyncRequest, *rest: Any) -> SyncResult:
        if request.tenant == tenants[2]:
            raise ZeroDivisionError("a bug")
        return whole(platform, request, *rest)

    monkeypatch.setattr(many, "sync_blaze", buggy)
    done: list[SyncResult] = []
    with pytest.raises(ZeroDivisionError):
        done.extend(sync_many(platform, work_for(platform, tenants, 2)))
    assert len(with_transactions(platform, tenants)) == TENANTS - 1


def with_transactions(platform: Platform, tenants: list[Tenant]) -> list[str]:
    """Tenants whose transactions were synced."""
    return [
        tenant.slug
        for tenant in tenants
        if any(run["entity"] == "transactions" for run in ledger(platform.database, tenant))
    ]


def test_no_work_gives_no_results(platform: Platform, owner: Tenant) -> None:
    """TEN-12: an empty chunk of tenants is no error."""
    assert list(sync_many(platform, [])) == []
    nothing = replace(ask(owner, "customers", platform), days=())
    [result] = sync_many(platform, [[nothing]])
    assert (result.state, result.windows) == ("succeeded", ())
