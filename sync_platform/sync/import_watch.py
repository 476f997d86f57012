"""Keeps an import alive while it works, tells how far it is, and stops it when it may not go on (CSV-03, CSV-04)."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection

from sync_platform.core.errors import Cancelled, DatabaseUnavailable, SyncError
from sync_platform.db.import_batch_row import Claim, Stage
from sync_platform.db.import_batches import progress
from sync_platform.sync.import_options import ImportProgress, OnImportProgress
from sync_platform.sync.platform import Platform

BEAT = 0.5  # seconds between two signs of life; they tell rows at least once a second


class ImportTooLong(SyncError):
    """The hard limit of a batch is over (CSV-13). Split the file."""


class ImportStopped(SyncError):
    """The process was asked to stop; another worker takes the batch over."""


class ImportWatch:
    """A thread with connections of its own: what it writes is seen while the transaction of the data is open.

    Where the batch was cancelled or taken over, or its time is over, the statement that runs is cancelled too.
    """

    def __init__(
        self,
        platform: Platform,
        claim: Claim,
        on_progress: OnImportProgress,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._platform, self._claim = platform, claim
        self._on_progress, self._monotonic = on_progress, monotonic
        self._minutes = platform.settings.imports.deadline_minutes
        self._until = monotonic() + self._minutes * 60
        self._now = ImportProgress(claim.batch_id, "parsing")
        self._since = monotonic()
        self._seconds: dict[str, float] = {}
        self._why: SyncError | None = None
        self._writes = True
        self._connection: Connection[Any] | None = None
        self._guard = threading.Lock()
        self._wake, self._ended = threading.Event(), False
        self._thread = threading.Thread(target=self._beat, name=f"import-{claim.batch_id}", daemon=True)

    @property
    def seconds_left(self) -> float:
        """Until the hard limit."""
        return max(0.001, self._until - self._monotonic())

    @property
    def seconds(self) -> dict[str, float]:
        """By stage, up to now."""
        this = self._now.stage
        return {**self._seconds, this: self._seconds.get(this, 0.0) + self._monotonic() - self._since}

    def stage(self, stage: Stage, total: int | None = None) -> None:
        """The next stage begins. Raises what ``check`` raises."""
        self._seconds, self._since = self.seconds, self._monotonic()
        self._now = ImportProgress(self._claim.batch_id, stage, 0, self._now.rows, total)
        self._on_progress(self._now)
        self._wake.set()
        self.check()

    def rows(self, rows: int) -> None:
        """So many lines were read. Raises what ``check`` raises."""
        self._now = ImportProgress(self._claim.batch_id, self._now.stage, rows, rows)
        self.check()

    def check(self) -> None:
        """Raises Cancelled where the batch is no longer ours, ImportTooLong, or ImportStopped."""
        if (why := self._reason()) is not None:
            raise why

    @contextmanager
    def working_on(self, connection: Connection[Any]) -> Iterator[None]:
        """The statements of this block can be cancelled. Raises the reason instead of what PostgreSQL says then."""
        with self._guard:
            self._connection = connection
        try:
            yield
        except psycopg.errors.QueryCanceled:
            if self._why is None:
                self._why = self._too_long()  # statement_timeout came first
            raise self._why from None
        finally:
            with self._guard:
                self._connection = None

    def hold(self) -> None:
        """Write no more: the transaction of the data is about to hold the batch's row."""
        self._writes = False

    def go_on(self) -> None:
        """Write again."""
        self._writes = True

    def __enter__(self) -> Self:
        self._on_progress(self._now)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._wake.set()
        self._thread.join()

    def _beat(self) -> None:
        told = self._now
        while not self._ended:
            self._wake.wait(BEAT)
            self._wake.clear()
            if self._ended:
                return
            if self._reason() is None and self._writes:
                self._write()
            if self._why is not None:
                self._cancel_statement()  # again and again: it may have come between two statements
            elif self._now != told and self._now.stage == told.stage:
                self._on_progress(self._now)
            told = self._now

    def _reason(self) -> SyncError | None:
        """Why the import may not go on; once there is a reason it stays."""
        if self._why is None and self._monotonic() > self._until:
            self._why = self._too_long()
        if self._why is None and self._platform.stopping.is_set():
            self._why = ImportStopped(f"import {self._claim.batch_id} was stopped; another worker takes it over")
        return self._why

    def _write(self) -> None:
        now = self._now
        try:
            progress(self._platform.database, self._claim, stage=now.stage, done=now.done, rows=now.rows)
        except Cancelled as error:
            self._why = error
        except (DatabaseUnavailable, psycopg.Error):
            pass  # the transaction of the data tells whether the batch is still ours

    def _cancel_statement(self) -> None:
        with self._guard:
            if self._connection is not None:
                with suppress(psycopg.Error):
                    self._connection.cancel_safe(timeout=5)

    def _too_long(self) -> ImportTooLong:
        return ImportTooLong(f"the import took longer than {self._minutes:g} minutes; split the file and import again")
