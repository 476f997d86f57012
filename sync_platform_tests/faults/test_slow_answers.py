"""Answers that come late, in drops, or never."""

from datetime import datetime
from urllib.parse import parse_qsl

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.journal import Journal
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import FULL, tiered

# the limits as they are by default, and as small as they can be tried often
FIRST_BYTE, ANSWER = tiered((1.5, 3.0), (30.0, 40.0))
MARGIN = tiered(0.7, 1.0)
SETTINGS = {} if FULL else {"HTTP__FIRST_BYTE_TIMEOUT": str(FIRST_BYTE)}
TOLERANCE = 2.0


def pause_after(journal: Journal, number: int) -> float:
    """Seconds between a request and the next one."""
    entries = journal.entries(endpoint="/transactions")
    return entries[number + 1].at - entries[number].at


def days_of(query: str) -> int:
    """How many days a request for receipts asks for."""
    asked = dict(parse_qsl(query))
    first, last = (datetime.strptime(asked[name], "%m/%d/%Y").date() for name in ("startDate", "endDate"))  # noqa: DTZ007
    return (last - first).days + 1


@pytest.mark.parametrize("late", [False, True], ids=["just in time", "just too late"])
def test_the_first_byte_is_waited_for_as_long_as_the_limit_says(stage: Stage, note: Note, late: bool) -> None:
    """F-30: 29 s succeeds; 31 s ends at the limit +- 2 s, is asked for again, and all is there."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    seconds = FIRST_BYTE + (MARGIN if late else -MARGIN)
    sandbox.faults.add(Fault(kind="slow_first_byte", seconds=seconds, path="/transactions", times=1))
    stage.finish(tenant, **SETTINGS)
    waited = pause_after(sandbox.journal, 0)
    note(waited_s=waited)
    first, second = sandbox.journal.entries(endpoint="/transactions")[:2]
    if late:
        assert abs(waited - FIRST_BYTE) <= TOLERANCE
        assert second.query == first.query
    else:
        assert waited >= seconds
        assert second.query != first.query
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["drip", "stall"])
def test_a_body_that_does_not_end_is_given_up_and_less_is_asked_for(stage: Stage, note: Note, kind: str) -> None:
    """F-30, HTTP-05: one byte a second, or nothing after the half: twice out of time, then half of the days."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(Fault(kind=kind, seconds=1.0 if kind == "drip" else 3600, path="/transactions", times=2))
    stage.finish(tenant, HTTP__ANSWER_TIMEOUT=str(ANSWER), **SETTINGS)
    limit = ANSWER if kind == "drip" else FIRST_BYTE
    waits = [pause_after(sandbox.journal, number) for number in (0, 1)]
    note(waited_s=max(waits))
    assert all(abs(waited - limit) <= TOLERANCE for waited in waits), waits
    asked = [entry.query for entry in sandbox.journal.entries(endpoint="/transactions")]
    assert asked[0] == asked[1] != asked[2]
    assert days_of(asked[2]) < days_of(asked[0])
    assert_invariants(stage, tenant, [shop], sandbox.journal)
