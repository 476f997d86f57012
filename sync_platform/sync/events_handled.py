"""The run that handles events that waited, and what became of them."""

from collections.abc import Callable
from dataclasses import dataclass

from sync_platform.core.errors import SyncError
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import EntityReport, OnProgress, SyncRequest, SyncResult
from sync_platform.sync.running import Run, ledger_run


@dataclass(frozen=True)
class EventsHandled:
    """``result`` is None where nothing waited, and then no run was started. Numbers are events, not what they name."""

    result: SyncResult | None = None
    handled: int = 0
    failed: int = 0


def run_of_events(
    platform: Platform,
    request: SyncRequest,
    entities: tuple[str, ...],
    handle: Callable[[Run], None],
    on_progress: OnProgress,
) -> SyncResult:
    """``handle`` in a run of its own in the ledger. Never raises for a source: the result and the ledger tell."""
    reports: list[EntityReport] = []
    errors: list[SyncError] = []
    try:
        with ledger_run(platform, request, request.source, entities, None, on_progress) as (run, done, failed):
            reports, errors = done, failed
            handle(run)
    except SyncError as error:  # refused before a run was started, such as by a sync that is under way
        errors = [error]
    return SyncResult(request, tuple(reports), (), errors[0] if errors else None)
