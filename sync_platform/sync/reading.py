"""Reads a planned window of one account chunk by chunk, from where an interrupted run stopped."""

import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sync_platform.core.window import Window
from sync_platform.db.cursors import Cursor
from sync_platform.sync.known import KnownRecords
from sync_platform.sync.plan import PlannedWindow
from sync_platform.vendors.paging import RawPage
from sync_platform.vendors.prefetch import prefetched

FULL = "full"


PageReader = Callable[[Window, dict[str, Any] | None], Iterator[RawPage]]
KnownReader = Callable[[Window], KnownRecords]


@dataclass(frozen=True)
class Fetched:
    """A page, what the tables hold of its chunk, and the position to store once the page is committed."""

    page: RawPage
    known: KnownRecords
    position: dict[str, Any]


def resumed(
    planned: list[PlannedWindow], cursor: Cursor, overlap: timedelta
) -> list[tuple[PlannedWindow, dict[str, Any] | None]]:
    """Planned windows with the position to start from.

    A window that an earlier run left open and that begins where a planned one begins is finished first, and the planned
    one goes on where it ends: nothing is read twice, and its own upper bound stays what it was.
    """
    result: list[tuple[PlannedWindow, dict[str, Any] | None]] = []
    for item in planned:
        left = cursor.window
        if left is None or left.start != item.window.start or left.end > item.window.end:
            result.append((item, None))
            continue
        result.append((PlannedWindow(left, item.reaches_now), cursor.position))
        if left.end < item.window.end:
            rest = Window(max(left.end - overlap, left.start), item.window.end)
            result.append((PlannedWindow(rest, item.reaches_now), None))
    return result


def read_chunks(
    chunks: list[Window], position: dict[str, Any] | None, read: PageReader, known: KnownReader
) -> Iterator[Fetched]:
    """Pages of consecutive chunks. ``position`` is one that an earlier read handed out, or None for the beginning."""
    start_at = datetime.fromisoformat(position["chunk"]) if position else None
    for chunk in chunks:
        if start_at is not None and chunk.start < start_at:
            continue
        inside = position["page"] if position and chunk.start == start_at else None
        stored = known(chunk)
        for page in read(chunk, inside):
            yield Fetched(page, stored, {"chunk": chunk.start.isoformat(), "page": page.position})


def ahead(pages: Iterator[Fetched]) -> Generator[Fetched, None, None]:
    """The same pages, fetched while the last ones are loaded. Closing it stops the fetching."""
    yield from prefetched(pages)


def spans(window: Window, length: timedelta) -> list[Window]:
    """Consecutive windows of at most ``length`` of elapsed time: seven days of a week with a clock change are 169 hours,
    which a source that counts milliseconds refuses."""
    starts = [window.start + n * length for n in range(-((window.start - window.end) // length))]
    return [Window(start, min(start + length, window.end)) for start in starts]


def single_record(raw: msgspec.Raw) -> Fetched:
    """A record that was read by its id, as a page of its own. It has no place in any window."""
    page = RawPage([raw], [hashlib.blake2b(raw, digest_size=16).digest()], 1, {})
    return Fetched(page, KnownRecords(), {})


def newest_of(position: dict[str, Any] | None) -> datetime | None:
    """Highest ``modified`` seen before the interruption; newest records come first, so it is not seen again."""
    value = position.get("newest") if position else None
    return datetime.fromisoformat(value) if isinstance(value, str) else None
