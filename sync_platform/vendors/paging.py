"""Pages as the rest of the platform sees them, and the memory of what was delivered already."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sync_platform.core.window import Window
from sync_platform.vendors.envelope import Envelope

# a position is stored with every batch: at most this many hashes of 32 characters go into it (F-28: below 10 kB)
EDGE = 200


@dataclass(frozen=True)
class RawPage:
    """Records not delivered before in this window, as the source's bytes.

    ``position`` is JSON: given back to the same reader, it goes on after this page. ``repeated`` counts exact repeats
    that were dropped. ``complete`` is set on the last page of a collection when as many records were seen as the source
    says it has: only then does absence mean anything (SYS-15). That page may be without records.
    ``nul`` tells that a NUL may be written in one of the records.
    """

    records: list[msgspec.Raw] = field(repr=False)
    hashes: list[bytes] = field(repr=False)
    total: int | None
    position: dict[str, Any]
    repeated: int = 0
    complete: bool = False
    nul: bool = False


class Delivered:
    """Hashes of the records that were handed out in the present window. Counts what it drops."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._repeated = 0
        self._nul = False

    def remember(self, edge: list[str]) -> None:
        """Records that an earlier, interrupted reading handed out last."""
        self._seen.update(bytes.fromhex(text) for text in edge)

    def forget(self) -> None:
        """The window is finished; records may come again in the next one."""
        self._seen.clear()

    def fresh(self, page: Envelope) -> tuple[list[msgspec.Raw], list[bytes]]:
        """The records of the page that were not handed out yet, each once."""
        records, hashes = [], []
        self._nul |= page.nul
        for record, digest in zip(page.records, page.hashes, strict=True):
            if digest in self._seen:
                self._repeated += 1
                continue
            self._seen.add(digest)
            records.append(record)
            hashes.append(digest)
        return records, hashes

    def page(
        self,
        fresh: tuple[list[msgspec.Raw], list[bytes]],
        total: int | None,
        position: dict[str, Any],
        complete: bool = False,
    ) -> RawPage:
        """A page of fresh records with the repeats counted since the last one."""
        repeated, self._repeated = self._repeated, 0
        nul, self._nul = self._nul, False
        return RawPage(fresh[0], fresh[1], total, position, repeated, complete, nul)


def edge_of(hashes: list[bytes]) -> list[str]:
    """The last hashes as they go into a position."""
    return [digest.hex() for digest in hashes[-EDGE:]]


WindowReader = Callable[[Window, dict[str, Any] | None, Delivered, int | None], Iterator[RawPage]]
