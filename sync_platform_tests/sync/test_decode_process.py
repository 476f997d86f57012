"""A process that decodes pages: it makes the same of them, holds no secrets, and leaves nothing behind (SYS-08)."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync_platform.sandbox.shop import Shop
from sync_platform.settings import PREFIX
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES
from sync_platform.sync.crm_entities import CUSTOMER_RECORDS
from sync_platform.sync.decode_process import DecodeProcess, DecodeProcesses
from sync_platform.sync.decoded import decode_page
from sync_platform.sync.request import Entity
from sync_platform_tests.sync.decoding_pages import SALES, SAMPLE, alive, asked_of, gone, sale

TEXT = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)
AMOUNT = st.none() | st.decimals(places=4, min_value=-(10**6), max_value=10**6).map(float)
LINE = st.fixed_dictionaries(
    {"orderItemId": st.sampled_from(["a", "b", None]), "productName": TEXT, "finalPrice": AMOUNT, "newField": TEXT}
)
RECORD = st.fixed_dictionaries(
    {
        "id": TEXT,
        "modified": st.integers(-(2**40), 2**41) | TEXT,
        "status": TEXT,
        "transType": st.sampled_from(["Sale", "Refund", "Gift", None]),
        "cart": st.none() | st.fixed_dictionaries({"total": AMOUNT, "items": st.lists(LINE, max_size=3)}),
    }
)


@pytest.fixture(scope="module")
def process() -> Iterator[DecodeProcess]:
    one = DecodeProcess(SALES, SAMPLE, lambda: None)
    yield one
    one.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(records=st.lists(RECORD, max_size=6))
@example(records=[sale(n, status=f"new {n}", transType="Sale") for n in range(6)])
def test_another_process_makes_the_same_of_a_page(process: DecodeProcess, records: list[Any]) -> None:
    """SYS-01, SYS-02, SYS-08, SYS-17, SYS-21: rows, lines and drift; a page with rejects it leaves to us."""
    asked = asked_of(records)
    assert process.ask(asked)
    here, there = decode_page(SALES, asked, SAMPLE), process.answer()
    assert there == (None if here.rejects else here)


@pytest.mark.parametrize("name", BLAZE_ENTITIES)
def test_every_entity_has_its_process(shop: Shop, name: Entity) -> None:
    """Also what a batch remembers of a product beside its line."""
    entity = BLAZE_ENTITIES[name]
    collection = {"customers": "members"}.get(name, name)
    asked = asked_of([dict(record) for record in shop.truth(collection)])  # type: ignore[arg-type]
    started = DecodeProcesses().start(entity, SAMPLE, 1)
    assert started is not None
    assert started.ask(asked)
    there, here = started.answer(), decode_page(entity, asked, SAMPLE)
    started.close()
    assert there is not None
    assert here.rows
    assert there == here


def test_no_more_processes_than_allowed() -> None:
    """None at all with 0, none for records that need their account, and room again once one has ended."""
    processes = DecodeProcesses()
    assert processes.start(SALES, SAMPLE, 0) is None
    assert processes.start(CUSTOMER_RECORDS, SAMPLE, 1) is None
    first = processes.start(SALES, SAMPLE, 1)
    assert first is not None
    assert processes.start(SALES, SAMPLE, 1) is None
    first.close()
    assert not alive(first.pid)
    again = processes.start(SALES, SAMPLE, 1)
    assert again is not None
    again.close()


def test_it_holds_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and database URLs stay with us: neither its environment nor its command line has any setting."""
    monkeypatch.setenv(f"{PREFIX}MASTER_KEYS", '["a-key-of-ours"]')
    one = DecodeProcess(SALES, SAMPLE, lambda: None)
    try:
        assert one.ask(asked_of([sale(1)]))
        assert one.answer() is not None  # by now it is itself, and no copy of us
        for name in ("environ", "cmdline"):
            with open(f"/proc/{one.pid}/{name}", "rb") as file:
                shown = file.read()
            assert PREFIX.encode() not in shown
            assert b"a-key-of-ours" not in shown
    finally:
        one.close()


STARTER = """
import sys, time
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES
from sync_platform.sync.decode_process import DecodeProcess
one = DecodeProcess(BLAZE_ENTITIES["transactions"], 2, lambda: None)
print(one.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_whoever_started_it() -> None:
    """F-01: ``kill -9`` leaves nothing behind."""
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert alive(pid)
        starter.kill()
        starter.wait()
    assert gone(pid)


def test_signals_to_the_group_do_not_end_it(process: DecodeProcess) -> None:
    """F-04: Ctrl-C reaches all processes of a terminal; the run ends itself, and its pages are decoded until then."""
    assert process.ask(asked_of([sale(1)]))
    assert process.answer() is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process.pid, number)
    assert process.ask(asked_of([sale(2)]))
    assert process.answer() is not None
