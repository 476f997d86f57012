"""A first sync fills the tables with the truth; a second one writes nothing."""

from collections.abc import Callable

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.syncing import sync_all, versions
from sync_platform_tests.sync.truth import (
    assert_accounted,
    assert_calls_match,
    assert_tables_equal_truth,
    ledger,
)


def test_tables_equal_the_source_after_a_first_sync(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """BLZ-11 to BLZ-13, BLZ-20 to BLZ-23, SYS-11, HTTP-11: every column of every row."""
    results = sync_all(platform, owner)
    assert [(result.state, result.error) for result in results] == [("succeeded", None)] * 3
    assert_tables_equal_truth(platform.database, owner, [shop])
    assert_accounted(platform.database, owner)
    assert_calls_match(sandbox.journal, ledger(platform.database, owner))
    inserted = {result.request.entity: result.reports[0].counters.inserted for result in results}
    assert inserted == {
        "products": len(shop.products),
        "customers": len(shop.members),
        "transactions": len(shop.transactions),
    }


def test_a_second_sync_writes_no_row_at_all(platform: Platform, owner: Tenant) -> None:
    """SYS-05: 0 data rows, seen by the rows' own versions and by the counters."""
    sync_all(platform, owner)
    before = versions(platform.database, owner)
    for result in sync_all(platform, owner):
        for report in result.reports:
            assert report.counters.written == 0
            assert report.counters.fetched == report.counters.unchanged
    assert versions(platform.database, owner) == before


def test_a_second_sync_that_compares_every_value_writes_nothing_either(platform: Platform, owner: Tenant) -> None:
    """SYS-05: the same without the short cut of content hashes."""
    sync_all(platform, owner)
    before = versions(platform.database, owner)
    results = sync_all(platform, owner, verify=True, full=True)
    assert [result.reports[0].counters.written for result in results] == [0, 0, 0]
    assert versions(platform.database, owner) == before
    lines = results[2].reports[1].counters
    assert lines.fetched == lines.unchanged > 0


def test_row_provenance_is_complete(platform: Platform, owner: Tenant, database: Database) -> None:
    """SYS-06, SYS-12: every row tells where it is from, which run wrote it, and when."""
    results = sync_all(platform, owner)
    with database.transaction(owner.id) as conn:
        for table, report in (
            ("products", results[0].reports[0]),
            ("customers", results[1].reports[0]),
            ("transactions", results[2].reports[0]),
            ("transaction_items", results[2].reports[1]),
        ):
            found = conn.execute(
                f"select count(*), count(*) filter (where run_id = %s and origin = 'blaze'"  # type: ignore[arg-type]
                f" and first_seen_at <= last_seen_at and last_changed_at is not null) from blaze.{table}",
                (report.run_id,),
            ).fetchone()
            assert found is not None
            assert found[0] == found[1] == report.counters.inserted, table


def test_tenants_do_not_see_each_other(
    platform: Platform, owner: Tenant, make_tenant: Callable[..., Tenant], database: Database
) -> None:
    """BLZ-01: the same database, another tenant, no row."""
    sync_all(platform, owner)
    stranger = make_tenant("birch")
    with database.transaction(stranger.id) as conn:
        for table in ("customers", "transactions", "transaction_items", "products", "lookups"):
            assert conn.execute(f"select count(*) from blaze.{table}").fetchone() == (0,)  # type: ignore[arg-type]
