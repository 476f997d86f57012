"""Streams of progress: one reader per process asks the database for all of them, twice a second at most (API-03)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import structlog
from anyio import to_thread

from sync_platform.api.problems import Problem
from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.run_pages import read_runs
from sync_platform.db.run_request_row import RunRequest
from sync_platform.db.run_requests import WEB, read_requests
from sync_platform.db.run_row import RunRow
from sync_platform.sync.platform import Platform

log = structlog.get_logger(__name__)

POLL = 0.5  # seconds
RunKey = UUID | int
Found = RunRequest | RunRow


@dataclass(eq=False)
class Watcher:
    """Somebody who looks at one run. ``changed`` is set when there is something newer in ``latest``."""

    tenant: Tenant
    key: RunKey
    latest: Found
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class RunFeed:
    """``most`` streams are open at once, half of them of one tenant."""

    def __init__(self, platform: Platform, most: int, *, poll: float = POLL) -> None:
        self._platform, self._most, self._poll = platform, most, poll
        self._watchers: set[Watcher] = set()
        self._reader: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """Streams at this moment."""
        return len(self._watchers)

    def require_room(self, tenant: Tenant) -> None:
        """Raises Problem 429 where no further stream may be opened."""
        of_tenant = sum(watcher.tenant.id == tenant.id for watcher in self._watchers)
        if len(self._watchers) >= self._most or of_tenant >= max(1, self._most // 2):
            raise Problem(
                429,
                "Too many streams",
                "too many streams are open; ask for the state itself, or close one",
                kind="too-many-streams",
                headers={"Retry-After": "10"},
            )

    @asynccontextmanager
    async def watching(self, tenant: Tenant, key: RunKey, now: Found) -> AsyncIterator[Watcher]:
        """A watcher for as long as this lasts: its place is free again however the client leaves."""
        watcher = Watcher(tenant, key, now)
        self._watchers.add(watcher)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="run-feed")
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def _read(self) -> None:
        while self._watchers:
            await asyncio.sleep(self._poll)
            for tenant in {watcher.tenant.id: watcher.tenant for watcher in self._watchers}.values():
                mine = [watcher for watcher in self._watchers if watcher.tenant.id == tenant.id]
                try:
                    found = await to_thread.run_sync(self._ask, tenant, {watcher.key for watcher in mine})
                except (SyncError, psycopg.Error) as error:
                    log.warning("progress_not_read", error=type(error).__name__)
                    continue
                for watcher in mine:
                    if (now := found.get(watcher.key)) is not None and now != watcher.latest:
                        watcher.latest = now
                        watcher.changed.set()

    def _ask(self, tenant: Tenant, keys: set[RunKey]) -> dict[RunKey, Found]:
        requests = [key for key in keys if isinstance(key, UUID)]
        numbers = [key for key in keys if isinstance(key, int)]
        found: dict[RunKey, Found] = {}
        with self._platform.database.transaction(tenant.id, WEB) as conn:
            if requests:
                found |= {one.id: one for one in read_requests(conn, tenant.id, requests)}
            if numbers:
                found |= {one.id: one for one in read_runs(conn, tenant.id, numbers)}
        return found
