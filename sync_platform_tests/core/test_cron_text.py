"""Cron texts that a person sets: what is taken, and how far apart their times can be."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_string
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.cron_text import check_cron, longest_pause
from sync_platform.core.errors import InvalidRequest


def parts(least: int, most: int) -> st.SearchStrategy[str]:
    """Fields of a cron text."""
    numbers = st.integers(least, most)
    ranges = st.tuples(numbers, numbers).map(sorted).map(lambda two: f"{two[0]}-{two[1]}")
    several = st.lists(st.one_of(numbers.map(str), ranges), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), st.just("*/2"), several)


STAR = st.just("*")
DAYS = st.one_of(st.tuples(parts(1, 28), STAR, STAR), st.tuples(STAR, STAR, parts(0, 6)))
TEXTS = st.tuples(st.integers(0, 59).map(str), parts(0, 23), DAYS).map(lambda one: " ".join((*one[:2], *one[2])))


@given(text=TEXTS)
def test_what_is_taken_is_understood_and_comes_again_before_the_longest_pause(text: str) -> None:
    """DAG-10: no text that is taken can stop a sensor, and none looks stale that is not."""
    check_cron(text)
    assert is_valid_cron_string(text)
    start = datetime(2026, 1, 15, tzinfo=UTC)
    times = cron_string_iterator(start.timestamp(), text, "UTC")
    found = [next(times) for _ in range(40)]
    gaps = [after - before for before, after in pairwise(found)]
    assert max(gaps) <= longest_pause(text)
    assert min(gaps) >= timedelta(hours=1)


@pytest.mark.parametrize(
    "text",
    [
        "", "0 2 * *", "0 2 * * * *", "* 2 * * *", "*/5 * * * *", "0,30 2 * * *", "60 2 * * *", "0 24 * * *",
        "0 2 31 * *", "0 2 0 * *", "0 2 * 2 *", "0 2 * * 7", "0 2 * * mon", "0 5-2 * * *", "0 2/3 * * *", "0 */0 * * *",
        "0 */24 * * *", "@daily", "0 2 * * *\n", " 0 2 * * *", "0  2 * * *", "0 2, * * *", "\u0660 2 * * *",
        "0 *,* * * *", "0 2 1 * 1",
    ],
)  # fmt: skip
def test_a_text_that_this_platform_does_not_keep_to_is_refused(text: str) -> None:
    """DAG-10: the refusal says what may be there."""
    with pytest.raises(InvalidRequest, match="cron has five fields"):
        check_cron(text)
