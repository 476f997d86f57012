"""A shop that changes while it is read: whatever moves between two pages, nothing is lost."""

import random
from datetime import timedelta

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.sync.request import Entity
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.stage import Stage, recent, shop_spec
from sync_platform_tests.faults.tiers import FIRST_SEED, tiered
from sync_platform_tests.sync.syncing import sync

# members come newest first, receipts oldest first, the catalogue in no order
READS: dict[str, tuple[Entity, tuple[str, ...]]] = {
    "members": ("customers", ("customers",)),
    "transactions": ("transactions", ("transactions", "transaction_items")),
    "products": ("products", ("products",)),
}
RUNS = tiered(12, 1_000)
PER_TEST = tiered(6, 50)
DAYS = 6
# a page has up to ten records; some shops change more between two pages than a page holds
MOST = (1, 1, 1, 2, 2, 3, 3, 5, 5, 8, 8, 12, 20, 40, 100, 500)
# after how many pages even such a shop comes to rest
TIMES = 12


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + RUNS, PER_TEST), ids=lambda seed: f"seed-{seed}")
def test_what_moves_between_two_pages_is_not_lost(stage: Stage, note: Note, seed: int) -> None:
    """F-27: 1,000 seeded runs. Between any two pages 1 to 500 records are added, changed, marked as deleted, refunded;
    a clean run a day later, and all is there. In this process, over HTTP, into PostgreSQL."""
    changes = 0
    for own in range(seed, seed + PER_TEST):
        changes += one_run(stage, own)
    note(runs=PER_TEST, changes_between_pages=changes)


def one_run(stage: Stage, seed: int) -> int:
    """One shop, read while it changes, and again a day later. The number of changes."""
    rng = random.Random(seed)
    name = rng.choice(sorted(READS))
    entity, tables = READS[name]
    clock = Clock()
    spec = shop_spec(
        f"shop-{seed}", seed, members=30, products=25, sales_per_day=8, days=DAYS,
        first_day=clock.now.date() - timedelta(days=DAYS - 1), now=clock.now,
    )  # fmt: skip
    shop = recent(build_shop(spec, clock=clock.epoch), DAYS)
    platform = stage.platform(
        clock, blaze={"page_size": rng.randint(2, 10)}, sync={"batch_records": rng.randint(1, 40)}
    )
    stage.tenants, stage.shops = {}, {shop.name: shop}
    with BlazeSandbox([shop], seed=seed, clock=clock.epoch) as sandbox:
        tenant = stage.connect(shop, sandbox.url)
        if entity == "transactions":  # lines take flower type and strain from the products
            assert sync(platform, tenant, "products", DAYS).state == "succeeded"
        sandbox.faults.add(Fault(kind="mutate", rows=rng.randint(1, rng.choice(MOST)), field=name, times=TIMES))
        spoilt = sync(platform, tenant, entity, DAYS + 1)
        [hits], [fault] = sandbox.faults.hits(), sandbox.faults.listed()
        sandbox.faults.clear()
        for _ in range(2):
            clock.now += timedelta(days=1)
            clean = sync(platform, tenant, entity, DAYS + 4)
            assert clean.state == "succeeded", (seed, clean.error)
            if spoilt.state == "succeeded":  # one that could not make sense of what it saw may need a second one
                break
        assert_invariants(stage, tenant, [shop], sandbox.journal, tables=tables)
    return hits * fault.rows
