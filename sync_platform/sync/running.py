"""The life of a run in the ledger: started with its lines or not at all, kept alive, finished (SYS-10)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from psycopg import Connection

from sync_platform.core.counters import Counters
from sync_platform.core.errors import (
    Cancelled,
    CircuitOpen,
    DatabaseUnavailable,
    ItemsMissing,
    SyncError,
    TooManyDeletes,
)
from sync_platform.core.window import Window
from sync_platform.db.ledger import add_batch, add_progress, count_calls, extend_lease, finish_runs, start_runs
from sync_platform.db.merge import Merged
from sync_platform.db.run_row import FinalState, RunRow, RunStart
from sync_platform.sync.calls import CallCounter, CallCounts
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import EntityReport, OnProgress, Progress, SyncRequest
from sync_platform.vendors.http import VendorHttp

T = TypeVar("T")


class _WrittenBefore(Exception):
    """Rolls a repeated batch back whose first try turned out to be committed."""


class Run:
    """A run in progress. The first ledger row is the entity's, a second one its lines'."""

    def __init__(
        self, platform: Platform, request: SyncRequest, entity: str, ids: list[int], on_progress: OnProgress
    ) -> None:
        self._platform, self._request = platform, request
        self._on_progress = on_progress
        self._entity = entity
        self.ids = ids
        self.calls = CallCounter(self._record_calls)
        self.records = Counters()
        self.report: dict[str, Any] = {}
        self.lost = threading.Event()
        self._batches = 0

    @property
    def id(self) -> int:
        """The entity's own ledger row; data rows name it."""
        return self.ids[0]

    @property
    def lines_id(self) -> int:
        """The ledger row of the lines; the entity's own where it has none."""
        return self.ids[-1]

    def check(self) -> None:
        """Raises Cancelled where the run was cancelled, taken over, or the process is asked to stop (F-04)."""
        if self.lost.is_set() or self._platform.stopping.is_set():
            raise Cancelled(f"run {self.id} was stopped; the next run goes on from the last committed batch")

    def write(self, work: Callable[[Connection[Any]], T]) -> T:
        """Do ``work`` in one transaction of the run's tenant, exactly once, and return what it returned (SYS-09).

        ``work`` is called again where its transaction was rolled back by a deadlock, a lock time-out or the loss of the
        connection (F-10, F-12): it must not change anything outside the database, and it calls ``count`` last.
        """
        self._batches += 1
        results: list[T] = []

        def batch(conn: Connection[Any]) -> None:
            result = work(conn)
            if not add_batch(conn, self._request.tenant.id, self.id, self._batches):
                raise _WrittenBefore
            results.append(result)

        with suppress(_WrittenBefore):
            self._platform.database.run(batch, self._request.tenant.id)
        return results[-1]

    def count(self, conn: Connection[Any], stage: str, counters: list[Counters]) -> None:
        """Add a batch's counters to the ledger inside the batch's transaction; one element per ledger row."""
        calls, received = self.calls.counts()
        for run_id, counted in zip(self.ids, counters, strict=False):
            own = run_id == self.id
            add_progress(
                conn,
                self._request.tenant.id,
                run_id,
                stage=stage,
                done=counted.fetched,
                counters=counted,
                calls=calls if own else {},
                received_bytes=received if own else 0,
                lease_seconds=self._platform.settings.sync.lease_seconds,
            )

    def _record_calls(self, calls: CallCounts) -> None:
        count_calls(self._platform.database, self._request.tenant.id, self.id, calls)

    def counted(self, stage: str, counters: Counters) -> None:
        """Called when a batch is committed."""
        self.records += counters
        self.committed(self._entity, stage, self.records.fetched)

    def committed(self, entity: str, stage: str, done: int) -> None:
        """Tell that so many records of an entity are stored."""
        self._on_progress(Progress(self._request.tenant.slug, entity, stage, done))

    def tell_skew(self, http: VendorHttp) -> None:
        """A source's clock that is off is reported, not followed (HTTP-14)."""
        if http.clock_skewed:
            self.report["clock_skew_seconds"] = round(http.worst_skew_seconds)

    def tell(self, merged: list[Merged]) -> None:
        """Keep what a merge reports beside numbers: suppressed values by field, and a dry run's first differences."""
        for part in merged:
            suppressed = self.report.setdefault("suppressed", {})
            for name, number in part.suppressed.items():
                suppressed[name] = suppressed.get(name, 0) + number
            sample = self.report.setdefault("sample", [])
            sample.extend(part.sample[: 20 - len(sample)])


@contextmanager
def ledger_run(
    platform: Platform,
    request: SyncRequest,
    source: str,
    entities: tuple[str, ...],
    window: Window | None,
    on_progress: OnProgress,
) -> Iterator["tuple[Run, list[EntityReport], list[SyncError]]"]:
    """Start the ledger rows, keep their lease, and finish them.

    A SyncError inside the block ends up in the ledger and in the yielded list; anything else is a bug: the run is
    failed and the exception goes on. Raises AlreadyRunning before the block where another run writes (SYS-19).
    """
    starts = [
        RunStart(
            request.tenant.id,
            source,
            entity,
            request.kind,
            window,
            request.actor,
            request.dagster_run_id,
            request_id=request.request_id,
        )
        for entity in entities
    ]
    lease = platform.settings.sync.lease_seconds
    run = Run(platform, request, entities[0], start_runs(platform.database, starts, lease), on_progress)
    reports: list[EntityReport] = []
    errors: list[SyncError] = []
    state: FinalState = "failed"
    error: BaseException | None = None
    try:
        with _lease_kept(platform, request, run):
            yield run, reports, errors
        state = "succeeded"
    except SyncError as caught:
        error, state = caught, _state_after(caught)
        errors.append(caught)
    except BaseException as caught:
        error = caught
        raise
    finally:
        reports.extend(_finish(platform, request, run, state, error))


def _state_after(error: SyncError) -> FinalState:
    if isinstance(error, Cancelled):
        return "cancelled"
    return "partial" if isinstance(error, CircuitOpen | TooManyDeletes | ItemsMissing) else "failed"


def _finish(
    platform: Platform, request: SyncRequest, run: Run, state: FinalState, error: BaseException | None
) -> list[EntityReport]:
    calls, received = run.calls.counts()
    rows = finish_runs(
        platform.database,
        request.tenant.id,
        run.ids,
        state,
        error_class=type(error).__name__ if error else None,
        error_message=str(error) if isinstance(error, SyncError) else None,
        report={key: value for key, value in run.report.items() if value},
        calls=calls,
        received_bytes=received,
    )
    return [entity_report(row) for row in rows]


def entity_report(row: RunRow) -> EntityReport:
    """A finished ledger row as callers see it."""
    seconds = (row.finished_at - row.started_at).total_seconds() if row.finished_at else 0.0
    return EntityReport(
        row.id, row.entity, row.state, row.counters, row.api_calls, seconds, row.calls, dict(row.report)
    )


@contextmanager
def _lease_kept(platform: Platform, request: SyncRequest, run: Run) -> Iterator[None]:
    """Extend the lease from a thread: one answer may take longer than a lease lasts."""
    lease = platform.settings.sync.lease_seconds
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(lease / 3):
            try:
                alive = extend_lease(platform.database, request.tenant.id, run.ids, lease)
            except DatabaseUnavailable:
                continue  # the batch's own transaction tells whether the run is still ours
            if len(alive) < len(run.ids):
                run.lost.set()
                return

    thread = threading.Thread(target=beat, name=f"lease-{run.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
