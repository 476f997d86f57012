"""A database that crashes or is away while a sync runs: the sync waits, goes on by itself, and has lost nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform_tests.faults.commands import Command
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.proxy import Chunk, FaultProxy, Swallow
from sync_platform_tests.faults.server import PrivateServer, private_server
from sync_platform_tests.faults.stage import Stage, open_stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.sync.truth import ledger

CRASHES = tiered(2, 5)
AWAY = tiered(6.0, 60.0)
SMALL = {"SYNC__BATCH_RECORDS": "25", "BLAZE__PAGE_SIZE": "10"}
RECONNECTED = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateServer]:
    with private_server() as server:
        yield server


@pytest.fixture
def stage(server: PrivateServer, tmp_path: Path, seed: int) -> Iterator[Stage]:
    """On a server that nobody else uses."""
    with ExitStack() as stack:
        yield open_stage(server.new_database(), tmp_path, seed, stack)


@dataclass
class Crasher:
    """Sits in front of the database and crashes it at the given statements, whatever is under way."""

    server: PrivateServer
    proxy: FaultProxy
    moments: list[int]
    outages: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _back_at: float | None = None

    def watch(self, chunk: Chunk) -> None:
        if chunk.direction == "down":
            return
        with self._lock:
            if self._back_at is not None:
                self.outages.append(time.monotonic() - self._back_at)
                self._back_at = None
            if not self.moments or chunk.number < self.moments[0]:
                return
            self.moments.pop(0)
            self.server.crash()
            self.server.start()
            self._back_at = time.monotonic()
        raise Swallow


def shop_of(stage: Stage, name: str) -> tuple[Shop, BlazeSandbox, Tenant]:
    shop = small_shop(name, stage.seed, members=60, products=40, sales_per_day=12)
    sandbox = stage.serve(shop)
    return shop, sandbox, stage.connect(shop, sandbox.url)


def wait_for_calls(sandbox: BlazeSandbox, command: Command, number: int) -> None:
    """Until the command has made so many more calls."""
    until, before = time.monotonic() + 60, sandbox.journal.count()
    while sandbox.journal.count() < before + number and command.running and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.timeout(300)
@seeded(short=1, full=10)
def test_a_server_that_crashes_at_any_statement_is_waited_for(
    stage: Stage, server: PrivateServer, note: Note, seed: int
) -> None:
    """F-10: immediate restarts in the middle of COPY, merge, commit and counting; one run gets through all of them."""
    shop, sandbox, tenant = shop_of(stage, f"alder-{seed}")
    proxy = stage.proxy_before_database()
    crasher = Crasher(server, proxy, sorted(stage.rng.sample(range(40, 400), CRASHES)))
    proxy.watch = crasher.watch
    command = stage.sync(tenant, **SMALL)
    assert command.wait(250) == 0, command.said()
    assert crasher.moments == [], "the run was over before the last crash"
    note(crashes=CRASHES, longest_reconnect=max(crasher.outages))
    assert max(crasher.outages) <= RECONNECTED
    assert {run["state"] for run in ledger(stage.database, tenant)} == {"succeeded"}
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@pytest.mark.timeout(300)
def test_no_call_is_made_while_the_database_is_away(stage: Stage, server: PrivateServer, note: Note) -> None:
    """F-11: 0 calls burnt; the sync goes on by itself."""
    shop, sandbox, tenant = shop_of(stage, "birch")
    sandbox.faults.add(Fault(kind="latency", seconds=0.05))
    command = stage.sync(tenant, **SMALL)
    wait_for_calls(sandbox, command, 20)
    server.stop()
    time.sleep(1)  # the call that was under way arrives
    burnt = -sandbox.journal.count()
    time.sleep(AWAY)
    burnt += sandbox.journal.count()
    assert command.running, command.said()
    server.start()
    assert command.wait(150) == 0, command.said()
    note(seconds_away=AWAY + 1, calls=burnt)
    assert burnt == 0
    assert {run["state"] for run in ledger(stage.database, tenant)} == {"succeeded"}
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@pytest.mark.timeout(300)
def test_a_database_that_stays_away_ends_the_run_clearly_and_the_next_one_goes_on(
    stage: Stage, server: PrivateServer
) -> None:
    """F-11: the wait has an end; no manual step afterwards."""
    shop, sandbox, tenant = shop_of(stage, "cedar")
    stage.finish(tenant, "--entity", "products")
    sandbox.faults.add(Fault(kind="latency", seconds=0.05))
    command = stage.sync(tenant, "--entity", "transactions", DATABASE_WAIT="1", **SMALL)
    wait_for_calls(sandbox, command, 10)
    server.stop()
    code = command.wait(120)
    server.start()
    assert code == 1, command.said()
    assert "PostgreSQL does not answer" in command.said()
    assert "Traceback" not in command.said()
    stage.expire_leases(tenant)
    stage.finish(tenant, **SMALL)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
