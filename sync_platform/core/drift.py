"""How a source's records differ from what its documentation says (SYS-17)."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

DriftKind = Literal["unknown_field", "new_value", "missing_field", "changed_type"]


@dataclass(frozen=True)
class Drift:
    """One observation; ``detail`` names a new value or a type, never a personal value."""

    path: str
    kind: DriftKind
    detail: str = ""
    count: int = 1
    sample_hash: UUID | None = None
