"""Collects pages into batches and writes them; knows where the next run would go on (SYS-09)."""

import time
from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any

from psycopg import Connection

from sync_platform.core.counters import Counters
from sync_platform.core.errors import DatabaseUnavailable, SyncError, TooManyRejects
from sync_platform.core.window import Window
from sync_platform.db.cursors import clear_position, complete_window, save_position
from sync_platform.db.merge import MergeScope
from sync_platform.sync.batch import Batch
from sync_platform.sync.decoding import Begun, Decoding
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import Fetched
from sync_platform.sync.request import SyncRequest
from sync_platform.sync.running import Run
from sync_platform.sync.write import Written, write_batch
from sync_platform.sync.writing import WriteBehind
from sync_platform.vendors.prefetch import prefetched


class Loader:
    """Loads pages of one entity of one account.

    ``seen`` holds the keys of a collection that is read whole; ``complete_pass`` tells whether the source says that
    this was all of it, ``all_readable`` whether every record told its key.
    """

    def __init__(self, platform: Platform, request: SyncRequest, entity: SourceEntity, run: Run, account: str) -> None:
        self._platform, self._request, self._run, self._account = platform, request, run, account
        self.entity = entity
        self.seen: set[str] = set()
        self.complete_pass = False
        self._batch = self._new_batch()
        self._batch_started = 0.0
        self.all_readable = True
        self.rejected_pages = 0

    def load(self, pages: Generator[Fetched, None, None], window: Window, newest: datetime | None) -> datetime | None:
        """Write all pages; return the highest ``modified`` seen, ``newest`` included.

        They are fetched while the last ones are loaded. Where the source fails midway, what has arrived is written
        before the error goes on, so that the next run does not fetch it again.
        """
        latest: dict[str, Any] | None = None
        stopped: SyncError | None = None
        # closing stops the reader ahead of us: no call is made once the run is over
        with WriteBehind() as behind, self._decoding() as decoding, closing(prefetched(decoding.begun(pages))) as ready:
            while True:
                try:
                    self._run.check()
                    begun = next(ready, None)
                except DatabaseUnavailable:
                    raise
                except SyncError as error:
                    stopped = error
                    break
                if begun is None:
                    break
                self._take(begun)
                self.complete_pass |= begun.fetched.page.complete
                newest = max((n for n in (newest, self._batch.newest) if n is not None), default=None)
                latest = {**begun.fetched.position, "newest": newest.isoformat() if newest else None}
                if self._full():
                    behind.start(partial(self._write, self._collected(), window, latest))
                    latest = None
            behind.finish()
        if latest is not None:
            self._write(self._collected(), window, latest)
        if stopped is not None:
            raise stopped
        self._judge_rejects()
        return newest

    def load_records(self, page: Fetched, window: Window) -> None:
        """Write single records outside the window's order, such as re-read receipts. The position stays."""
        with self._decoding() as decoding:
            self._take(decoding.begin(page))
        self._write(self._collected(), window, None)

    def complete(self, watermark: datetime | None) -> None:
        """Close the window: no position is left, and the watermark moves if one is given."""
        if self._request.dry_run:
            return
        place = (self._request.tenant.id, self.entity.source, self.entity.name, self._account)
        self._platform.database.run(
            lambda conn: complete_window(conn, *place, watermark=watermark, run_id=self._run.id), place[0]
        )

    def _decoding(self) -> Decoding:
        sync = self._platform.settings.sync
        start = partial(self._platform.decode_processes.start, most=sync.decode_processes)
        return Decoding(self.entity, sync.drift_sample_per_page, start, sync.decode_after_records)

    def _take(self, begun: Begun) -> None:
        if not self._batch.fetched:
            self._batch_started = time.monotonic()
        self._batch.add(begun.fetched.page, begun.unchanged, begun.decoded())

    def _full(self) -> bool:
        # Half of what a crash may repeat (SYS-09): it loses what is being written and what is being collected.
        sync, age = self._platform.settings.sync, time.monotonic() - self._batch_started
        return 2 * self._batch.fetched >= sync.batch_records or 2 * age >= sync.batch_seconds

    def _collected(self) -> Batch:
        batch, self._batch = self._batch, self._new_batch()
        return batch

    def _new_batch(self) -> Batch:
        return Batch(self.entity)

    def _write(self, batch: Batch, window: Window, position: dict[str, Any] | None) -> None:
        tenant, run, dry_run = self._request.tenant, self._run, self._request.dry_run
        scope = MergeScope(tenant.id, tenant.zone_name, run.id, dry_run)
        line_scope = MergeScope(tenant.id, tenant.zone_name, run.lines_id, dry_run) if self.entity.lines else None

        def write(conn: Connection[Any]) -> Written:
            written = write_batch(conn, batch, scope, line_scope, verify=self._request.verify)
            self._keep_place(conn, window, position)
            run.count(conn, "loading", [written.records, written.lines])
            return written

        written = run.write(write)
        self.rejected_pages += batch.rejected_pages
        if self.entity.name == "products":
            self.seen.update(batch.rows)
            self.seen.update(reject.source_id for reject in batch.rejects if reject.source_id)
            # a record whose id cannot be read may be any of those that seem to be missing
            self.all_readable &= all(reject.source_id for reject in batch.rejects)
        run.tell(written.merged)
        run.counted("loading", written.records)

    def _keep_place(self, conn: Connection[Any], window: Window, position: dict[str, Any] | None) -> None:
        """In the transaction of the batch that was read up to there."""
        if position is None or self._request.dry_run:
            return
        save_position(
            conn,
            self._request.tenant.id,
            self.entity.source,
            self.entity.name,
            self._account,
            window=window,
            position=position,
            run_id=self._run.id,
        )

    def _judged(self) -> Counters:
        """The records that are judged by how many of them were rejected."""
        return self._run.records

    def _judge_rejects(self) -> None:
        """SYS-08: over the allowed share of rejects, or any page rejected whole, fails the run; the cursor stays."""
        counted = self._judged()
        share = self._platform.settings.sync.max_reject_share
        if self.rejected_pages:
            reason = f"{self.rejected_pages} page(s) were rejected whole"
        elif counted.quarantined > share * counted.fetched:
            reason = f"{counted.quarantined} of {counted.fetched} records were rejected, more than {share:.0%}"
        else:
            return
        self._read_again()
        raise TooManyRejects(f"{reason}; see `sync-platform quarantine list`")

    def _read_again(self) -> None:
        """Forget the place in the window: the next run reads all of it, or it would end well without these records."""
        if self._request.dry_run:
            return
        place = (self._request.tenant.id, self.entity.source, self.entity.name, self._account)
        self._platform.database.run(lambda conn: clear_position(conn, *place), place[0])
