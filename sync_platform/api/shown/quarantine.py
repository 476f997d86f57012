"""Records that could not be loaded, as they are answered (SYS-08)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from sync_platform.api.models import Answer, Body, Note

State = Literal["open", "replayed", "dismissed"]


class ItemLine(Answer):
    """An item without its record."""

    id: int
    source: str
    entity: str
    record_key: str
    source_id: str | None
    reason: str
    field_path: str
    run_id: int | None
    first_seen: datetime
    last_seen: datetime
    tries: int
    state: State
    closed_at: datetime | None


class ItemShown(ItemLine):
    """An item with its record; personal values are masked unless they were asked for by who may see them."""

    detail: str
    record: JsonValue


class Dismissal(Body):
    """Why nobody will replay it; kept in the audit."""

    reason: Annotated[Note, Field(max_length=500)] | None = None
