"""Answers that are larger than any memory should have to hold."""

import os
import subprocess
import sys

import pytest

from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import HISTORY, Stage, small_shop
from sync_platform_tests.sync.truth import ledger

MIB = 1 << 20
RISE = 60
SECONDS = 5
SIZES: dict[FaultKind, int] = {"oversize": 200 * MIB, "gzip_bomb": 10 * 1024 * MIB}


def measured(stage: Stage, slug: str) -> tuple[int, float, float]:
    """Exit code, peak memory in MiB and processor seconds of one command, in a process of its own from the start."""
    arguments = ["sync", "blaze", "--tenant", slug, "--days", str(HISTORY + 1), "--json"]
    with (stage.folder / "large.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "sync_platform.cli", *arguments], env=stage.environment, stdout=log, stderr=log
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    kib = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return child.returncode, kib / 1024, usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("kind", SIZES)
def test_an_answer_that_is_too_large_is_refused_early(stage: Stage, note: Note, kind: FaultKind) -> None:
    """F-31, HTTP-02: 200 MiB, and 10 GiB in 10 MiB of gzip; at most 60 MiB more than usual, and less than 5 s more of
    the processor's time, which unlike the clock's does not depend on what else the machine does."""
    shop, usual = (small_shop(name, stage.seed) for name in ("alder", "birch"))
    sandbox = stage.serve(shop, usual)
    tenants = [stage.connect(one, sandbox.url) for one in (shop, usual)]
    code, idle, idle_seconds = measured(stage, usual.name)
    assert code == 0
    sandbox.faults.add(Fault(kind=kind, size=SIZES[kind], path="/members", shop=shop.name))
    code, peak, seconds = measured(stage, shop.name)
    assert code == 3  # products and receipts were read
    [run] = [run for run in ledger(stage.database, tenants[0]) if run["entity"] == "customers"]
    note(memory_rise_mib=peak - idle, refused_after_cpu_s=seconds - idle_seconds)
    assert (run["state"], run["error_class"], run["inserted"]) == ("failed", "ContractBroken", 0)
    assert "larger than" in run["error_message"]
    assert peak - idle <= RISE
    assert seconds - idle_seconds < SECONDS
    assert sandbox.journal.count(shop=shop.name, endpoint="/members") == 1
    sandbox.faults.clear()
    stage.finish(tenants[0])
    assert_invariants(stage, tenants[0], [shop], sandbox.journal, served=of(shop))
