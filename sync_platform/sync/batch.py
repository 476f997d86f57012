"""A batch: consecutive pages, decoded and de-duplicated, ready to be written in one transaction (SYS-09)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sync_platform.core.counters import Counters
from sync_platform.core.drift import Drift
from sync_platform.core.reject import Reject
from sync_platform.sync.decoded import Decoded, DecodedRow
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.known import KnownRecord
from sync_platform.vendors.paging import RawPage


@dataclass
class Batch:
    """Counts what never gets as far as the database; the merge adds the rest."""

    entity: SourceEntity
    rows: dict[str, DecodedRow] = field(default_factory=dict)
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

    def add(self, page: RawPage, unchanged: Sequence[KnownRecord], decoded: Decoded) -> None:
        """Take a page in: what the tables hold as it is, is only counted; the last version of a key wins (SYS-05)."""
        rows, rejects = decoded.rows, decoded.rejects
        self._records.update(fetched=len(page.records), quarantined=len(rejects))
        self.rejects += rejects
        self.rejected_pages += bool(rejects) and len(rejects) == len(page.records)
        self.drift += decoded.drift
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

    def _keep(self, row: DecodedRow) -> None:
        earlier = self.rows.get(row.key)
        self._lines["fetched"] += row.sent
        if (known := self._known.pop(row.key, None)) is not None:
            # another version of a record that was counted as unchanged: that one was the duplicate
            self._records.update(unchanged=-1, duplicate_in_batch=1)
            self._lines.update(unchanged=-known.lines, duplicate_in_batch=known.lines)
        if earlier is not None:
            self._records["duplicate_in_batch"] += 1
            if row.modified < earlier.modified:
                self._lines["duplicate_in_batch"] += row.sent
                return
            self._lines["duplicate_in_batch"] += len(earlier.lines)
        self._lines["duplicate_in_batch"] += row.sent - len(row.lines)
        self.rows[row.key] = row

    def _seen(self, modified: datetime | None) -> None:
        if modified is not None and (self.newest is None or modified > self.newest):
            self.newest = modified

    def lines_of(self, keys: Iterable[str]) -> list[bytes]:
        """Lines of these receipts."""
        return [line for key in keys for line in self.rows[key].lines.values()]

    def line_keys(self, keys: Iterable[str]) -> set[tuple[str, str]]:
        """Receipt and line of each of them."""
        return {(key, child) for key in keys for child in self.rows[key].lines}


def _instant(epoch_ms: int) -> datetime | None:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC) if epoch_ms else None
