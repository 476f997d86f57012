"""A run that verifies finds what was edited in the database."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Entity
from sync_platform_tests.sync.syncing import sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

EDITS: list[tuple[Entity, str, int]] = [
    ("customers", "update blaze.customers set name = 'edited'", 0),
    ("customers", "update blaze.customers set deleted_at = now() where deleted_at is null", 0),
    ("products", "update blaze.products set retail_price = retail_price + 1", 0),
    ("transactions", "update blaze.transactions set total_amount = total_amount + 1 where total_amount > 0", 0),
    ("transactions", "update blaze.transaction_items set quantity = 99", 1),
    ("transactions", "update blaze.transaction_items set deleted_at = now()", 1),
]


@pytest.mark.parametrize(("entity", "edit", "report"), EDITS)
def test_edits_in_the_database_are_found_and_put_right(
    platform: Platform, owner: Tenant, shop: Shop, database: Database, entity: Entity, edit: str, report: int
) -> None:
    """Design section 7: content hashes cannot see them, so a verifying run does not use them."""
    sync_all(platform, owner)
    with database.transaction(owner.id) as conn:
        edited = conn.execute(edit).rowcount  # type: ignore[arg-type]
    assert edited > 0
    result = sync(platform, owner, entity, verify=True, full=True)
    assert result.reports[report].counters.updated == edited
    assert_tables_equal_truth(platform.database, owner, [shop])
    assert_accounted(platform.database, owner)


def test_a_receipt_removed_from_the_database_is_written_again_with_its_lines(
    platform: Platform, owner: Tenant, shop: Shop, database: Database
) -> None:
    """BLZ-12: its lines are still there."""
    sync_all(platform, owner)
    with database.transaction(owner.id, role="sp_owner") as conn:
        conn.execute("delete from blaze.transactions where line_count > 1")
    result = sync(platform, owner, "transactions", verify=True)
    assert result.state == "succeeded"
    assert_tables_equal_truth(platform.database, owner, [shop])
