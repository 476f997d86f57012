"""When packages are read: at night for everybody, and at times of their own for those who have some."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.defs.cron_times import last_due
from sync_platform.defs.partitions import RANGE_END, RANGE_START, TENANTS, PartitionKey, snapshot_range
from sync_platform.defs.schedules import crm_packages_daily, snapshot_requests
from sync_platform.defs.sensors.own_times import crm_packages_own_times, due_requests
from sync_platform.sync.crm_times import OwnTime, own_time
from sync_platform.sync.quality import freshness
from sync_platform_tests.defs.crm_world import NIGHTLY, CrmWorld

BERLIN = ZoneInfo("Europe/Berlin")
Night = Callable[[], list[dg.RunRequest]]
ZONES = ["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"]
MOMENTS = st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def tenant(slug: str, zone: str = "UTC") -> Tenant:
    return Tenant(uuid4(), slug, slug, zone, "TH")


def at(text: str) -> datetime:
    """In UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "now", "due"),
    [
        ("30 3 * * *", "2026-11-20T02:29:59", "2026-11-19T02:30"),
        ("30 3 * * *", "2026-11-20T02:30", "2026-11-20T02:30"),
        # 02:30 is left out on 29 March, and is there twice on 25 October
        ("30 2 * * *", "2026-03-29T00:59", "2026-03-28T01:30"),
        ("30 2 * * *", "2026-03-29T01:00", "2026-03-29T01:00"),
        ("30 2 * * *", "2026-03-30T00:30", "2026-03-30T00:30"),
        ("30 2 * * *", "2026-10-25T00:45", "2026-10-24T00:30"),
        ("30 2 * * *", "2026-10-25T01:30", "2026-10-25T01:30"),
        ("0 4 * * 1", "2026-11-20T12:00", "2026-11-16T03:00"),
        ("0 */8 * * *", "2026-11-20T06:59", "2026-11-19T23:00"),
    ],
)
def test_times_are_meant_in_the_zone_and_come_once_a_day_over_changes_of_time(cron: str, now: str, due: str) -> None:
    """DAG-10, SYS-02."""
    assert last_due(cron, BERLIN, at(now)) == at(due)


@given(zone=st.sampled_from(ZONES), start=MOMENTS, gaps=st.lists(st.integers(1, 60 * 50), min_size=1, max_size=12))
def test_each_time_is_launched_once_however_ticks_come(zone: str, start: datetime, gaps: list[int]) -> None:
    """DAG-11: a tick every few minutes or after two days, and what was launched is read a bit later or not at all."""
    one, keys, now = tenant("fir", zone), [], start
    for gap in gaps:
        keys += [request.run_key for request in due_requests([(one, OwnTime("30 2 * * *", None))], now)]
        now += timedelta(minutes=gap)
        read = next(due_requests([(one, OwnTime("30 2 * * *", last_due("30 2 * * *", one.zone, now)))], now), None)
        assert read is None, "what was read since its time is not due"
    days = {last_due("30 2 * * *", one.zone, start + timedelta(minutes=n)) for n in [0, *_sums(gaps[:-1])]}
    assert len(set(keys)) == len(days)


def _sums(gaps: list[int]) -> Iterator[int]:
    total = 0
    for gap in gaps:
        total += gap
        yield total


@given(zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=6), tick=MOMENTS, wait=st.integers(0, 6 * 60))
def test_a_night_holds_the_today_of_every_zone_also_after_midnight(zones: list[str], tick: datetime, wait: int) -> None:
    """CRM-13: runs may wait in the queue; no key lies beyond the partitions that there are."""
    chunk = [tenant(f"t-{n}", zone) for n, zone in enumerate(zones)]
    [request] = snapshot_requests(iter([chunk]), tick)
    first, last = (PartitionKey.parse(request.tags[name]) for name in (RANGE_START, RANGE_END))
    begun = tick + timedelta(minutes=wait)
    kiritimati = tick.astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    todays = {min(begun.astimezone(one.zone).date(), kiritimati) for one in chunk}
    assert first.day <= min(todays)
    assert max(todays) <= last.day <= kiritimati
    assert snapshot_range(chunk, tick) == (first.day, last.day)


def tick(clubs: CrmWorld) -> list[dg.RunRequest]:
    """One evaluation of the sensor of own times."""
    context = dg.build_sensor_context(instance=clubs.instance, resources={"platform": clubs.source})
    result: Any = crm_packages_own_times(context)
    return list(result.run_requests or ())


@pytest.fixture
def night(clubs: CrmWorld) -> Iterator[Night]:
    """One tick of the schedule for everybody. Schedules want an instance that is kept somewhere."""
    with dg.instance_for_test() as stored:
        stored.add_dynamic_partitions(TENANTS, list(clubs.tenants))

        def evaluate() -> list[dg.RunRequest]:
            with dg.build_schedule_context(
                instance=stored,
                scheduled_execution_time=clubs.platform.clock(),
                resources={"platform": clubs.source},
            ) as context:
                return list(crm_packages_daily.evaluate_tick(context).run_requests or ())

        yield evaluate


def test_the_night_is_at_two_and_leaves_out_who_has_times_of_their_own(clubs: CrmWorld, night: Night) -> None:
    """CRM-13, DAG-10: also where their key lies within the range."""
    assert (crm_packages_daily.cron_schedule, crm_packages_daily.execution_timezone) == ("0 2 * * *", "UTC")
    for club in clubs.clubs.values():
        club.link()
    [request] = night()
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2026-11-20|lime", "2026-11-21|teak")
    clubs.set("lime", cron="0 3 * * *")
    [request] = night()
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2026-11-20|teak", "2026-11-20|teak")
    everybody = {RANGE_START: "2026-11-20|lime", RANGE_END: "2026-11-21|teak"}
    assert clubs.execute("sync_crm", request.tags | everybody | NIGHTLY).success
    assert list(clubs.materialised("packages")) == ["2026-11-20|teak"]
    clubs.set("teak", cron="0 3 * * *")
    assert night() == []


def test_a_time_of_its_own_is_launched_once_and_a_missed_one_is_made_up_for_once(clubs: CrmWorld) -> None:
    """DAG-11: 18:30 UTC is 01:30 in Bangkok; the newest time was yesterday's."""
    club = clubs.clubs["lime"]
    club.link()
    assert tick(clubs) == []
    clubs.set("lime", cron="0 2 * * *")
    [request] = tick(clubs)
    assert request.run_key == "2026-11-19T19:00/lime"
    assert tick(clubs)[0].run_key == request.run_key, "until it is read, with a key that is spent"
    sensor = {"dagster/sensor_name": "crm_packages_own_times"}
    assert clubs.execute("sync_crm", request.tags | sensor).success
    assert list(clubs.materialised("packages")) == ["2026-11-21|lime"]
    assert club.rows("select kind, actor from platform.sync_runs where entity = 'packages'") == [
        ("scheduled", "crm_packages_own_times")
    ]
    assert tick(clubs) == []
    clubs.later(29)
    assert tick(clubs) == []
    clubs.later(1)
    [request] = tick(clubs)
    assert request.run_key == "2026-11-20T19:00/lime"
    clubs.later(60 * 24 * 3)
    [request] = tick(clubs)
    assert request.run_key == "2026-11-23T19:00/lime"
    assert request.tags[RANGE_START].startswith("2026-11-24|")


@pytest.mark.parametrize("cron", ["", "every now and then", "0 2 30 2 *"])
def test_a_blank_time_and_one_that_nobody_checked_are_the_platforms(clubs: CrmWorld, night: Night, cron: str) -> None:
    """DAG-10: settings can be overwritten, not removed; what is malformed stops nobody."""
    clubs.set("lime", cron="0 2 * * *")
    clubs.set("lime", cron=cron)
    assert tick(clubs) == []
    assert len(night()) == 1
    assert freshness(clubs.platform, clubs.tenants["lime"], ["crm.packages"])["crm.packages"].detail == "never synced"


@pytest.mark.parametrize(("cron", "taken"), [("30 3 * * 1-5", True), ("", True), ("*/5 * * * *", False)])
def test_a_time_is_checked_when_it_is_set(clubs: CrmWorld, cron: str, taken: bool) -> None:
    """DAG-10: what is refused then cannot stop a sensor at night."""
    club = clubs.clubs["lime"]
    place = {"source": "crm", "environment": "sandbox", "account": "lime"}
    secrets = {"api_key": club.project.spec.api_key}
    with nullcontext() if taken else pytest.raises(InvalidRequest, match="cron has five fields"):
        set_credential(
            clubs.platform.database,
            clubs.platform.keyring,
            club.tenant.id,
            **place,
            secrets=secrets,
            settings={"cron": cron},
        )
    found = own_time(clubs.platform, club.tenant)
    assert (found.cron if found else "") == (cron if taken else "")
