"""Ticks of the schedules: one run per chunk of tenants over the days that are open somewhere in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import set_tenant_state
from sync_platform.defs.partitions import RANGE_END, RANGE_START, PartitionKey, open_days
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.schedules import (
    blaze_compare_hourly,
    blaze_products_every_5_minutes,
    blaze_sales_hourly,
    blaze_trailing_weekly,
    chunks,
    mx_payments_every_15_minutes,
    mx_trailing_daily,
    open_day_requests,
    trailing_requests,
)
from sync_platform.sync.platform import Platform
from sync_platform_tests.defs.accounts import account_of
from sync_platform_tests.sync.conftest import MakePlatform

TICK = datetime(2026, 11, 20, 18, 7, tzinfo=UTC)
SLUGS = st.lists(st.integers(10, 99).map(str), unique=True, max_size=12)
ZONES = ["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Pacific/Kiritimati", "Pacific/Pago_Pago"]


def tenant(slug: str, zone: str = "UTC") -> Tenant:
    return Tenant(uuid4(), slug, slug, zone, "US")


@given(partitions=SLUGS, active=SLUGS, size=st.integers(1, 5))
def test_chunks_hold_every_active_tenant_with_a_partition_once_in_order_of_addition(partitions, active, size):
    """DAG-10, design section 6."""
    found = list(chunks(partitions, [tenant(slug) for slug in reversed(active)], size))
    flat = [one.slug for chunk in found for one in chunk]
    assert flat == [slug for slug in partitions if slug in active]
    assert all(1 <= len(chunk) <= size for chunk in found)
    assert len(found) == -(-len(flat) // size)


@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=6),
    tick=st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_tick_asks_for_all_open_days_of_all_zones_of_its_chunk(zones, tick):
    """DAG-10: also just after midnight, and where two tenants are 25 hours apart."""
    chunk = [tenant(f"t-{n}", zone) for n, zone in enumerate(zones)]
    (request,) = open_day_requests(iter([chunk]), tick)
    first, last = (PartitionKey.parse(request.tags[name]) for name in (RANGE_START, RANGE_END))
    assert (first.tenant, last.tenant) == ("t-0", f"t-{len(zones) - 1}")
    wanted = {day for one in chunk for day in open_days(one, tick)}
    assert (first.day, last.day) == (min(wanted), max(wanted))
    assert datetime.fromisoformat(request.tags["sync_platform/open_days"]) == tick


def test_the_trailing_days_end_before_the_first_today_of_the_chunk():
    """BLZ-08: 30 closed days in every zone; the open day belongs to the other schedules."""
    chunk = [tenant("a", "Pacific/Pago_Pago"), tenant("b", "Pacific/Kiritimati")]
    (request,) = trailing_requests(iter([chunk]), datetime(2026, 11, 20, 10, 30, tzinfo=UTC), 30)
    assert request.tags[RANGE_START] == "2026-10-20|a"
    assert request.tags[RANGE_END] == "2026-11-18|b"
    assert request.tags["sync_platform/full"] == "true"
    assert "sync_platform/open_days" not in request.tags


def test_the_run_key_changes_with_every_tick_and_chunk():
    """DAG-11: a key is spent for ever; the same tick evaluated twice asks for nothing new."""
    both = [[tenant("a")], [tenant("b")]]
    keys = [
        request.run_key
        for tick in (TICK, TICK, TICK + timedelta(hours=1))
        for request in open_day_requests(iter(both), tick)
    ]
    assert keys[:2] == keys[2:4]
    assert len(set(keys)) == 4


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


def evaluate(schedule, instance: dg.DagsterInstance, platform: Platform, at: datetime = TICK):
    @contextmanager
    def opened() -> Iterator[Platform]:
        yield platform

    with dg.build_schedule_context(
        instance=instance, scheduled_execution_time=at, resources={"platform": PlatformSource(opened)}
    ) as context:
        return schedule.evaluate_tick(context)


def test_ticks_of_a_platform_with_and_without_tenants(instance, make_platform: MakePlatform, make_tenant):
    """DAG-10, TEN-01: nothing for nobody; suspended tenants are left out; skipped while the last one runs."""
    platform = make_platform(sync={"tenants_per_run": 2})
    assert "no active tenant" in evaluate(blaze_sales_hourly, instance, platform).skip_message

    added = [make_tenant(slug, zone=zone) for slug, zone in zip(("mm", "aa", "zz", "bb"), ZONES, strict=False)]
    for one in added:
        account_of(platform.database, one, "blaze")
    assert "no active tenant" in evaluate(blaze_sales_hourly, instance, platform).skip_message, "no partitions yet"
    instance.add_dynamic_partitions("tenants", [one.slug for one in added])
    set_tenant_state(platform.database, added[1].id, "suspended")
    for schedule in (blaze_sales_hourly, blaze_products_every_5_minutes):
        requests = evaluate(schedule, instance, platform).run_requests
        ranges = [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in requests]
        # Sydney and Kiritimati have the 21st already; the suspended tenant lies inside the first range and is skipped
        assert ranges == [("2026-11-20|mm", "2026-11-21|zz"), ("2026-11-21|bb", "2026-11-21|bb")]
    requests = evaluate(blaze_trailing_weekly, instance, platform).run_requests
    assert [request.tags[RANGE_END] for request in requests] == ["2026-11-19|zz", "2026-11-20|bb"]

    # one run compares all tenants, so that each check has one result about everybody
    (request,) = evaluate(blaze_compare_hourly, instance, platform).run_requests
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("mm", "bb")
    assert request.run_key == "2026-11-20T18:07"
    assert blaze_compare_hourly.job_name == "compare_blaze"

    tags = {"dagster/schedule_name": "blaze_sales_hourly"}
    run = instance.create_run_for_job(_nothing, tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert run.run_id in evaluate(blaze_sales_hourly, instance, platform).skip_message
    assert evaluate(blaze_products_every_5_minutes, instance, platform).run_requests
    tags = {"dagster/schedule_name": "blaze_compare_hourly"}
    comparing = instance.create_run_for_job(_nothing, tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert comparing.run_id in evaluate(blaze_compare_hourly, instance, platform).skip_message
    instance.report_run_failed(run)
    assert evaluate(blaze_sales_hourly, instance, platform).run_requests


def test_a_tick_of_a_source_asks_only_for_tenants_who_have_an_account_there(instance, platform, make_tenant):
    """TEN-12: the others have nothing that could fail; the run skips those who lie in its range."""
    both, till, clinic, none = (make_tenant(slug) for slug in ("p-both", "q-till", "r-clinic", "s-none"))
    for tenant, sources in ((both, ("blaze", "mx_merchant")), (till, ("blaze",)), (clinic, ("mx_merchant",))):
        for source in sources:
            account_of(platform.database, tenant, source)
    instance.add_dynamic_partitions("tenants", [both.slug, till.slug, clinic.slug, none.slug])
    (sales,) = evaluate(blaze_products_every_5_minutes, instance, platform).run_requests
    assert (sales.tags[RANGE_START], sales.tags[RANGE_END]) == ("2026-11-20|p-both", "2026-11-20|q-till")
    (payments,) = evaluate(mx_payments_every_15_minutes, instance, platform).run_requests
    assert (payments.tags[RANGE_START], payments.tags[RANGE_END]) == ("2026-11-20|p-both", "2026-11-20|r-clinic")
    assert datetime.fromisoformat(payments.tags["sync_platform/open_days"]) == TICK
    (trailing,) = evaluate(mx_trailing_daily, instance, platform).run_requests
    assert (trailing.tags[RANGE_START], trailing.tags[RANGE_END]) == ("2026-10-21|p-both", "2026-11-19|r-clinic")
    assert "sync_platform/open_days" not in trailing.tags
    assert {mx_payments_every_15_minutes.job_name, mx_trailing_daily.job_name} == {"sync_mx_merchant"}


@dg.job
def _nothing() -> None:
    """A run to stand in the way."""


def test_a_chunk_of_today_is_one_range_over_one_day_in_one_zone():
    """DAG-10: at noon nobody's yesterday is open."""
    (request,) = open_day_requests(iter([[tenant("a"), tenant("b")]]), datetime(2026, 11, 20, 12, tzinfo=UTC))
    day = date(2026, 11, 20)
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == (f"{day}|a", f"{day}|b")
