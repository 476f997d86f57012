"""One request as a value: what was asked for, how far it is, how it ended (API-03, API-04)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

RequestState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
RequestEnd = Literal["succeeded", "partial", "failed", "cancelled"]
ENDS: tuple[RequestState, ...] = ("succeeded", "partial", "failed", "cancelled")


@dataclass(frozen=True)
class RunRequest:
    """What can be seen of a row of ``platform.run_requests``.

    ``done`` of ``planned`` steps; both are equal in the final state only. ``records`` were read or written so far.
    ``parts`` are what is done of it, by name. ``origin`` is the id of the HTTP request that asked.
    """

    tenant_id: UUID
    id: UUID
    kind: str
    arguments: dict[str, Any]
    actor: str
    origin: str | None
    state: RequestState
    stage: str
    done: int
    planned: int
    records: int
    parts: dict[str, Any]
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    attempts: int
    claim: UUID | None
    due_at: datetime
    cancel_asked_at: datetime | None
    cancel_reason: str | None
    revision: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing about it changes any more."""
        return self.state in ENDS

    @property
    def percent(self) -> int:
        """0 to 100; 100 in the final state only (API-04)."""
        return 100 * self.done // self.planned


@dataclass(frozen=True)
class NewRequest:
    """What is stored when somebody asks."""

    id: UUID
    kind: str
    arguments: dict[str, Any]
    actor: str
    origin: str | None = None


@dataclass(frozen=True)
class Claim:
    """The right to work on a request, until its lease runs out."""

    tenant_id: UUID
    request_id: UUID
    token: UUID
    lease_seconds: float


@dataclass(frozen=True)
class RequestOutcome:
    """What is written down at the end."""

    state: RequestEnd
    result: dict[str, Any] = field(default_factory=dict)
    error_code: str | None = None
    error_message: str | None = None
