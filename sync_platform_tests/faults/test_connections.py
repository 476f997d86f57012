"""Connections that break, and answers that lead elsewhere."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.proxy import WireFault, WireFaultKind
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tiers import seeded
from sync_platform_tests.sync.truth import calls_of, ledger

KINDS: tuple[WireFaultKind, ...] = ("reset_before", "reset_during", "reset_after", "cut", "half_open", "stall")


@seeded(short=1, full=10)
def test_broken_connections_are_made_again(stage: Stage, note: Note, seed: int) -> None:
    """F-32: reset before, during and after the answer, closed in the middle, half open, stalled; no double effect."""
    shop = small_shop("alder", seed, members=60, products=40)
    sandbox = stage.serve(shop)
    proxy, url = stage.proxy_before(sandbox)
    tenant = stage.connect(shop, url)
    numbers = stage.rng.sample(range(2, 30), 2 * len(KINDS))
    proxy.faults = [
        WireFault(kind, number, seconds=60, size=stage.rng.randint(1, 400))
        for kind, number in zip(KINDS * 2, numbers, strict=True)
    ]
    stage.finish(tenant, BLAZE__PAGE_SIZE="10", HTTP__FIRST_BYTE_TIMEOUT="0.5", HTTP__BREAKER_FAILURES="20")
    runs = ledger(stage.database, tenant)
    assert sum(run["updated"] for run in runs) == 0  # what came twice was the same, and nothing was written twice
    counted = sum(calls_of(runs).values())
    note(broken=len(proxy.faults), calls=counted, swallowed=proxy.swallowed)
    assert proxy.swallowed == 2
    assert counted == sandbox.journal.count() + proxy.swallowed
    assert_invariants(stage, tenant, [shop], sandbox.journal, unsent=proxy.swallowed)


@contextmanager
def elsewhere() -> Iterator[tuple[int, list[bytes]]]:
    """Somebody else's server: what it got to hear."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65_536))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.mark.parametrize("target", ["http://localhost:{port}/", "http://127.0.0.1:{port}/", "http://[::1]:{port}/"])
def test_a_redirect_is_not_followed(stage: Stage, note: Note, target: str) -> None:
    """F-33: to another host, to plain http, to the loopback; refused, and nobody gets to see the keys."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    with elsewhere() as (port, heard):
        sandbox.faults.add(Fault(kind="redirect", location=target.format(port=port), path="/members"))
        command = stage.sync(tenant)
        assert command.wait() == 3, command.said()
        assert heard == []
    [run] = [run for run in ledger(stage.database, tenant) if run["entity"] == "customers"]
    assert (run["state"], run["error_class"]) == ("failed", "ContractBroken")
    assert "redirect" in run["error_message"]
    note(redirects=sandbox.journal.count(status=302))
    sandbox.faults.clear()
    stage.finish(tenant)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
