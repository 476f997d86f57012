"""A batch: consecutive pages, decoded and de-duplicated, ready to be written in one transaction (SYS-09)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from sync_platform.core.counters import Counters
from sync_platform.core.drift import Drift
from sync_platform.core.reject import Reject
from sync_platform.db.blaze_names import Kind, kind_of
from sync_platform.db.blaze_tables import PRODUCTS
from sync_platform.db.copy_text import copy_line
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.known import KnownRecord, KnownRecords
from sync_platform.transforms.drift import new_values, nul_removed, required_missing
from sync_platform.transforms.loaded import Loaded
from sync_platform.vendors.paging import RawPage


class Staged(NamedTuple):
    """A row that waits to be written, as a line to copy; its own lines as well, by their keys."""

    modified: int
    row: bytes
    lines: dict[str, bytes]


@dataclass
class Batch:
    """Counts what never gets as far as the database; the merge adds the rest.

    ``kinds`` describes products by id, for the lines that take it from them.
    """

    entity: SourceEntity
    rows: dict[str, Staged] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    newest: datetime | None = None
    rejected_pages: int = 0
    _known: dict[str, KnownRecord] = field(default_factory=dict)
    _records: Counter[str] = field(default_factory=Counter)
    _lines: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> Counters:
        """Fates of records that are settled without the database."""
        return Counters(**self._records)

    @property
    def lines(self) -> Counters:
        """The same for the lines inside them."""
        return Counters(**self._lines)

    @property
    def known_keys(self) -> Iterable[str]:
        """Keys of records that were only counted, because the tables hold them as they are."""
        return self._known.keys()

    @property
    def fetched(self) -> int:
        """Records taken in so far."""
        return self._records["fetched"]

    def add(self, page: RawPage, known: KnownRecords, drift_sample: int) -> None:
        """Take a page in. Unchanged records are only counted; the last version of a key wins (SYS-05)."""
        records, hashes, unchanged = _unknown(page, known.by_hash)
        rows, rejects = self.entity.decoder.rows(records, hashes)
        self._records.update(fetched=len(page.records), quarantined=len(rejects))
        self.rejects += rejects
        self.rejected_pages += bool(rejects) and len(rejects) == len(page.records)
        self.drift += self.entity.drift.sample(records, drift_sample)
        self.drift += nul_removed(records) if page.nul else []
        self.drift += required_missing(rejects, len(page.records))
        self.drift += self._new_values(rows)
        for record in unchanged:
            self._seen(record.modified)
            self._keep_known(record)
        for row in rows:
            self._keep(row)
        self._seen(_instant(max((row.modified for row in rows if row.modified), default=0)))

    def _keep_known(self, record: KnownRecord) -> None:
        known = record.key in self._known or record.key in self.rows
        fate = "duplicate_in_batch" if known else "unchanged"
        self._records[fate] += 1
        self._lines["fetched"] += record.lines
        self._lines[fate] += record.lines
        if not known:
            self._known[record.key] = record

    def _keep(self, row: Loaded) -> None:
        earlier = self.rows.get(row.key)
        self._lines["fetched"] += len(row.lines)
        if (known := self._known.pop(row.key, None)) is not None:
            # another version of a record that was counted as unchanged: that one was the duplicate
            self._records.update(unchanged=-1, duplicate_in_batch=1)
            self._lines.update(unchanged=-known.lines, duplicate_in_batch=known.lines)
        if earlier is None:
            self._stage(row)
            return
        self._records["duplicate_in_batch"] += 1
        if row.modified < earlier.modified:
            self._lines["duplicate_in_batch"] += len(row.lines)
            return
        self._lines["duplicate_in_batch"] += len(earlier.lines)
        self._stage(row)

    def _stage(self, row: Loaded) -> None:
        lines = {line[1]: copy_line(line) for line in row.lines}
        self._lines["duplicate_in_batch"] += len(row.lines) - len(lines)
        self.rows[row.key] = Staged(row.modified, copy_line(row.row), lines)
        if self.entity.target is PRODUCTS:
            self.kinds[row.key] = kind_of(row.row)

    def _seen(self, modified: datetime | None) -> None:
        if modified is not None and (self.newest is None or modified > self.newest):
            self.newest = modified

    def lines_of(self, keys: Iterable[str]) -> list[bytes]:
        """Lines of these receipts."""
        return [line for key in keys for line in self.rows[key].lines.values()]

    def line_keys(self, keys: Iterable[str]) -> set[tuple[str, str]]:
        """Receipt and line of each of them."""
        return {(key, child) for key in keys for child in self.rows[key].lines}

    def _new_values(self, rows: Sequence[Loaded]) -> list[Drift]:
        """Enumeration values that the vendor does not document, in rows and lines."""
        target, lines = self.entity.target, self.entity.lines
        found = new_values(self.entity.known_values(target.table), target.names, [row.row for row in rows])
        if lines is not None:
            known = self.entity.known_values(lines.table)
            found += new_values(known, lines.names, [line for row in rows for line in row.lines])
        return found


def _unknown(
    page: RawPage, known: dict[bytes, KnownRecord]
) -> tuple[Sequence[msgspec.Raw], Sequence[bytes], list[KnownRecord]]:
    """Records to decode with their hashes, and what the tables hold already."""
    if not known:
        return page.records, page.hashes, []
    records: list[msgspec.Raw] = []
    hashes: list[bytes] = []
    unchanged: list[KnownRecord] = []
    for raw, digest in zip(page.records, page.hashes, strict=True):
        found = known.get(digest)
        if found is None:
            records.append(raw)
            hashes.append(digest)
        else:
            unchanged.append(found)
    return records, hashes, unchanged


def _instant(epoch_ms: int) -> datetime | None:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC) if epoch_ms else None
