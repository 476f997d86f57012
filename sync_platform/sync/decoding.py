"""Decodes the pages of one reading in their order: here, and once there is much to do, in a process beside us."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self

from sync_platform.sync.decode_process import DecodeProcess
from sync_platform.sync.decoded import Asked, Decoded, decode_page
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.known import KnownRecord
from sync_platform.sync.reading import Fetched

Start = Callable[[SourceEntity, int], DecodeProcess | None]


class Begun(NamedTuple):
    """A page on its way: the records that the tables hold as they are, and who to ask for the others."""

    fetched: Fetched
    unchanged: list[KnownRecord]
    decoded: Callable[[], Decoded]


class Decoding:
    """``begin`` is called in the thread that fetches, ``decoded`` of what it returns in the one that loads, in order.

    A page whose process is gone is decoded here, and so is one with rejects. ``much`` is the number of records after
    which a process is worth its start, a third of a second of another core.
    """

    def __init__(self, entity: SourceEntity, drift_sample: int, start: Start, much: int) -> None:
        self._entity, self._drift_sample, self._start, self._much = entity, drift_sample, start, much
        self._records = 0
        self._lock = threading.Lock()
        self._process: DecodeProcess | None = None
        self._settled = False  # whether a process was asked for, or is not wanted any more

    def begun(self, pages: Generator[Fetched, None, None]) -> Generator[Begun, None, None]:
        """The same pages, each begun when it is asked for. Closing it stops the fetching."""
        with closing(pages):
            for fetched in pages:
                yield self.begin(fetched)

    def begin(self, fetched: Fetched) -> Begun:
        """Hand the page over, or keep it for when its rows are wanted."""
        asked, unchanged = unknown(fetched)
        here = partial(decode_page, self._entity, asked, self._drift_sample)
        process = self._helping(len(asked.records)) if asked.records else None
        if process is not None and process.ask(asked):
            return Begun(fetched, unchanged, partial(self._answered, process, here))
        return Begun(fetched, unchanged, here)

    def _helping(self, records: int) -> DecodeProcess | None:
        """The process, if there is one by now."""
        self._records += records
        with self._lock:
            if self._records > self._much and not self._settled:
                self._settled = True
                self._process = self._start(self._entity, self._drift_sample)
            return self._process

    @staticmethod
    def _answered(process: DecodeProcess, here: Callable[[], Decoded]) -> Decoded:
        answer = process.answer()
        return here() if answer is None else answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # the thread that fetches may still wait for an answer: it must not start a process that nobody ends
        with self._lock:
            self._settled = True
            process, self._process = self._process, None
        if process is not None:
            process.close()


def unknown(fetched: Fetched) -> tuple[Asked, list[KnownRecord]]:
    """Records to decode, and what the tables hold already."""
    page, known = fetched.page, fetched.known.by_hash
    records: list[bytes] = []
    hashes: list[bytes] = []
    unchanged: list[KnownRecord] = []
    for raw, digest in zip(page.records, page.hashes, strict=True):
        found = known.get(digest)
        if found is None:
            records.append(bytes(raw))
            hashes.append(digest)
        else:
            unchanged.append(found)
    return Asked(records, hashes, len(page.records), page.nul), unchanged
