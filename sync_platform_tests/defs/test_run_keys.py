"""Run keys are spent for ever (trap 11): what they are made of."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.tenant import Tenant
from sync_platform.defs.schedules import open_day_requests, trailing_requests

SLUGS = st.lists(st.integers(10, 99).map(str), unique=True, min_size=2, max_size=8)
TICKS = st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def keys(slugs: list[str], tick: datetime, days: int | None) -> list[str]:
    """Run keys of a tick over chunks of one tenant, by the open-day or the trailing schedule."""
    chunks = [[Tenant(uuid4(), slug, slug, "UTC", "US")] for slug in slugs]
    requests = open_day_requests(iter(chunks), tick) if days is None else trailing_requests(iter(chunks), tick, days)
    return [request.run_key for request in requests if request.run_key]


@given(slugs=SLUGS, tick=TICKS, minutes=st.integers(1, 60 * 24 * 40), days=st.sampled_from([None, 30]))
def test_the_same_partitions_asked_for_later_have_another_key(
    slugs: list[str], tick: datetime, minutes: int, days: int | None
) -> None:
    """Trap 11, DAG-11: the key is the tick and the chunk, not the partition: a day is synced many times."""
    now, later = keys(slugs, tick, days), keys(slugs, tick + timedelta(minutes=minutes), days)
    assert len(now) == len(slugs)
    assert len(set(now) | set(later)) == len(now) + len(later)


@given(slugs=SLUGS, tick=TICKS, days=st.sampled_from([None, 30]))
def test_a_tick_that_is_evaluated_twice_asks_for_nothing_new(
    slugs: list[str], tick: datetime, days: int | None
) -> None:
    """Trap 11, DAG-11: after a crash in the middle of a tick, what was launched is not launched again."""
    assert keys(slugs, tick, days) == keys(slugs, tick, days)
