"""One row of the run ledger as a value: what a run is started with and what is known of it (SYS-10)."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sync_platform.core.counters import Counters
from sync_platform.core.window import Window

RunKind = Literal["scheduled", "manual", "event", "backfill", "replay", "dry_run"]
RunState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
FinalState = Literal["succeeded", "partial", "failed", "cancelled"]


@dataclass(frozen=True)
class RunStart:
    """``actor`` is who asked, such as a schedule's name; ``planned`` counts what ``done`` counts.

    ``request_id`` is the one of ``platform.run_requests`` that started it.
    """

    tenant_id: UUID
    source: str
    entity: str
    kind: RunKind
    window: Window | None
    actor: str
    dagster_run_id: str | None = None
    parent_id: int | None = None
    planned: int | None = None
    request_id: UUID | None = None

    @property
    def label(self) -> str:
        """For messages: ``blaze/transactions``."""
        return f"{self.source}/{self.entity}"


@dataclass(frozen=True)
class RunRow:
    """All columns of ``platform.sync_runs``."""

    tenant_id: UUID
    id: int
    parent_id: int | None
    source: str
    entity: str
    kind: RunKind
    window_start: datetime | None
    window_end: datetime | None
    state: RunState
    stage: str
    done: int
    planned: int | None
    fetched: int
    inserted: int
    updated: int
    unchanged: int
    stale: int
    duplicate_in_batch: int
    quarantined: int
    deleted: int
    revived: int
    suppressed: int
    api_calls: int
    bytes: int
    calls: dict[str, dict[str, int]]
    batches: int
    started_at: datetime
    finished_at: datetime | None
    lease_until: datetime | None
    actor: str
    dagster_run_id: str | None
    request_id: UUID | None
    error_class: str | None
    error_message: str | None
    report: dict[str, Any]

    @property
    def counters(self) -> Counters:
        """The fates of the run's records (SYS-11)."""
        return Counters(**{f.name: getattr(self, f.name) for f in fields(Counters)})

    @property
    def window(self) -> Window | None:
        """What was asked for; None for runs without a window, such as a full product catalogue."""
        if self.window_start is None or self.window_end is None:
            return None
        return Window(self.window_start, self.window_end)
