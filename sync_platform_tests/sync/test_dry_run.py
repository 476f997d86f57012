"""A dry run tells what the real one would do, and writes its report only."""

from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.changes import SeededChanges
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, Entity
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import rows, sync, sync_all, versions
from sync_platform_tests.sync.truth import assert_tables_equal_truth

STATE = (
    "select * from platform.sync_cursors",
    "select * from platform.quarantine",
    "select * from platform.schema_drift",
)


def counters(result: Any) -> list[dict[str, int]]:
    return [report.counters.as_dict() for report in result.reports]


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_dry_run_of_a_first_load_has_the_numbers_of_the_real_one(
    platform: Platform, owner: Tenant, entity: Entity
) -> None:
    """SYS-20: an empty database stays empty."""
    dry = sync(platform, owner, entity, kind="dry_run")
    assert all(not found for found in versions(platform.database, owner).values())
    assert [rows(platform.database, owner, statement) for statement in STATE] == [[], [], []]
    assert dry.state == "succeeded"
    assert counters(dry) == counters(sync(platform, owner, entity))


def test_a_dry_run_after_changes_has_the_numbers_of_the_real_one(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-20: inserts, updates, deletions of lines and rejects alike; nothing is written besides the ledger row."""
    sync_all(platform, owner)
    SeededChanges(shop, 3).apply(60, kinds=("modify", "add", "delete", "void"))
    sale = shop.transactions.get(shop.returnable_sales()[0])
    shop.modify("transactions", sale["id"], cart=sale["cart"] | {"items": sale["cart"]["items"][1:]})
    shop.modify("members", shop.members.ids()[1], loyaltyPoints="a lot")
    clock.forward()
    before = versions(platform.database, owner), [rows(platform.database, owner, statement) for statement in STATE]
    dry = [sync(platform, owner, entity, kind="dry_run") for entity in ENTITIES]
    after = versions(platform.database, owner), [rows(platform.database, owner, statement) for statement in STATE]
    assert after == before
    assert [counters(result) for result in dry] == [counters(result) for result in sync_all(platform, owner)]


def test_the_sample_shows_before_and_after_with_personal_values_masked(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """SYS-20, SEC-24: at most 20 differences."""
    sync_all(platform, owner)
    for key in shop.members.ids()[:30]:
        shop.modify("members", key, firstName="Canary", lastName="Person", loyaltyPoints=77.25)
    clock.forward()
    result = sync(platform, owner, "customers", kind="dry_run")
    sample = result.reports[0].report["sample"]
    assert len(sample) == 20
    assert "Canary" not in str(sample)
    assert sample[0]["changes"]["name"]["after"] == "C***(13)"
    assert sample[0]["changes"]["loyalty_points"]["after"] == 77.25
    assert {entry["fate"] for entry in sample} == {"updated"}


def test_a_dry_run_does_not_wait_for_a_writer(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """SYS-19, SYS-20: and a real run after it reads everything."""
    sync(platform, owner, "customers", kind="dry_run")
    sync_all(platform, owner)
    assert_tables_equal_truth(platform.database, owner, [shop])
