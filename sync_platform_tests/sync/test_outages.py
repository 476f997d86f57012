"""A source that is down, slow or talks nonsense."""

from typing import Any

import pytest

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts, update_settings
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.syncing import one, sync, sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_calls_match, assert_tables_equal_truth, ledger

STORM = (
    Fault(kind="throttle", probability=0.06, retry_after="0"),
    Fault(kind="status", probability=0.06, status=503),
    Fault(kind="truncated", probability=0.04),
    Fault(kind="html", probability=0.04),
    Fault(kind="empty", probability=0.04),
    Fault(kind="reset_during", probability=0.03),
    Fault(kind="duplicate_page", path="/transactions", probability=0.1),
    Fault(kind="shifted_page", path="/members", probability=0.1, rows=3),
    Fault(kind="short_page", probability=0.1, rows=7),
    Fault(kind="wrong_total", path="/products", probability=0.2, total=3),
)


def test_a_source_that_is_down_opens_the_breaker_and_ends_partial(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """HTTP-07: what was read before is kept; while the breaker is open no call is made."""
    sandbox.faults.add(Fault(kind="status", path="/transactions", status=502, after=2))
    result = sync(platform, owner, "transactions")
    assert (result.state, type(result.error).__name__) == ("partial", "CircuitOpen")
    assert sandbox.journal.count(status=502) == platform.settings.http.breaker_failures
    sandbox.journal.clear()
    assert [r.state for r in sync_all(platform, owner)] == ["partial"] * 3
    assert sandbox.journal.count() == 0
    assert_accounted(platform.database, owner)


def test_after_an_outage_the_next_run_goes_on_where_it_stopped(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox
) -> None:
    """SYS-09, HTTP-07: pages that came before the outage are committed and not read again."""
    tried = make_platform(http={"breaker_open_for": 0.001}, blaze={"page_size": 25})
    sandbox.faults.add(Fault(kind="status", path="/transactions", after=5))
    first = sync(make_platform(blaze={"page_size": 25}), owner, "transactions", days=7)
    assert first.state == "partial"
    assert first.reports[0].counters.fetched > 0
    sandbox.faults.clear()
    second = sync(tried, owner, "transactions", days=7)
    both = first.reports[0].counters + second.reports[0].counters
    assert second.state == "succeeded"
    assert (both.inserted, both.unchanged, both.duplicate_in_batch) == (both.fetched, 0, 0)
    sync(tried, owner, "transactions")
    assert_tables_equal_truth(tried.database, owner, [shop], ["transactions"])


@pytest.mark.parametrize("entity", ["customers", "products", "transactions"])
def test_nonsense_is_never_partly_stored(platform: Platform, owner: Tenant, sandbox: BlazeSandbox, entity: Any) -> None:
    """F-25: whole pages or nothing; the run does not succeed."""
    sandbox.faults.add(Fault(kind="truncated", path="/members"), Fault(kind="html", path="/products"))
    sandbox.faults.add(Fault(kind="nan", path="/transactions"))
    result = sync(platform, owner, entity)
    assert result.state in ("failed", "partial")
    assert one(platform.database, owner, f"select count(*) from blaze.{entity}") == (0,)


@pytest.mark.parametrize("number", range(3))
def test_all_faults_at_once_end_in_the_truth(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, clock: TestClock, number: int
) -> None:
    """F-20, F-22, F-25, F-26, I1, I3, I6: one run in the storm, two clean ones after it."""
    tried = make_platform(
        http={"breaker_open_for": 0.001, "tries": 20, "breaker_failures": 50},
        blaze={"page_size": 20 + 7 * number},
        sync={"batch_records": 50},
    )
    sandbox.faults.add(*STORM)
    sync_all(tried, owner)
    assert sum(sandbox.faults.hits()) > 20
    sandbox.faults.clear()
    for _ in range(2):
        assert [result.state for result in sync_all(tried, owner, full=True)] == ["succeeded"] * 3
    assert_tables_equal_truth(tried.database, owner, [shop])
    assert_accounted(tried.database, owner)
    assert_calls_match(sandbox.journal, ledger(tried.database, owner))


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_shop_that_changes_while_it_is_read_loses_nothing(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, clock: TestClock, seed: int
) -> None:
    """F-27, BLZ-06: changes after every page, newest first and oldest first; a clean run later all is there."""
    tried = make_platform(blaze={"page_size": 20}, sync={"batch_records": 60})
    with BlazeSandbox([shop], clock=clock.epoch, seed=seed) as moving:
        moving.faults.add(Fault(kind="mutate", rows=1 + seed % 4))
        [account] = accounts(tried.database, owner.id, "blaze")
        update_settings(tried.database, account, {"base_url": moving.url})
        sync_all(tried, owner)
        moving.faults.clear()
        clock.forward(24 * 60)
        assert [result.state for result in sync_all(tried, owner)] == ["succeeded"] * 3
        assert_tables_equal_truth(tried.database, owner, [shop])
        assert_accounted(tried.database, owner)
        assert_calls_match(moving.journal, ledger(tried.database, owner))


def test_requests_of_a_batch_that_is_rolled_back_are_counted_all_the_same(
    platform: Platform, owner: Tenant, sandbox: BlazeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP-11: the source has seen them, whatever became of the batch."""

    def broken(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("the database went away")

    monkeypatch.setattr("sync_platform.sync.loading.save_position", broken)
    result = sync(platform, owner, "customers")
    assert result.state == "failed"
    assert_calls_match(sandbox.journal, ledger(platform.database, owner))
