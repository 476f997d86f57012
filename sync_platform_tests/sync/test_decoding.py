"""Pages that are decoded in a process beside ours become the same rows, whatever becomes of the process (SYS-08)."""

import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial

import pytest
from structlog.testing import capture_logs

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.decode_process import DecodeProcess, DecodeProcesses
from sync_platform.sync.decoded import Decoded, decode_page
from sync_platform.sync.decoding import Decoding
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.known import KnownRecord, KnownRecords
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import Fetched
from sync_platform.vendors.prefetch import prefetched
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.decoding_pages import SALES, SAMPLE, asked_of, fetched, gone, page_of, sale
from sync_platform_tests.sync.syncing import rows, sync
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth


@pytest.fixture
def decoding() -> Iterator[tuple[Decoding, list[DecodeProcess]]]:
    """Of sales, with a process from the first page on; and the processes that it started."""
    started: list[DecodeProcess] = []

    def start(entity: SourceEntity, sample: int) -> DecodeProcess:
        started.append(DecodeProcess(entity, sample, lambda: None))
        return started[-1]

    with Decoding(SALES, SAMPLE, start, 0) as one:
        yield one, started


def test_order_is_kept_and_pages_with_rejects_are_decoded_here(
    decoding: tuple[Decoding, list[DecodeProcess]],
) -> None:
    """SYS-08: page by page what each alone becomes, in the order in which they came."""
    one, started = decoding
    pages = [[sale(10 * page + n) for n in range(5)] for page in range(30)]
    for bad in (3, 4, 17):
        pages[bad][2]["id"] = " "
    begun = list(prefetched((one.begin(fetched(page)) for page in pages), ahead=5))
    assert len(started) == 1
    for page, waiting in zip(pages, begun, strict=True):
        found = waiting.decoded()
        assert found == decode_page(SALES, asked_of(page), SAMPLE)
        assert len(found.rows) + len(found.rejects) == 5


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_killed_process_loses_no_page(decoding: tuple[Decoding, list[DecodeProcess]], after: int) -> None:
    """Whatever it had been asked for is decoded here, and so is all that follows. The log tells it once."""
    one, started = decoding
    pages = [[sale(100 * page + n) for n in range(100)] for page in range(12)]
    found: list[Decoded] = []
    with capture_logs() as log, closing(prefetched(one.begin(fetched(page)) for page in pages)) as ready:
        for number, waiting in enumerate(ready):
            if number == after:
                os.kill(started[0].pid, signal.SIGKILL)
            found.append(waiting.decoded())
    assert found == [decode_page(SALES, asked_of(page), SAMPLE) for page in pages]
    assert len(started) == 1
    told = [(entry["event"], entry["pid"], entry["exit_code"]) for entry in log]
    assert told == [("decode process ended", started[0].pid, -signal.SIGKILL)]


def test_what_the_tables_hold_is_not_decoded(decoding: tuple[Decoding, list[DecodeProcess]]) -> None:
    """An unchanged page costs no process."""
    one, started = decoding
    page = page_of([sale(1), sale(2)])
    known = KnownRecords({digest: KnownRecord("sale", 1, None) for digest in page.hashes})
    begun = one.begin(Fetched(page, known, {}))
    assert (len(begun.unchanged), begun.decoded().rows, started) == (2, [], [])


def test_short_readings_need_no_process() -> None:
    """Its start costs more than it saves: an incremental run does without."""
    started: list[str] = []

    def start(entity: SourceEntity, sample: int) -> None:
        started.append(entity.name)

    with Decoding(SALES, SAMPLE, start, 300) as one:
        for page in range(3):
            one.begin(fetched([sale(100 * page + n) for n in range(100)]))
        assert started == []
        for _ in range(3):
            one.begin(fetched([sale(0)]))
        assert started == ["transactions"]


def test_a_page_that_comes_late_starts_no_process() -> None:
    """A call under way when a run ends is not waited for; nobody would end what its page starts."""
    started: list[DecodeProcess] = []
    processes = DecodeProcesses()

    def start(entity: SourceEntity, sample: int) -> DecodeProcess | None:
        one = processes.start(entity, sample, 1)
        started.extend([one] if one else [])
        return one

    answered = threading.Event()

    def slow() -> Generator[Fetched, None, None]:
        answered.wait()
        yield fetched([sale(1)])

    with Decoding(SALES, SAMPLE, start, 0) as one:
        begun = one.begun(slow())
        late = threading.Thread(target=partial(next, begun))
        late.start()
    answered.set()
    late.join()
    assert started == []


def test_a_first_load_is_the_same_with_a_process_and_without(
    make_platform: MakePlatform, platform: Platform, owner: Tenant, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2, I3, I5: the tables equal the shop's truth, and every record is accounted for."""
    started: list[int] = []
    real = DecodeProcesses.start

    def start(self: DecodeProcesses, entity: SourceEntity, sample: int, most: int | None) -> DecodeProcess | None:
        one = real(self, entity, sample, most)
        started.extend([one.pid] if one else [])
        return one

    monkeypatch.setattr(DecodeProcesses, "start", start)
    with_one = make_platform(sync={"decode_processes": 1, "decode_after_records": 0, "batch_records": 40})
    for name in ("customers", "transactions", "products"):
        assert sync(with_one, owner, name).state == "succeeded"
    assert len(started) == 3
    assert all(gone(pid) for pid in started)
    assert_tables_equal_truth(platform.database, owner, [shop], ["transactions", "transaction_items", "products"])
    assert_accounted(platform.database, owner)
    without = make_platform(sync={"decode_processes": 0, "decode_after_records": 0})
    assert sync(without, owner, "transactions", verify=True).reports[0].counters.unchanged == len(
        rows(platform.database, owner, "select 1 from blaze.transactions")
    )
    assert len(started) == 3
