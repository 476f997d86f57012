"""A run that is interrupted at any page goes on from the last committed batch."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, Entity, Progress
from sync_platform_tests.sync.conftest import Connect, MakePlatform, TestClock, small_shop, within_reach
from sync_platform_tests.sync.syncing import ask, sync
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

PATHS: dict[Entity, str] = {"customers": "/members", "products": "/products", "transactions": "/transactions"}
TABLES: dict[Entity, list[str]] = {
    "customers": ["customers"],
    "products": ["products"],
    "transactions": ["transactions"],
}
PAGE = 10


@pytest.fixture
def small_batches(make_platform: MakePlatform) -> Platform:
    """A batch per page, and pages of 10 records."""
    return make_platform(sync={"batch_records": 1}, blaze={"page_size": PAGE})


def stopping_after(platform: Platform, batches: int) -> Callable[[Progress], None]:
    """Asks the process to stop when so many batches are committed."""
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        if progress.stage == "loading":
            seen.append(progress)
            if len(seen) == batches:
                platform.stopping.set()

    return watch


def asked_pages(sandbox: BlazeSandbox, path: str) -> list[str]:
    return [entry.query for entry in sandbox.journal.entries(endpoint=path)]


@pytest.mark.parametrize("entity", ["products", "transactions"])
def test_the_next_run_does_not_read_committed_pages_again(
    small_batches: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, entity: Entity
) -> None:
    """F-04, SYS-09: state cancelled; the journal shows where the next run goes on."""
    request = ask(owner, entity, small_batches, 7)
    batches = 1 if entity == "products" else 3
    result = sync_blaze(small_batches, request, stopping_after(small_batches, batches))
    assert (result.state, type(result.error).__name__) == ("cancelled", "Cancelled")
    committed = result.reports[0].counters.fetched
    assert batches * PAGE <= committed <= (batches + 2) * PAGE  # with what had been collected meanwhile
    small_batches.stopping.clear()
    sandbox.journal.clear()
    again = sync_blaze(small_batches, request)
    assert again.state == "succeeded"
    skips = [int(query.split("skip=")[1].split("&")[0]) for query in asked_pages(sandbox, PATHS[entity])]
    assert min(skips) >= committed
    assert again.reports[0].counters.duplicate_in_batch == 0
    sync(small_batches, owner, entity)
    assert_tables_equal_truth(small_batches.database, owner, [shop], TABLES[entity])


@pytest.fixture
def fresh(
    connect: Connect, make_tenant: Callable[..., Tenant], clock: TestClock
) -> Iterator[Callable[[int], tuple[Tenant, Shop, BlazeSandbox]]]:
    """A tenant that has loaded nothing yet, with a shop of its own."""
    servers: list[BlazeSandbox] = []

    def make(number: int) -> tuple[Tenant, Shop, BlazeSandbox]:
        spec = small_shop(f"shop-{number}", products=60, sales_per_day=12)
        shop = within_reach(build_shop(spec, clock=clock.epoch))
        server = BlazeSandbox([shop], clock=clock.epoch).start()
        servers.append(server)
        return connect(server, shop), shop, server

    yield make
    for server in servers:
        server.stop()


@pytest.mark.parametrize("entity", ENTITIES)
def test_stopping_at_every_page_ends_in_the_truth(
    small_batches: Platform,
    fresh: Callable[[int], tuple[Tenant, Shop, BlazeSandbox]],
    database: Database,
    entity: Entity,
) -> None:
    """SYS-09, F-01, I2, I3: at each page boundary in turn; nothing is lost, nothing is doubled."""
    boundary, stopped = 0, True
    while stopped:
        boundary += 1
        tenant, shop, _ = fresh(boundary)
        request = ask(tenant, entity, small_batches)
        first = sync_blaze(small_batches, request, stopping_after(small_batches, boundary))
        stopped = first.state == "cancelled"
        small_batches.stopping.clear()
        second = sync_blaze(small_batches, request)
        assert second.state == "succeeded"
        if stopped:
            both = first.reports[0].counters + second.reports[0].counters
            assert both.duplicate_in_batch == 0
            assert both.inserted == len(shop.collection({"customers": "members"}.get(entity, entity)))
        assert_tables_equal_truth(database, tenant, [shop], TABLES[entity])
        assert_accounted(database, tenant)
    assert boundary >= 3


def test_stopping_again_and_again_gets_to_the_end(
    small_batches: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-09: each run does a page, while the shop goes on changing."""
    states: list[str] = []
    while not states or states[-1] == "cancelled":
        request = ask(owner, "transactions", small_batches)
        states.append(sync_blaze(small_batches, request, stopping_after(small_batches, 1)).state)
        small_batches.stopping.clear()
        shop.add_sale()
        assert len(states) < 60
    assert len(states) > 5
    clock.forward()
    sync(small_batches, owner, "transactions")
    assert_tables_equal_truth(small_batches.database, owner, [shop], ["transactions"])


def test_what_changed_behind_an_interrupted_catalogue_is_read_by_the_next_run(
    small_batches: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-07: the cursor does not go beyond the beginning of the interrupted pass."""
    request = ask(owner, "products", small_batches)
    sync_blaze(small_batches, request, stopping_after(small_batches, 4))
    small_batches.stopping.clear()
    first, *_, last = shop.products.ids()
    clock.forward()
    shop.modify("products", first, unitPrice=1.11)
    clock.forward(60)
    shop.modify("products", last, unitPrice=2.22)
    clock.forward()
    for _ in range(2):
        assert sync(small_batches, owner, "products", 1).state == "succeeded"
    assert_tables_equal_truth(small_batches.database, owner, [shop], ["products"])


def test_a_verifying_run_starts_at_the_beginning(
    small_batches: Platform, owner: Tenant, shop: Shop, database: Database
) -> None:
    """SYS-09: going on in the middle would leave the beginning unverified."""
    request: Any = ask(owner, "transactions", small_batches)
    sync_blaze(small_batches, request, stopping_after(small_batches, 3))
    small_batches.stopping.clear()
    with database.transaction(owner.id) as conn:
        conn.execute("update blaze.transactions set total_amount = 1")
    assert sync(small_batches, owner, "transactions", verify=True).state == "succeeded"
    assert_tables_equal_truth(database, owner, [shop], ["transactions"])
