"""Entries of the audit log, as they are answered (SEC-30)."""

import json
from datetime import datetime

from pydantic import Field, JsonValue

from sync_platform.api.models import Answer
from sync_platform.db.audit import AuditEntry


class EntryShown(Answer):
    """Who did what to what, when and from where. Of the states before and after there are hashes only."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, JsonValue]
    request_id: str | None
    address: str | None
    before_hash: str | None
    after_hash: str | None
    hash: str = Field(description="of this entry and the one before it")


def csv_row(entry: AuditEntry) -> list[str]:
    """The cells of one entry, in the order of the fields."""
    values = [getattr(entry, name) for name in EntryShown.model_fields]
    return [_cell(value) for value in values]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
