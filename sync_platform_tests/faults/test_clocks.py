"""Clocks that are wrong, and days that are not like others."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from sync_platform.core.window import start_of_day
from sync_platform.sandbox.changes import SeededChanges
from sync_platform.sandbox.shop import build_shop
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.stage import Stage, recent, shop_spec
from sync_platform_tests.faults.tiers import tiered
from sync_platform_tests.sync.syncing import rows, sync, sync_all
from sync_platform_tests.sync.truth import ledger

ZONES = (
    "America/Los_Angeles", "America/St_Johns", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "Pacific/Chatham",
)  # fmt: skip
YEAR = 2028  # a leap year
DAYS = 4
TEN_MINUTES = 600
SKEWS = tiered([(600, -600)], [(600, 0), (-600, 0), (0, 600), (0, -600), (600, -600), (-600, 600)])
KINDS = ("modify", "add", "delete", "refund", "void")


def odd_days(zone: str) -> list[date]:
    """The leap day, and the days of 23 and of 25 hours where the zone has them."""
    tz, first = ZoneInfo(zone), date(YEAR, 1, 1)
    days = [first + timedelta(days=n) for n in range(366)]
    lengths = {day: start_of_day(day + timedelta(days=1), tz) - start_of_day(day, tz) for day in days}
    return [date(YEAR, 2, 29), *(day for day, length in lengths.items() if length != timedelta(days=1))]


ODD = [(zone, day) for zone in ZONES for day in odd_days(zone)]
CASES = tiered([ODD[0], ODD[-1]], ODD)


def test_the_zones_have_both_kinds_of_odd_days() -> None:
    """F-35: what the cases below are about."""
    lengths = {
        start_of_day(day + timedelta(days=1), ZoneInfo(zone)) - start_of_day(day, ZoneInfo(zone)) for zone, day in ODD
    }
    assert lengths == {timedelta(hours=hours) for hours in (23, 24, 25)}
    assert len(ODD) == 6 + 2 * 5


@pytest.mark.parametrize(("zone", "day"), CASES, ids=[f"{zone}-{day}" for zone, day in CASES])
@pytest.mark.parametrize(("theirs", "ours"), SKEWS)
def test_an_odd_day_under_wrong_clocks_loses_nothing(
    stage: Stage, note: Note, zone: str, day: date, theirs: int, ours: int
) -> None:
    """F-35: incremental runs through the day, the source's clock and ours ten minutes wrong; the cursor only moves on,
    the days of business are right."""
    tz = ZoneInfo(zone)
    true = Clock(start_of_day(day, tz) - timedelta(hours=1))
    spec = shop_spec(
        "alder", stage.seed, zone=zone, members=25, products=15, sales_per_day=10, days=DAYS, opens=0, closes=24,
        first_day=day - timedelta(days=DAYS - 1), now=true.now,
    )  # fmt: skip
    shop = recent(build_shop(spec, clock=lambda: true.epoch() + theirs), DAYS)
    sandbox = stage.serve(shop, clock=lambda: true.epoch() + theirs)
    tenant = stage.connect(shop, sandbox.url)
    platform = stage.platform(lambda: true.now + timedelta(seconds=ours))
    assert {result.state for result in sync_all(platform, tenant, DAYS + 2)} == {"succeeded"}
    changes, rng = SeededChanges(shop, stage.seed), random.Random(stage.seed)
    cursors: list[dict[str, datetime]] = []
    for _ in range(9):
        changes.apply(rng.randint(1, 6), kinds=KINDS)
        true.now += timedelta(minutes=rng.choice((5, 60, 180, 300)))
        assert {result.state for result in sync_all(platform, tenant, 1)} == {"succeeded"}
        cursors.append(dict(rows(stage.database, tenant, "select entity, watermark from platform.sync_cursors")))
    for before, after in pairwise(cursors):
        assert all(after[entity] >= watermark for entity, watermark in before.items())
    true.now += timedelta(days=1)
    assert {result.state for result in sync_all(platform, tenant, DAYS + 4)} == {"succeeded"}
    note(runs=len(cursors) + 2)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
    if abs(theirs - ours) > 60:
        told = [run for run in ledger(stage.database, tenant) if "clock_skew_seconds" in run["report"]]
        assert told  # HTTP-14


@pytest.mark.parametrize("zone", tiered(ZONES[:1], ZONES))
def test_the_ends_of_time_are_stored_as_they_are(stage: Stage, note: Note, zone: str) -> None:
    """F-35, SYS-02: 0 means nothing, 1969 is a year, and so is 9999."""
    shop = recent(build_shop(shop_spec("alder", stage.seed, zone=zone)))
    nothing, past, future = shop.members.ids()[:3]
    last = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp() * 1000)
    for key, visit in ((nothing, 0), (past, -1), (future, last)):
        shop.modify("members", key, modified=shop.spec.now_ms, lastVisitDate=visit)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    assert sync(stage.platform(), tenant, "products").state == "succeeded"
    stage.finish(tenant)
    visits = dict(rows(stage.database, tenant, "select member_id, last_visited from blaze.customers"))
    assert visits[nothing] is None
    assert visits[past] == datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert visits[future] == datetime(9999, 12, 30, tzinfo=UTC)
    note(records=3)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
