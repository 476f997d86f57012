"""Does what waits in this process: purchase files and events; so the service needs nobody beside it (CSV-17, F-46).

Dagster's sensors look for the same. Both may run: a batch has one worker, and a source of a tenant one writer (SYS-19).
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self

import structlog

from sync_platform.core.errors import DatabaseUnavailable, SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.sync.crm_events import handle_crm_events
from sync_platform.sync.events_handled import EventsHandled
from sync_platform.sync.import_queue import tenants_with_waiting_imports
from sync_platform.sync.import_run import run_batch
from sync_platform.sync.mx_events import handle_events
from sync_platform.sync.outbox import deliver_after
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source
from sync_platform.sync.waiting_events import WaitingEvents, waiting_events

#: Seconds between two looks; longer where one look takes long, so that looking never takes more than a tenth.
PAUSE = 2.0
#: How long the same events rest after they could not be got rid of; twice as long after each further try.
REST, LONGEST_REST = timedelta(seconds=30), timedelta(hours=1)
EVENT_WORKERS = 2
ACTOR = "service"

_HANDLERS: dict[Source, Callable[[Platform, Tenant, str], EventsHandled]] = {
    "mx_merchant": handle_events,
    "crm": handle_crm_events,
}
Key = tuple[str, str]  # what kind of work, and the tenant's slug
log = structlog.get_logger("sync_platform")


@dataclass(frozen=True)
class _Left:
    """Events that were tried: what they were, how often, and when they are looked at again."""

    mark: str
    tries: int
    rests_until: datetime


class WaitingWork:
    """At most one piece of work per kind and tenant at a time; a tenant that is slow does not stop the others."""

    def __init__(self, platform: Platform, pause: float = PAUSE) -> None:
        self._platform, self._pause = platform, pause
        self._awake = threading.Event()
        self._left: dict[Key, _Left] = {}
        self._thread = threading.Thread(target=self.run, name="waiting-work", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._platform.stopping.set()
        self._thread.join()

    def step(self) -> int:
        """All that is due, one after the other; how many pieces of work it was."""
        due = [*self._imports(), *self._events()]
        return sum([work() for _, work in due])

    def run(self) -> None:
        """Until the platform is asked to stop; what is under way ends at its next page."""
        busy: dict[Key, Future[bool]] = {}
        stopping = self._platform.stopping
        parallel = self._platform.settings.imports.parallel
        with (
            ThreadPoolExecutor(parallel, thread_name_prefix="import") as imports,
            ThreadPoolExecutor(EVENT_WORKERS, thread_name_prefix="events") as events,
        ):
            while not stopping.is_set():
                began = time.monotonic()
                busy = {key: future for key, future in busy.items() if not future.done()}
                for pool, look in ((imports, self._imports), (events, self._events)):
                    for key, work in self._found(look):
                        if key not in busy:
                            busy[key] = pool.submit(self._told, key, work)
                self._rest(max(self._pause, 10 * (time.monotonic() - began)))

    def _found(self, look: Callable[[], list[tuple[Key, Callable[[], bool]]]]) -> list[tuple[Key, Callable[[], bool]]]:
        try:
            return look()
        except DatabaseUnavailable:  # it is asked again soon
            return []

    def _told(self, key: Key, work: Callable[[], bool]) -> bool:
        """What goes wrong is told by its kind alone and tried again: messages of libraries may hold values."""
        try:
            done = work()
        except SyncError as error:
            log.warning("work_failed", kind=key[0], tenant=key[1], error=error.code)
            return False
        except Exception as error:
            log.error(  # noqa: TRY400  a traceback may hold values
                "work_failed", kind=key[0], tenant=key[1], error=type(error).__name__
            )
            return False
        if done:
            self._awake.set()  # there may be more of it
        return done

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._platform.stopping.is_set() and time.monotonic() < until:
            if self._awake.wait(0.2):
                break
        self._awake.clear()

    def _imports(self) -> list[tuple[Key, Callable[[], bool]]]:
        tenants = tenants_with_waiting_imports(self._platform)
        return [(("imports", tenant.slug), partial(self._import, tenant)) for tenant in tenants]

    def _import(self, tenant: Tenant) -> bool:
        """One file; whether there was one that could be taken."""
        result = run_batch(self._platform, tenant)
        if result is not None and result.batch.state == "completed":
            deliver_after(self._platform, tenant)  # what could not leave is tried again when it is due
        return result is not None

    def _events(self) -> list[tuple[Key, Callable[[], bool]]]:
        tenants = {tenant.slug: tenant for tenant in directory(self._platform.database)}
        now = self._platform.clock()
        found: list[tuple[Key, Callable[[], bool]]] = []
        for source in _HANDLERS:
            for due in waiting_events(self._platform, list(tenants.values()), source):
                key = (source, due.tenant)
                left = self._left.get(key)
                if left is None or left.mark != due.mark or left.rests_until <= now:
                    found.append((key, partial(self._handle, source, tenants[due.tenant], due)))
        return found

    def _handle(self, source: Source, tenant: Tenant, due: WaitingEvents) -> bool:
        """Whether some of the events are handled; what is left with none of them changed rests for a while."""
        key = (source, tenant.slug)
        tries = left.tries + 1 if (left := self._left.get(key)) and left.mark == due.mark else 0
        rests_until = self._platform.clock() + min(REST * 2 ** min(tries, 10), LONGEST_REST)
        self._left[key] = _Left(due.mark, tries, rests_until)
        return _HANDLERS[source](self._platform, tenant, ACTOR).handled > 0
