"""The journal counts what was asked, and holds no key (SBX-03)."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import httpx
import msgspec
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox


def test_the_journal_has_every_request_once(box: BlazeSandbox, client: httpx.Client) -> None:
    """SBX-03: whatever was answered; broken connections too."""
    for _ in range(3):
        client.get("/members", params={"limit": 5})
    client.get(f"/members/{'0' * 24}")
    client.get("/orders")
    box.faults.add(Fault(kind="throttle", times=1), Fault(kind="reset_before", times=1, path="/store"))
    client.get("/vendors")
    with pytest.raises(httpx.ReadError):
        client.get("/store")
    assert box.journal.count() == 7
    assert box.journal.counts(shop="Corner") == {
        "/members": {"200": 3},
        "/members/{id}": {"404": 1},
        "/store": {"0": 1},
        "/vendors": {"429": 1},
        "?": {"404": 1},
    }
    assert [entry.faults for entry in box.journal.entries()][-2:] == [("throttle",), ("reset_before",)]
    assert box.journal.counts(shop="Other") == {}


def test_an_entry_says_what_was_asked_and_answered(box: BlazeSandbox, client: httpx.Client) -> None:
    """SBX-03."""
    answer = client.get("/members", params={"limit": 5})
    (entry,) = box.journal.entries(endpoint="/members", status=200)
    assert (entry.method, entry.path, entry.query) == ("GET", "/members", "limit=5")
    assert (entry.shop, entry.status, entry.bytes) == ("Corner", 200, len(answer.content))
    assert entry.at == box.shop("Corner").spec.now_ms / 1000


def test_no_key_reaches_the_journal(box: BlazeSandbox, client: httpx.Client) -> None:
    """SBX-03: fingerprints tell keys apart."""
    client.get("/store")
    client.get("/store", headers={"partner_key": "wrong-partner-key", "Authorization": "wrong-shop-key"})
    right, wrong = box.journal.entries()
    assert right.partner != wrong.partner
    assert (wrong.shop, wrong.status) == ("", 401)
    written = msgspec.json.encode(box.journal.entries()).decode()
    for key in ("demo-partner-key", "corner-key", "wrong-partner-key", "wrong-shop-key"):
        assert key not in written


def test_requests_from_many_threads_are_all_counted(box: BlazeSandbox) -> None:
    """SBX-03."""
    headers = {"partner_key": "demo-partner-key", "Authorization": "corner-key"}

    def ask(_number: int) -> int:
        return httpx.get(f"{box.url}/api/v1/partner/store", headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(40))) == {200}
    assert box.journal.count(endpoint="/store", status=200) == 40


def test_a_stop_ends_waiting_answers(box: BlazeSandbox) -> None:
    """SBX-01: a test never waits for the stand-in to finish a stall."""
    box.faults.add(Fault(kind="slow_first_byte", seconds=3_000))
    headers = {"partner_key": "demo-partner-key", "Authorization": "corner-key"}
    seen: list[str] = []

    def ask() -> None:
        try:
            httpx.get(f"{box.url}/api/v1/partner/store", headers=headers, timeout=60)
        except httpx.TransportError as error:
            seen.append(type(error).__name__)

    asking = Thread(target=ask)
    asking.start()
    while not box.journal.count():
        time.sleep(0.01)
    box.stop()
    asking.join(timeout=30)
    assert len(seen) == 1
