"""The open day goes on from the cursor, and the cursor is the source's clock, not ours."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import NOW, TestClock
from sync_platform_tests.sync.syncing import one, sync, sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth

OVERLAP = timedelta(minutes=5)


def watermark(platform: Platform, tenant: Tenant, entity: str) -> datetime | None:
    return one(  # type: ignore[no-any-return]
        platform.database, tenant, "select watermark from platform.sync_cursors where entity = %s", entity
    )[0]


def bounds(sandbox: BlazeSandbox, endpoint: str) -> list[tuple[str, str]]:
    """First and last bound of the window of each request."""
    asked = [parse_qs(entry.query) for entry in sandbox.journal.entries(endpoint=endpoint)]
    return [(query["startDate"][0], query["endDate"][0]) for query in asked]


def test_the_cursor_is_the_newest_modification_seen(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """BLZ-07, HTTP-14: of members and products; the start of the current day of transactions."""
    sync_all(platform, owner)
    for entity, collection in (("customers", "members"), ("products", "products")):
        newest = max(record["modified"] for record in shop.truth(collection))
        found = watermark(platform, owner, entity)
        assert found is not None
        assert round(found.timestamp() * 1000) == newest
    day = watermark(platform, owner, "transactions")
    assert day is not None
    assert day.astimezone(owner.zone) == datetime(2026, 11, 20, tzinfo=owner.zone)


def test_the_next_run_asks_from_the_cursor_minus_the_overlap(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, sandbox: BlazeSandbox
) -> None:
    """BLZ-06, BLZ-07: and up to the present, whatever day it was asked for."""
    sync_all(platform, owner)
    cursor = watermark(platform, owner, "customers")
    clock.forward(60)
    sandbox.journal.clear()
    sync(platform, owner, "customers", days=1)
    assert cursor is not None
    start = round((cursor - OVERLAP).timestamp() * 1000)
    assert {low for low, _ in bounds(sandbox, "/members")} == {str(start)}
    assert max(int(high) for _, high in bounds(sandbox, "/members")) == round(clock.epoch() * 1000)


def test_a_modification_in_the_future_does_not_carry_the_cursor_beyond_the_window(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """HTTP-14, BLZ-07: a record dated next year would hide everything until then."""
    sync_all(platform, owner)
    shop.modify("members", shop.members.ids()[0], modified=int((NOW + timedelta(days=365)).timestamp() * 1000))
    shop.publish("products", shop.products.get(shop.products.ids()[0]) | {"modified": 253_402_300_799_999})
    clock.forward()
    sync(platform, owner, "customers", days=1)
    sync(platform, owner, "products", full=True)
    for entity in ("customers", "products"):
        found = watermark(platform, owner, entity)
        assert found is not None
        assert found <= clock.now


def test_a_quiet_source_leaves_the_cursor_where_it_is(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """HTTP-14: our clock goes on, the cursor does not; a record published late is found."""
    sync_all(platform, owner)
    before = watermark(platform, owner, "customers")
    for _ in range(3):
        clock.forward(30)
        sync(platform, owner, "customers", days=1)
    assert watermark(platform, owner, "customers") == before
    assert before is not None
    shop.add_member(modified=round(before.timestamp() * 1000) + 1)
    assert sync(platform, owner, "customers", days=1).reports[0].counters.inserted == 1


def test_after_days_of_silence_everything_since_is_caught_up(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-07: the platform was down for nine days; a request for today brings them all."""
    sync_all(platform, owner)
    for _ in range(9):
        clock.forward(24 * 60)
        shop.add_sale(member_id=shop.members.ids()[0])
        shop.add_member()
        shop.modify("products", shop.products.ids()[0], unitPrice=float(clock.now.day))
    clock.forward()
    sync_all(platform, owner, days=1)
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_backfill_of_old_days_does_not_move_the_cursor(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-07: closed days are read whole."""
    sync_all(platform, owner)
    before: dict[str, Any] = {entity: watermark(platform, owner, entity) for entity in ("customers", "transactions")}
    clock.forward()
    today = clock.now.date()
    days = ((today - timedelta(days=8), today - timedelta(days=6)),)
    for entity in ("customers", "transactions"):
        result = sync(platform, owner, entity, kind="backfill", ranges=days)  # type: ignore[arg-type]
        assert result.state == "succeeded"
        assert result.reports[0].counters.fetched > 0
    assert {entity: watermark(platform, owner, entity) for entity in before} == before


def test_a_clock_that_is_off_is_reported_and_not_followed(
    platform: Platform, owner: Tenant, sandbox: BlazeSandbox
) -> None:
    """HTTP-14."""
    sandbox.faults.add(Fault(kind="clock_skew", seconds=600))
    result = sync(platform, owner, "customers")
    assert abs(result.reports[0].report["clock_skew_seconds"]) == 600
    assert result.state == "succeeded"
