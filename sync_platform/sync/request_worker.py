"""Workers of the queue of requests: claim one, keep it alive, end it, or let it wait (API-03, F-01, F-04)."""

import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import structlog

from sync_platform.core.errors import AlreadyRunning, Cancelled, DatabaseUnavailable, SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.run_request_row import Claim, RequestOutcome, RunRequest
from sync_platform.db.run_requests import beat, claim_request, finish_request, put_back, waiting_tenants
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import Deferred
from sync_platform.sync.request_job import Job
from sync_platform.sync.request_kinds import KINDS

log = structlog.get_logger(__name__)

POLL, BEAT, TRY_AGAIN = 0.5, 1.0, 5.0  # seconds


class RequestWorker:
    """Threads that work requests of all tenants off, one of them looking for the next. Ends with ``platform.stopping``:
    what runs then goes back into the queue at its next page."""

    def __init__(
        self,
        platform: Platform,
        threads: int | None = None,
        *,
        poll: float = POLL,
        pulse: float = BEAT,
        try_again: float = TRY_AGAIN,
    ) -> None:
        self._platform = platform
        self._poll, self._pulse, self._try_again = poll, pulse, try_again
        self._once = [name for name, kind in KINDS.items() if not kind.repeatable]
        self._looking = threading.Lock()
        number = platform.settings.requests.workers if threads is None else threads
        self._threads = [
            threading.Thread(target=self._loop, name=f"request-worker-{n}", daemon=True) for n in range(number)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the process's work, and wait until its requests are back in the queue."""
        self._platform.stopping.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def work_one(self) -> bool:
        """Work on the request whose turn it is, to its end; False where none waits."""
        found = self._next()
        if found is not None:
            self._work(*found)
        return found is not None

    def _loop(self) -> None:
        stopping = self._platform.stopping
        while not stopping.is_set():
            found = None
            with self._looking:
                while found is None and not stopping.is_set():
                    try:
                        found = self._next()
                    except (SyncError, psycopg.Error) as error:
                        log.warning("requests_not_read", error=type(error).__name__)
                    if found is None:
                        stopping.wait(self._poll)
            if found is not None:
                self._work(*found)

    def _next(self) -> tuple[Tenant, Claim, RunRequest] | None:
        rules, database = self._platform.settings.requests, self._platform.database
        for tenant in waiting_tenants(database, rules.tenant_parallel):
            taken = claim_request(
                database,
                tenant.id,
                parallel=rules.tenant_parallel,
                tries=rules.tries,
                once=self._once,
                lease_seconds=rules.lease_seconds,
            )
            if taken is not None:
                return tenant, *taken
        return None

    def _work(self, tenant: Tenant, claim: Claim, request: RunRequest) -> None:
        """Never raises: a thread that ends would be missed."""
        job = Job(self._platform, tenant, request, claim)
        told = {"tenant": tenant.slug, "request": str(request.id), "kind": request.kind}
        log.info("request_started", **told, attempt=request.attempts)
        try:
            with self._kept_alive(job) as asked_to_stop:
                state = self._attempt(job, asked_to_stop)
            log.info("request_ended", **told, state=state)
        except (DatabaseUnavailable, psycopg.Error, Cancelled) as error:
            # nobody could write down how it ended, or it is not ours: its lease runs out, and somebody takes it over
            log.warning("request_left", **told, error=type(error).__name__)

    def _attempt(self, job: Job, asked_to_stop: threading.Event) -> str:
        try:
            outcome = KINDS[job.request.kind].work(job)
        except Cancelled as error:
            if self._platform.stopping.is_set() and not asked_to_stop.is_set():
                self._wait(job, "waiting", 0, None)
                return "queued"
            outcome = RequestOutcome("cancelled", self._so_far(job), "Cancelled", _reason(error))
        except (AlreadyRunning, Deferred, DatabaseUnavailable) as error:
            if self._wait(job, "waiting for another writer", self._try_again, error):
                return "queued"
            outcome = RequestOutcome("failed", self._so_far(job), error.code, str(error))
        except SyncError as error:
            outcome = RequestOutcome("failed", self._so_far(job), error.code, str(error))
        except Exception as error:  # a bug: the next request is no worse for it
            # where, but not what it says: that may be somebody's data
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}:{frame.lineno}"
            log.warning("request_broke", request=str(job.request.id), error=type(error).__name__, where=where)
            text = f"internal error ({type(error).__name__}); the log names the request {job.request.id}"
            outcome = RequestOutcome("failed", self._so_far(job), "InternalError", text)
        self._finish(job, outcome)
        return outcome.state

    def _wait(self, job: Job, stage: str, seconds: float, error: SyncError | None) -> bool:
        limit = None if error is None else self._platform.settings.requests.busy_minutes * 60
        return put_back(
            self._platform.database,
            job.claim,
            stage=stage,
            seconds=seconds,
            limit=limit,
            code=error.code if error else None,
            message=str(error) if error else None,
        )

    def _finish(self, job: Job, outcome: RequestOutcome) -> None:
        shown = job.steps.shown
        if outcome.state in ("succeeded", "partial"):
            shown = shown.finished()
        finish_request(
            self._platform.database,
            job.claim,
            outcome,
            done=shown.done,
            planned=shown.planned,
            records=job.steps.records,
        )

    def _so_far(self, job: Job) -> dict[str, object]:
        return {"runs": [], "parts": job.done_parts}

    @contextmanager
    def _kept_alive(self, job: Job) -> Iterator[threading.Event]:
        """Tells that the request is alive and how far it is, and hears that it is to stop (F-04)."""
        ended, asked_to_stop = threading.Event(), threading.Event()

        def tell() -> None:
            while not ended.wait(self._pulse):
                shown = job.steps.shown
                try:
                    stop = beat(
                        self._platform.database,
                        job.claim,
                        stage=job.stage,
                        done=shown.done,
                        planned=shown.planned,
                        records=job.steps.records,
                    )
                except Cancelled:
                    job.stop.set()  # taken over
                    return
                except (DatabaseUnavailable, psycopg.Error):
                    continue
                if stop:
                    asked_to_stop.set()
                    job.stop.set()

        thread = threading.Thread(target=tell, name=f"request-{job.request.id}", daemon=True)
        thread.start()
        try:
            yield asked_to_stop
        finally:
            ended.set()
            thread.join()


def _reason(error: Cancelled) -> str:
    return f"cancelled on request; {error}"
