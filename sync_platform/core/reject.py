"""A record that cannot be loaded, with the reason and what is left to look at (SYS-08)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Reject:
    """``raw`` is the record as JSON values without the fields that are never kept, or None where it is not JSON.

    ``reason`` is a stable code such as ``missing_required``; ``detail`` says what to do and holds no personal data.
    ``raw_hash`` identifies the exact bytes that came.
    """

    source_id: str | None
    reason: str
    field_path: str
    detail: str
    raw: Any
    raw_hash: UUID

    @property
    def record_key(self) -> str:
        """What the quarantine knows the record by: its source id, or its content where there is no id."""
        return self.source_id if self.source_id else f"hash:{self.raw_hash.hex}"
