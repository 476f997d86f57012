"""Promotions and rollbacks: what is asked for, and how they are answered (CMP-10 to CMP-16)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sync_platform.api.models import Answer, Body
from sync_platform.api.shown.compare import Table

Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class PromotionAsked(Body):
    """``field`` is a field of the table, or ``rows`` for rows that production lacks."""

    entity: Table
    field: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    dry_run: bool = False
    include_edited: Annotated[bool, Field(description="also rows that somebody changed since the comparison")] = False
    override_reason: Annotated[
        Reason | None, Field(description="go through a closed gate, for this reason; needs promote.override")
    ] = None


class RollbackAsked(Body):
    """What changed since the promotion is restored, as if there had been none, or kept."""

    changed_since: Literal["restore", "keep"] = "restore"
    dry_run: bool = False


class PromotionShown(Answer):
    """One promotion or rollback."""

    id: int
    kind: Literal["promotion", "rollback"]
    entity: str
    field: str
    state: str
    promotion_id: int | None = Field(description="of a rollback: the promotion that it takes back")
    comparison_id: int | None
    changed_since: str | None
    include_edited: bool
    override_reason: str | None
    gate: list[str] = Field(description="what was against it when it began")
    written: int
    left_alone: int
    actor: str
    started_at: datetime
    finished_at: datetime | None
    followed_at: datetime | None
    message: str | None
