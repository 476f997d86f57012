"""A run's progress as server-sent events: what is new, a heart-beat, and the end (API-03, API-04)."""

import asyncio
from collections.abc import AsyncIterator, Callable

from anyio import to_thread
from sse_starlette import ServerSentEvent

from sync_platform.api.run_feed import Found, RunFeed, RunKey
from sync_platform.api.shown.runs import EventShown, event_of
from sync_platform.core.tenant import Tenant
from sync_platform.db.run_request_row import ENDS

CHECK = 1.0  # seconds until a revoked grant ends a stream (TEN-29)


def event_id(found: Found) -> str:
    """Says what a client has seen: the same id is the same event, also after a reconnection."""
    shown = event_of(found)
    return f"{shown.state}-{shown.done}-{shown.planned or 0}-{shown.records}-{shown.stage}"[:200].replace("\n", " ")


def has_ended(found: Found) -> bool:
    """Whether no further event will come."""
    return found.state in ENDS


async def progress_events(
    feed: RunFeed, tenant: Tenant, key: RunKey, now: Found, seen: str | None, allowed: Callable[[], bool]
) -> AsyncIterator[ServerSentEvent]:
    """Events until the final state. ``seen`` is the last event that the client has; ``allowed`` is asked once a second,
    and ends the stream when it says no."""
    async with feed.watching(tenant, key, now) as watcher:
        told: EventShown | None = None
        while True:
            watcher.changed.clear()
            found = watcher.latest
            if (this := event_id(found)) != seen:
                seen, told = this, _forward(event_of(found), told)
                name = "end" if has_ended(found) else "progress"
                yield ServerSentEvent(told.model_dump_json(), event=name, id=this)
            if has_ended(found):
                return
            while not await _changed(watcher.changed):
                if not await to_thread.run_sync(allowed):
                    return


async def _changed(event: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(event.wait(), CHECK)
    except TimeoutError:
        return False
    return True


def _forward(now: EventShown, before: EventShown | None) -> EventShown:
    """What a client of this stream may be told next: nothing goes back, even if another row's count does."""
    if before is None or before.percent is None or now.percent is None or now.percent >= before.percent:
        return now
    return now.model_copy(update={"done": max(now.done, before.done), "percent": before.percent})
