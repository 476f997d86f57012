"""Five minutes of 429, on a clock that the pauses move: the source's, the platform's and the test's are the same."""

from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sync.request import ENTITIES
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered, variants
from sync_platform_tests.sync.syncing import sync, sync_all

STORM = 300.0
# seconds between a run that gave up and the next one; a schedule waits longer
RETRIED_AFTER = 30.0
# least pause in seconds that each form asks for; a date only as long as it is in the future
FORMS: dict[str, tuple[str | None, float]] = {
    "seconds": ("3", 3.0),
    "date": ("date", 1.0),
    "zero": ("0", 1.0),
    "negative": ("-1", 1.0),
    "text": ("soon", 1.0),
    "missing": (None, 30.0),
}


@variants("form", short=("zero",), full=tuple(FORMS))
@seeded(short=1, full=5)
def test_five_minutes_of_429_are_waited_out_in_any_form(stage: Stage, note: Note, seed: int, form: str) -> None:
    """F-20, section 18 trap 4: half of the calls; at most 2.2 times the calls, no spin, and it ends well."""
    shop = small_shop("alder", seed, members=tiered(60, 150), products=60, sales_per_day=15)
    clock = Clock()
    text, least = FORMS[form]
    if text == "date":
        text = format_datetime(clock.now + timedelta(seconds=20), usegmt=True)
    sandbox = stage.serve(shop, clock=clock.epoch)
    settings = {"blaze": {"page_size": 3}}
    undisturbed = stage.connect(shop, sandbox.url, "undisturbed")
    assert {one.state for one in sync_all(stage.platform(clock, **settings), undisturbed, 21)} == {"succeeded"}
    needed = sandbox.journal.count()
    sandbox.journal.clear()

    tenant = stage.connect(shop, sandbox.url)
    began = clock.now
    sandbox.faults.add(Fault(kind="throttle", retry_after=text, probability=0.5))

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if (clock.now - began).total_seconds() > STORM:
            sandbox.faults.clear()

    platform = stage.platform(clock, sleep, **settings)
    runs = 0
    for entity in ENTITIES:
        # as a retry does: what succeeded is not asked for again
        while sync(platform, tenant, entity, 21).state != "succeeded":
            runs += 1
            assert runs <= 10, "no end in sight"
            sleep(RETRIED_AFTER)
    entries = sandbox.journal.entries()
    refused = sandbox.journal.count(status=429)
    gaps = [after.at - before.at for before, after in pairwise(entries) if before.status == 429]
    # after the last try of a call another call may come at once; the same one never
    same = [
        after.at - before.at
        for before, after in pairwise(entries)
        if before.status == 429 and (before.path, before.query) == (after.path, after.query)
    ]
    note(calls=len(entries), refused=refused, retries=runs, calls_to_needed=len(entries) / needed)
    assert refused >= 5
    assert len(same) >= len(gaps) - 10 * (runs + 1)
    assert min(same) >= least - 0.001
    assert len(entries) <= 2.2 * needed
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@pytest.mark.parametrize("seconds", [0.4])
def test_a_pause_is_not_longer_than_its_cap(stage: Stage, note: Note, seconds: float) -> None:
    """F-20, HTTP-05: a source that asks for a day is asked again after ``SYNC_PLATFORM_HTTP__RETRY_AFTER_CAP``."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(Fault(kind="throttle", retry_after="86400", times=3))
    stage.finish(tenant, HTTP__RETRY_AFTER_CAP=str(seconds))
    note(refused=sandbox.journal.count(status=429))
    assert sandbox.journal.count(status=429) == 3
    assert_invariants(stage, tenant, [shop], sandbox.journal)
