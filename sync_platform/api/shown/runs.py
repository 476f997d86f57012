"""Runs and requests as the service shows them: how far, how it ended, in numbers and codes; nobody's data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from sync_platform.api.models import Answer
from sync_platform.db.run_request_row import ENDS, RequestState, RunRequest
from sync_platform.db.run_row import RunKind, RunRow, RunState
from sync_platform.sync.run_progress import Shown


class ProgressShown(Answer):
    """Steps that are done, of those that are planned. It never goes back, and 100 percent are reached at the end."""

    done: int
    planned: int | None = Field(description="null where the source does not say how much there is")
    percent: int | None = Field(ge=0, le=100)


class RecordsShown(Answer):
    """What became of the records that were fetched."""

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


class RunShown(Answer):
    """A run of the ledger: one entity of one source."""

    type: Literal["run"] = "run"
    id: int
    parent_id: int | None = Field(description="lines of receipts belong to the run of their receipts")
    source: str
    entity: str
    kind: RunKind
    state: RunState
    stage: str
    progress: ProgressShown
    records: RecordsShown
    api_calls: int
    bytes: int
    window_start: datetime | None
    window_end: datetime | None
    started_at: datetime
    finished_at: datetime | None
    actor: str
    request_id: UUID | None = Field(description="of the request that started it")
    error_code: str | None
    error_message: str | None
    numbers: dict[str, Any] = Field(description="what the run counted beside records, such as calls that were planned")


class RequestShown(Answer):
    """What was asked for: it waits, or a worker is at it, or it has ended."""

    type: Literal["request"] = "request"
    id: UUID
    kind: str
    state: RequestState
    stage: str
    progress: ProgressShown
    records: int = Field(description="read or written so far")
    cancel_asked: bool
    actor: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    runs: list[RunShown] = Field(description="of the ledger, that it has started so far")


class EventShown(Answer):
    """One event of a stream. The last one has a final state."""

    id: UUID | int
    state: str
    stage: str
    done: int
    planned: int | None
    percent: int | None
    records: int
    error_code: str | None
    error_message: str | None


def run_shown(run: RunRow) -> RunShown:
    """A ledger row."""
    return RunShown(
        id=run.id,
        parent_id=run.parent_id,
        source=run.source,
        entity=run.entity,
        kind=run.kind,
        state=run.state,
        stage=run.stage,
        progress=_progress_of(run),
        records=RecordsShown.model_validate(run.counters),
        api_calls=run.api_calls,
        bytes=run.bytes,
        window_start=run.window_start,
        window_end=run.window_end,
        started_at=run.started_at,
        finished_at=run.finished_at,
        actor=run.actor,
        request_id=run.request_id,
        error_code=run.error_class,
        error_message=run.error_message,
        numbers=numbers_of(run.report),
    )


def request_shown(request: RunRequest, runs: Sequence[RunRow]) -> RequestShown:
    """A request with its runs."""
    return RequestShown(
        id=request.id,
        kind=request.kind,
        state=request.state,
        stage=request.stage,
        progress=ProgressShown(done=request.done, planned=request.planned, percent=request.percent),
        records=request.records,
        cancel_asked=request.cancel_asked_at is not None,
        actor=request.actor,
        created_at=request.created_at,
        started_at=request.started_at,
        finished_at=request.finished_at,
        result=request.result,
        error_code=request.error_code,
        error_message=request.error_message,
        runs=[run_shown(run) for run in runs],
    )


def event_of(found: RunRequest | RunRow) -> EventShown:
    """A request or a run as an event."""
    if isinstance(found, RunRequest):
        progress = ProgressShown(done=found.done, planned=found.planned, percent=found.percent)
        records, code = found.records, found.error_code
    else:
        progress, records, code = _progress_of(found), found.fetched, found.error_class
    return EventShown(
        id=found.id,
        state=found.state,
        stage=found.stage,
        **progress.model_dump(),
        records=records,
        error_code=code,
        error_message=found.error_message,
    )


def numbers_of(report: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a report. Its texts and samples may hold personal data and stay where they are (SEC-40)."""
    kept: dict[str, Any] = {}
    for name, value in report.items():
        if isinstance(value, bool | int | float):
            kept[name] = value
        elif isinstance(value, dict) and (inner := numbers_of(value)):
            kept[name] = inner
    return kept


def _progress_of(run: RunRow) -> ProgressShown:
    """The ledger counts records; all of them are done in the final state only (API-04)."""
    if run.state in ("succeeded", "partial"):
        return ProgressShown(done=run.done, planned=run.done, percent=100)
    if run.planned is None or run.state in ENDS:
        return ProgressShown(done=run.done, planned=run.planned, percent=None)
    shown = Shown().forward(run.done, run.planned)
    return ProgressShown(done=shown.done, planned=shown.planned, percent=100 * shown.done // shown.planned)
