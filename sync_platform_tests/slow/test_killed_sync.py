"""kill -9 of a real ``sync-platform sync`` while the source misbehaves: nothing lost, nothing doubled."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.db.pool import Database
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth, ledger

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
DAYS = 20
FAULTS = [
    Fault(kind="throttle", probability=0.1),
    Fault(kind="status", status=502, probability=0.1),
    Fault(kind="truncated", probability=0.1),
    Fault(kind="shifted_page", path="/transactions", probability=0.1),
    Fault(kind="short_page", probability=0.2),
    Fault(kind="duplicate_page", probability=0.1),
]


@pytest.fixture
def shop() -> Shop:
    first = NOW.date() - timedelta(days=DAYS - 1)
    spec = ShopSpec(
        name="cedar", shop_key="cedar-shop-key", zone="America/Denver", seed=11, first_day=first, days=DAYS,
        members=150, products=60, sales_per_day=60, now=NOW,
    )  # fmt: skip
    return build_shop(spec)


@pytest.fixture
def sandbox(shop: Shop) -> Iterator[BlazeSandbox]:
    with BlazeSandbox([shop], seed=5) as server:
        yield server


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A deployment's settings, small batches, short pauses and leases."""
    return {
        **os.environ,
        "SYNC_PLATFORM_DATABASE_URL": database_url,
        "SYNC_PLATFORM_MASTER_KEYS": json.dumps([new_master_key()]),
        "SYNC_PLATFORM_DATA_DIR": str(tmp_path),
        "SYNC_PLATFORM_SYNC__BATCH_RECORDS": "150",
        "SYNC_PLATFORM_SYNC__LEASE_SECONDS": "5",
        "SYNC_PLATFORM_HTTP__BACKOFF_BASE": "0.01",
        "SYNC_PLATFORM_HTTP__BACKOFF_CAP": "0.05",
        "SYNC_PLATFORM_HTTP__RETRY_AFTER_CAP": "0.05",
        "SYNC_PLATFORM_HTTP__TRIES": "20",
        "SYNC_PLATFORM_HTTP__BREAKER_FAILURES": "50",
    }


@pytest.fixture
def owner(database: Database, make_tenant: object, sandbox: BlazeSandbox, environment: dict[str, str]) -> Tenant:
    tenant: Tenant = make_tenant("cedar", zone="America/Denver")  # type: ignore[operator]
    keyring = KeyRing(json.loads(environment["SYNC_PLATFORM_MASTER_KEYS"]))
    set_credential(
        database, keyring, tenant.id, source="blaze", environment="stage", account="cedar",
        secrets={"partner_key": "demo-partner-key", "shop_key": "cedar-shop-key"}, settings={"base_url": sandbox.url},
    )  # fmt: skip
    return tenant


def command(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    arguments = ["sync", "blaze", "--tenant", "cedar", "--days", str(DAYS + 2), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "sync_platform.cli", *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def wait_for_requests(sandbox: BlazeSandbox, child: subprocess.Popen[bytes], number: int) -> None:
    until = time.monotonic() + 30
    while sandbox.journal.count() < number and child.poll() is None and time.monotonic() < until:
        time.sleep(0.005)


@pytest.mark.timeout(240)
def test_kill_9_and_a_misbehaving_source_lose_nothing(
    database: Database, owner: Tenant, sandbox: BlazeSandbox, shop: Shop, environment: dict[str, str]
) -> None:
    """F-01, F-20, F-22, F-25, F-26 (their full matrix is elsewhere), SYS-09, SYS-11, SYS-19; I1, I2, I3, I9."""
    moments = random.Random(2026)
    sandbox.faults.add(*FAULTS, Fault(kind="latency", seconds=0.02))
    for _ in range(4):
        sandbox.journal.clear()
        child = command(environment)
        wait_for_requests(sandbox, child, moments.randint(3, 60))
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        time.sleep(5.2)  # its lease, which the next run has to see expired
    output = b""
    for _ in range(2):
        child = command(environment)
        output, errors = child.communicate(timeout=120)
        if child.returncode == 0:
            break
    sandbox.faults.clear()
    last = command(environment)
    output, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors.decode()[-2000:]
    assert {run["state"] for result in json.loads(output) for run in result["runs"]} == {"succeeded"}
    assert_tables_equal_truth(database, owner, [shop])
    assert_accounted(database, owner)
    ended = {(run["state"], run["error_class"]) for run in ledger(database, owner)}
    assert ("failed", "LeaseExpired") in ended


@pytest.mark.timeout(120)
def test_sigterm_stops_at_the_next_page_and_the_next_run_goes_on(
    database: Database, owner: Tenant, sandbox: BlazeSandbox, shop: Shop, environment: dict[str, str]
) -> None:
    """F-04: state ``cancelled``, resumable."""
    sandbox.faults.add(Fault(kind="latency", seconds=0.1))
    child = command(environment)
    wait_for_requests(sandbox, child, 12)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=20)
    assert "cancelled" in {run["state"] for run in ledger(database, owner)}
    sandbox.faults.clear()
    again = command(environment)
    _, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors.decode()[-2000:]
    assert_tables_equal_truth(database, owner, [shop])
    assert_accounted(database, owner)
