"""Day x tenant: keys, open days, ranges."""

from datetime import UTC, date, datetime
from uuid import uuid4
from zoneinfo import available_timezones

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.tenant import Tenant
from sync_platform.defs.partitions import FIRST_ZONE, PartitionKey, by_tenant, day_tenant, open_days, range_tags

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right"))
)
INSTANTS = st.datetimes(datetime(2026, 1, 2), datetime(2027, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def tenant(zone: str, slug: str = "alder") -> Tenant:
    return Tenant(uuid4(), slug, slug.title(), zone, "US")


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("UTC", "2026-11-20T01:59:00+00:00", ["2026-11-19", "2026-11-20"]),
        ("UTC", "2026-11-20T02:01:00+00:00", ["2026-11-20"]),
        ("America/Los_Angeles", "2026-11-21T07:59:00+00:00", ["2026-11-20"]),
        ("America/Los_Angeles", "2026-11-21T08:00:00+00:00", ["2026-11-20", "2026-11-21"]),
        ("Pacific/Kiritimati", "2026-11-20T10:30:00+00:00", ["2026-11-20", "2026-11-21"]),
        ("Asia/Kolkata", "2026-11-20T18:31:00+00:00", ["2026-11-20", "2026-11-21"]),
        # the hour between 1 and 2 happens twice in this night
        ("Europe/Berlin", "2026-10-25T00:30:00+00:00", ["2026-10-25"]),
    ],
)
def test_yesterday_stays_open_for_two_hours_after_midnight_of_the_tenant(zone, now, expected):
    """DAG-10, SYS-02: the last sales of a day arrive after it."""
    found = open_days(tenant(zone), datetime.fromisoformat(now))
    assert [day.isoformat() for day in found] == expected


@given(zone=st.sampled_from(ZONES), now=INSTANTS)
def test_every_open_day_of_every_tenant_is_in_the_calendar(zone, now):
    """Design section 6: the calendar runs in the zone that reaches a date first, so no today is ever missing."""
    days = dg.DailyPartitionsDefinition(start_date="2025-12-25", timezone=FIRST_ZONE, end_offset=1)
    last = date.fromisoformat(days.get_partition_keys(current_time=now)[-1])
    assert all(day <= last for day in open_days(tenant(zone), now))


@given(
    st.lists(
        st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sampled_from(["alder", "b-2", "42"])), max_size=20
    )
)
def test_keys_survive_their_text_and_are_grouped_by_tenant_in_order(pairs):
    """DAG-03."""
    keys = [PartitionKey(day, slug) for day, slug in pairs]
    assert [PartitionKey.parse(str(key)) for key in keys] == keys
    assert all(str(key.multi) == str(key) for key in keys)
    grouped = by_tenant(keys)
    assert {(day, slug) for slug, days in grouped.items() for day in days} == set(pairs)
    assert all(days == sorted(set(days)) for days in grouped.values())


def test_the_tags_of_a_range_name_exactly_days_times_tenants_in_between():
    """DAG-04: as Dagster reads them, in the order of addition and not of the alphabet."""
    definition = day_tenant(date(2026, 11, 1))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("tenants", ["cedar", "alder", "birch"])
        tags = range_tags(date(2026, 11, 18), date(2026, 11, 19), ["cedar", "alder"])
        span = dg.PartitionKeyRange(*tags.values())
        found = definition.get_partition_keys_in_range(span, dynamic_partitions_store=instance)
    assert sorted(found) == ["2026-11-18|alder", "2026-11-18|cedar", "2026-11-19|alder", "2026-11-19|cedar"]


def test_days_before_the_first_have_no_partition():
    """DAG-03: the first day is a setting, so that keys per asset stay few."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("tenants", ["alder"])
        found = day_tenant(date(2026, 11, 1)).get_partition_keys(dynamic_partitions_store=instance)
    assert found[0] == "2026-11-01|alder"
