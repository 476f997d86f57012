"""All that are compared do the same work: as many rows in each table."""

import pytest

from benchmarks import limit, ours, peers
from benchmarks.changes import arrived, database_time, one_percent, proof
from benchmarks.server_state import row_counts, settle
from benchmarks.source import Source
from sync_platform_tests.benchmarks.conftest import NOW


@pytest.fixture
def expected(shop) -> dict[str, int]:
    """Rows per table, counted in the shop's own records."""
    sales = shop.truth("transactions")
    return {
        "customers": len(shop.members),
        "transactions": len(sales),
        "transaction_items": sum(len((sale["cart"] or {}).get("items") or []) for sale in sales),
        "products": len(shop.products),
    }


@pytest.fixture
def synced(stage, database_url, shop, pages) -> ours.SyncRun:
    ours.add_tenant(stage, database_url, shop.spec, pages.url)
    return ours.sync_all(stage, database_url, shop.spec, NOW)


@pytest.mark.timeout(240)
def test_the_limit_copies_what_the_sync_wrote(
    synced, database_url, template, new_database, drop_database, shop, pages, expected
):
    """PERF-02: the same pages, the same rows, the same tables."""
    assert row_counts(database_url) == expected
    targets = Source(pages.url).targets(shop.name)
    fetched = limit.fetch(pages.url, targets, shop.spec.partner_key, shop.spec.shop_key)
    assert fetched.pages == len(targets) == pages.journal.count() / 2
    url = new_database("sp_bench_limit", template)
    try:
        assert limit.copy(url, limit.ready_buffers(database_url)) > 0
        assert row_counts(url) == expected
    finally:
        drop_database("sp_bench_limit")


@pytest.mark.timeout(240)
def test_the_number_of_rows_written_is_the_databases_own(synced, stage, database_url, shop, pages, expected):
    """PERF-03: all at first, none when nothing changed, exactly the changed ones after a change."""
    assert synced.rows >= sum(expected.values())
    settle(database_url)
    assert ours.sync_all(stage, database_url, shop.spec, NOW).rows == 0
    changed = one_percent(Source(pages.url), shop.spec, seed=3)
    assert sum(changed.values()) > 0
    began = database_time(database_url)
    done = ours.sync_all(stage, database_url, shop.spec, NOW)
    assert arrived(database_url, began).changed == changed
    assert proof(database_url, began, done.rows, changed)[0]
    assert not proof(database_url, began, done.rows + 1, changed)[0]
    assert not proof(database_url, began, done.rows, changed | {"products": changed["products"] + 1})[0]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("pipelined", [False, True])
def test_the_naive_script_fills_the_same_tables(database_url, tmp_path, shop, pages, expected, pipelined):
    """PERF-02."""
    for _ in range(2):
        peers.run_naive(tmp_path, database_url, pages.url, shop.spec, NOW, pipelined=pipelined)
        assert row_counts(database_url, peers.NAIVE_SCHEMA) == expected


@pytest.mark.timeout(360)
@pytest.mark.slow  # only `make test` installs dlt
def test_dlt_fills_the_same_tables(database_url, tmp_path, shop, pages, expected):
    """PERF-02: at first, and again on unchanged data."""
    for _ in range(2):
        peers.run_dlt(tmp_path, database_url, pages.url, shop.spec, NOW)
        counts = row_counts(database_url, peers.DLT_SCHEMA, peers.DLT_TABLES)
        assert list(counts.values()) == list(expected.values())
