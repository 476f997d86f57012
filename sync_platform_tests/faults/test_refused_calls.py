"""Calls that the source refuses: too many, broken servers, keys that are not good any more."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform.sandbox.journal import Entry, Journal
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.sync.truth import ledger

SERVER_ERRORS = (500, 502, 503, 504, 520, 521, 522, 523, 524)
# half of the calls, in equal parts: of n faults that are tried one after another each has this probability
STORM_SHARE = 1 - 0.5 ** (1 / 6)
ERROR_SHARE = 1 - 0.8 ** (1 / len(SERVER_ERRORS))
LIMIT, PERIOD = 60, 3


def needed(stage: Stage, sandbox: BlazeSandbox, shop: Shop, **settings: str) -> int:
    """Calls that a read of the shop takes where nothing is broken. Its journal starts anew."""
    stage.finish(stage.connect(shop, sandbox.url, "undisturbed"), **settings)
    made = sandbox.journal.count()
    sandbox.journal.clear()
    return made


def most_in_any(entries: list[Entry], seconds: float) -> int:
    """The fullest sliding window."""
    times = sorted(entry.at for entry in entries)
    return max(sum(1 for at in times if start <= at < start + seconds) for start in times)


@seeded(short=1, full=5)
def test_a_storm_of_429_is_waited_out(stage: Stage, note: Note, seed: int) -> None:
    """F-20: half of the calls, in every form of ``Retry-After``, through the command line; the limit of calls is small
    and not exceeded either. Five minutes of such a storm are simulated in ``test_throttling``."""
    shop = small_shop("alder", seed, members=tiered(25, 120), products=10, sales_per_day=tiered(1, 3))
    sandbox = stage.serve(shop)
    undisturbed = needed(stage, sandbox, shop, BLAZE__PAGE_SIZE="5")
    tenant = stage.connect(shop, sandbox.url)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    for form in ("1", soon, "0", "-1", "soon", None):
        sandbox.faults.add(Fault(kind="throttle", retry_after=form, probability=STORM_SHARE))
    settings = {"BLAZE__PAGE_SIZE": "5", "BLAZE__CALLS_PER_PERIOD": str(LIMIT), "BLAZE__PERIOD_SECONDS": str(PERIOD)}
    runs = stage.finish(tenant, tries=4, HTTP__RETRY_AFTER_CAP="5", **settings)
    made, refused = sandbox.journal.count(), sandbox.journal.count(status=429)
    note(calls=made, refused=refused, runs=runs, calls_to_needed=made / undisturbed)
    assert refused > made // 4
    assert made <= 2.2 * undisturbed
    assert most_in_any(sandbox.journal.entries(), PERIOD) <= LIMIT
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@seeded(short=1, full=5)
def test_a_source_that_fails_every_fifth_call_is_read_all_the_same(stage: Stage, note: Note, seed: int) -> None:
    """F-22: 500, 502, 503, 504, 520 to 524; every failure is retried, at most 1.5 times the calls."""
    shop = small_shop("alder", seed, members=tiered(60, 200), products=60, sales_per_day=20)
    sandbox = stage.serve(shop)
    undisturbed = needed(stage, sandbox, shop, BLAZE__PAGE_SIZE="5")
    tenant = stage.connect(shop, sandbox.url)
    sandbox.faults.add(
        *(Fault(kind="status", status=status, html=status > 504, probability=ERROR_SHARE) for status in SERVER_ERRORS)
    )
    # one run in twenty meets five failures in a row: then the breaker opens, which is another case
    runs = stage.finish(tenant, BLAZE__PAGE_SIZE="5", HTTP__BREAKER_FAILURES="10", HTTP__TRIES="10")
    made, failed = sandbox.journal.count(), made_with(sandbox.journal, SERVER_ERRORS)
    note(calls=made, failed=failed, runs=runs, calls_to_needed=made / undisturbed)
    assert failed > made // 10
    assert made == undisturbed + failed
    assert made <= 1.5 * undisturbed
    assert_invariants(stage, tenant, [shop], sandbox.journal)


def made_with(journal: Journal, statuses: tuple[int, ...]) -> int:
    """Calls that were answered like this."""
    return sum(journal.count(status=status) for status in statuses)


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
def test_refused_keys_stop_one_source_and_are_not_tried_again(stage: Stage, note: Note, kind: FaultKind) -> None:
    """F-24: in the middle of a read of two tenants; no retry, the alarm at once, the other tenant is read."""
    refused, other = (small_shop(name, stage.seed) for name in ("alder", "birch"))
    sandbox = stage.serve(refused, other)
    tenants = [stage.connect(shop, sandbox.url) for shop in (refused, other)]
    sandbox.faults.add(Fault(kind=kind, shop="alder", after=20))
    command = stage.sync(BLAZE__PAGE_SIZE="5")
    assert command.wait() == 3, command.said()
    status = 401 if kind == "unauthorized" else 403
    assert sandbox.journal.count(status=status) == 1
    failed = [run for run in ledger(stage.database, tenants[0]) if run["error_class"] == "CredentialsRejected"]
    assert failed
    answered = next(entry.at for entry in sandbox.journal.entries(status=status))
    told = rejected_at(stage, tenants[0])
    assert told is not None
    assert told.timestamp() - answered <= 60
    assert rejected_at(stage, tenants[1]) is None
    note(calls_refused=1, alarm_after_s=told.timestamp() - answered)
    assert_invariants(stage, tenants[1], [other], sandbox.journal, served=of(other))
    sandbox.faults.clear()
    stage.point(tenants[0], refused, sandbox.url)
    stage.finish(tenants[0])
    assert_invariants(stage, tenants[0], [refused], sandbox.journal, served=of(refused))


def rejected_at(stage: Stage, tenant: Tenant) -> datetime | None:
    """When the alarm was raised."""
    [account] = accounts(stage.database, tenant.id, "blaze")
    return account.rejected_at
