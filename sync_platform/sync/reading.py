"""Reads a planned window of one account chunk by chunk, from where an interrupted run stopped."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sync_platform.core.content_hash import content_hash
from sync_platform.core.window import Window
from sync_platform.db.cursors import Cursor
from sync_platform.sync.known import KnownRecords
from sync_platform.sync.plan import PlannedWindow
from sync_platform.vendors.paging import RawPage

FULL = "full"


PageReader = Callable[[Window, dict[str, Any] | None], Iterator[RawPage]]
KnownReader = Callable[[Window], KnownRecords]


@dataclass(frozen=True)
class Fetched:
    """A page, what the tables hold of its chunk, and the position to store once the page is committed."""

    page: RawPage
    known: KnownRecords
    position: dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A stretch of a planned window that is read in one go, from ``position`` on."""

    window: Window
    position: dict[str, Any] | None


def parts(item: PlannedWindow, cursor: Cursor, overlap: timedelta) -> list[Part]:
    """What is still to be read of a planned window, given where the last run stopped.

    A window that an earlier run left open and that begins where this one begins is finished first, up to the upper
    bound it had, and a second part goes on where it ends: what was committed is not read twice, however often a run is
    interrupted. The position tells where in the window such a second part began.
    """
    left, position = cursor.window, cursor.position
    if left is None or position is None or left.start != item.window.start or left.end > item.window.end:
        return [Part(item.window, None)]
    begun = datetime.fromisoformat(position["from"]) if "from" in position else left.start
    found = [Part(Window(begun, left.end), position)]
    if left.end < item.window.end:
        found.append(Part(Window(max(left.end - overlap, left.start), item.window.end), None))
    return found


def read_chunks(
    chunks: list[Window], position: dict[str, Any] | None, read: PageReader, known: KnownReader
) -> Generator[Fetched, None, None]:
    """Pages of consecutive chunks. ``position`` is one that an earlier read handed out, or None for the beginning.

    A position in none of these chunks was left under other settings: everything is read from the beginning.
    """
    names = [[chunk.start.isoformat(), chunk.end.isoformat()] for chunk in chunks]
    if position is not None and position["chunk"] not in names:
        position = None
    first = names.index(position["chunk"]) if position else 0
    for number in range(first, len(chunks)):
        inside = position["page"] if position and number == first else None
        stored = known(chunks[number])
        for page in read(chunks[number], inside):
            yield Fetched(page, stored, {"from": names[0][0], "chunk": names[number], "page": page.position})


def spans(window: Window, length: timedelta) -> list[Window]:
    """Consecutive windows of at most ``length`` of elapsed time, for sources that count milliseconds: seven days with
    a clock change among them may have 169 hours, which they refuse."""
    starts = [window.start + n * length for n in range(-((window.start - window.end) // length))]
    return [Window(start, min(start + length, window.end)) for start in starts]


def single_record(raw: msgspec.Raw) -> Fetched:
    """A record that was read by its id, as a page of its own. It has no place in any window."""
    page = RawPage([raw], [content_hash(raw)], 1, {})
    return Fetched(page, KnownRecords(), {})


def newest_of(position: dict[str, Any] | None) -> datetime | None:
    """Highest ``modified`` seen before the interruption; newest records come first, so it is not seen again."""
    value = position.get("newest") if position else None
    return datetime.fromisoformat(value) if isinstance(value, str) else None
