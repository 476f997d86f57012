"""One batch of a purchase import as a value: what it is made of, what is known of it, how it ended (CSV-02)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sync_platform.db.purchases import ImportMode

BatchState = Literal["pending", "processing", "completed", "failed", "cancelled"]
BatchEnd = Literal["completed", "failed"]
Stage = Literal["received", "parsing", "grouping", "validating", "inserting", "finishing", "cleanup"]


@dataclass(frozen=True)
class NewBatch:
    """A file that was stored as ``stored_as``. ``file_name`` is what its sender calls it: shown, never a path.

    ``forced``: import it although the same file was imported. ``arrival_day`` is the tenant's.
    """

    file_name: str
    sha256: str
    bytes: int
    uploader: str
    arrival_day: date
    stored_as: str | None = None
    name: str = ""
    mode: ImportMode = "reject"
    allow_returns: bool = False
    tolerance: Decimal = Decimal("0.01")
    dry_run: bool = False
    forced: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchRow:
    """All columns of ``purchases.bulk_import_batches``."""

    tenant_id: UUID
    id: int
    name: str
    file_name: str
    sha256: str
    bytes: int
    stored_as: str | None
    mode: ImportMode
    allow_returns: bool
    tolerance: Decimal
    dry_run: bool
    forced: bool
    options: dict[str, Any]
    uploader: str
    arrival_day: date
    state: BatchState
    stage: Stage
    done: int
    rows: int
    purchases: int
    items: int
    updated: int
    unchanged: int
    skipped: int
    errors: int
    error_summary: dict[str, int]
    warnings: list[Any]
    problem: str | None
    report: dict[str, Any]
    attempts: int
    claim: UUID | None
    lease_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    purged_at: datetime | None


@dataclass(frozen=True)
class Claim:
    """The right to work on a batch, until its lease runs out or somebody cancels it."""

    tenant_id: UUID
    batch_id: int
    token: UUID
    lease_seconds: float


@dataclass(frozen=True)
class BatchOutcome:
    """What is written down at the end. ``problem`` says why, where no line is to blame."""

    rows: int = 0
    purchases: int = 0
    items: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    errors: int = 0
    error_summary: dict[str, int] = field(default_factory=dict)
    warnings: list[Any] = field(default_factory=list)
    problem: str | None = None
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchError:
    """One listed error; ``raw`` are the cells of its line as they came (CSV-12)."""

    line: int | None
    column: str | None
    code: str
    message: str
    raw: list[str] | None = None
