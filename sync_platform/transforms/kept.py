"""Which fields of a record are never kept, wherever a record is stored as it came (SYS-13)."""

from typing import Any

NEVER_KEPT = frozenset(
    {
        "identifications",
        "recommendations",
        "contracts",
        "careGivers",
        "pin",
        "password",
        "barCode",
        "cardNumber",
        "cvv",
        "track1",
        "track2",
    }
)

MAX_DEPTH = 32
MAX_ITEMS = 2_000
MAX_TEXT = 4_000


def kept(value: Any, depth: int = 0) -> Any:
    """A copy of JSON values without the fields that are never kept, bounded in depth, length and text."""
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {
            str(name)[:200]: kept(item, depth + 1)
            for name, item in list(value.items())[:MAX_ITEMS]
            if name not in NEVER_KEPT
        }
    if isinstance(value, list):
        return [kept(item, depth + 1) for item in value[:MAX_ITEMS]]
    if isinstance(value, str):
        return value.replace("\x00", "")[:MAX_TEXT]
    return value
