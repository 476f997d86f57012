"""The cursor says that everything before it has been read: no run may move it over days that it did not read."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Entity
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import sync, sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth


@pytest.mark.parametrize("entity", ["customers", "products", "transactions"])
def test_a_run_of_the_last_days_after_a_long_silence_leaves_no_gap(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, entity: Entity
) -> None:
    """BLZ-07: nine days without a run, then somebody asks for two days; the schedules go on from there."""
    sync_all(platform, owner)
    for _ in range(9):
        clock.forward(24 * 60)
        shop.add_sale(member_id=shop.members.ids()[0])
        shop.add_member()
        shop.add_product()
    clock.forward()
    sync(platform, owner, "products", 2)
    sync(platform, owner, entity, 2)
    sync(platform, owner, entity, 1, kind="scheduled")
    assert_tables_equal_truth(platform.database, owner, [shop], [entity])
