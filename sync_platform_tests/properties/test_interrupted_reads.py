"""A window that is read in several goes, cut in whatever way each time, shows every record."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.window import Window
from sync_platform.sync.known import KnownRecords
from sync_platform.sync.reading import read_chunks, spans
from sync_platform.vendors.envelope import decode_envelope
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform.vendors.subwindows import read_windows

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
PAGE = 5


def hourly(part: Window, inside: dict[str, Any] | None, delivered: Delivered, _: int | None) -> Iterator[RawPage]:
    """A source with a record every six hours."""
    moments = [START + timedelta(hours=6 * n) for n in range(200)]
    found = [moment.isoformat() for moment in moments if part.start <= moment < part.end]
    for at in range(inside["at"] if inside else 0, len(found), PAGE):
        body = msgspec.json.encode({"values": [{"id": text} for text in found[at : at + PAGE]]})
        yield delivered.page(delivered.fresh(decode_envelope(body)), None, {"at": at + PAGE})


def read(window: Window, length: int, position: dict[str, Any] | None) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Ids and position of each page, in chunks of ``length`` days."""

    def pages(chunk: Window, inside: dict[str, Any] | None) -> Iterator[RawPage]:
        return read_windows(chunk, inside, length, UTC_ZONE, hourly, by_instant=True)

    chunks = spans(window, timedelta(days=length))
    for fetched in read_chunks(chunks, position, pages, lambda _: KnownRecords()):
        ids = [msgspec.json.decode(record)["id"] for record in fetched.page.records]
        yield ids, msgspec.json.decode(msgspec.json.encode(fetched.position))


@given(
    days=st.integers(1, 40),
    goes=st.lists(st.tuples(st.integers(1, 7), st.integers(1, 12)), min_size=1, max_size=4),
    last=st.integers(1, 7),
)
@settings(max_examples=100)
def test_no_record_is_left_out_when_the_next_go_has_other_chunks(
    days: int, goes: list[tuple[int, int]], last: int
) -> None:
    """SYS-09, BLZ-05: ``max_window_days`` is a setting, and may change between an interrupted run and the next."""
    window = Window(START, START + timedelta(days=days))
    everything = [text for ids, _ in read(window, 7, None) for text in ids]
    seen: list[str] = []
    position: dict[str, Any] | None = None
    for length, pages in goes:
        for number, (ids, place) in enumerate(read(window, length, position), start=1):
            seen += ids
            position = place
            if number == pages:
                break
    seen += [text for ids, _ in read(window, last, position) for text in ids]
    assert set(seen) == set(everything)
    if {length for length, _ in goes} == {last}:
        assert len(seen) == len(everything)
