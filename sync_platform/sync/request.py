"""What may be asked of a sync, and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sync_platform.core.counters import Counters
from sync_platform.core.errors import DatabaseUnavailable, SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.run_row import RunKind

Source = Literal["blaze", "mx_merchant", "crm"]
Entity = Literal["customers", "transactions", "products", "payments", "packages"]
Mode = Literal["normal", "emergency"]

# of Blaze; products first: lines take flower type and strain from them (BLZ-22)
ENTITIES: tuple[Entity, ...] = ("products", "customers", "transactions")
LINES = "transaction_items"


@dataclass(frozen=True)
class SyncRequest:
    """Days of one entity of one tenant. ``days`` are inclusive ranges of the tenant's calendar.

    Days that are over are read whole. The open day is read from the stored cursor on. ``full`` reads the whole
    collection where the source has one (products), and then absence counts as deletion (SYS-15). ``verify`` compares
    every record with the tables, also those whose content hash says that nothing changed. ``newest`` reads only so many
    of the newest records, of any day where no days are given, and moves no cursor (MX Merchant's payments only).
    Packages of the CRM are read as they are now, so their day is today: of the profiles that are named, of
    ``max_profiles`` at most, or of those that never were synced (``only_new``, CRM-14).
    ``request_id`` is of what was asked for over HTTP, where this was.
    """

    tenant: Tenant
    entity: Entity
    days: tuple[tuple[date, date], ...]
    kind: RunKind
    actor: str
    dagster_run_id: str | None = None
    verify: bool = False
    full: bool = False
    source: Source = "blaze"
    newest: int | None = None
    mode: Mode = "normal"
    reason: str | None = None
    profiles: tuple[str, ...] = ()
    max_profiles: int | None = None
    only_new: bool = False
    request_id: UUID | None = None

    @property
    def dry_run(self) -> bool:
        """Same report, no write besides the report (SYS-20)."""
        return self.kind == "dry_run"

    def bounds(self, now: datetime) -> Window | None:
        """What the ledger shows as the run's window: the days asked for, in the tenant's zone."""
        if not self.days:
            return None
        wanted = Window.of_days(self.days[0][0], self.days[-1][1], self.tenant.zone)
        return replace(wanted, end=max(wanted.start, min(wanted.end, now)))


@dataclass(frozen=True)
class EntityReport:
    """One ledger row, finished."""

    run_id: int
    entity: str
    state: str
    counters: Counters
    api_calls: int
    seconds: float
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SyncResult:
    """How one request ended. ``reports`` has a second row for the lines of transactions.

    ``warnings`` are what failed beside it and did not fail it, such as carrying promoted fields into production.
    """

    request: SyncRequest
    reports: tuple[EntityReport, ...] = ()
    windows: tuple[Window, ...] = ()
    error: SyncError | None = None
    warnings: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """State of the run; ``refused`` where none was started, ``failed`` where nobody could write down its end."""
        if self.reports:
            return self.reports[0].state
        return "failed" if isinstance(self.error, DatabaseUnavailable) else "refused"

    @property
    def finished(self) -> bool:
        """Whether everything asked for is in the tables."""
        return self.state == "succeeded"


@dataclass(frozen=True)
class Progress:
    """Records done so far; ``planned`` where the source told how many there are."""

    tenant: str
    entity: str
    stage: str
    done: int
    planned: int | None = None


OnProgress = Callable[[Progress], None]


def no_progress(_: Progress) -> None:
    """For callers that do not watch."""
