"""Which fields of a record are never kept, wherever a record is stored as it came (SYS-13)."""

from dataclasses import dataclass
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
        # what stands for a card, or tells more of one than its last four digits
        "paymentToken",
        "token",
        "cardId",
        "expiryMonth",
        "expiryYear",
        "accountNumber",
        "routingNumber",
        # opens an invoice to whoever has it
        "accessCode",
    }
)


@dataclass(frozen=True)
class Bounds:
    """How much of a value is kept: levels, members of an object or list, characters of a text."""

    depth: int = 32
    items: int = 2_000
    text: int = 4_000


# of a rejected record, a look at it is enough; what rows keep is cut nowhere, and an answer is bounded already
GLANCE = Bounds()
WHOLE = Bounds(items=1_000_000, text=1_000_000)


def kept(value: Any, never: frozenset[str] = NEVER_KEPT, bounds: Bounds = GLANCE, depth: int = 0) -> Any:
    """A copy of JSON values without the fields that are ``never`` kept, at any depth, within bounds."""
    if depth >= bounds.depth:
        return None
    if isinstance(value, dict):
        return {
            str(name)[:200]: kept(item, never, bounds, depth + 1)
            for name, item in list(value.items())[: bounds.items]
            if name not in never
        }
    if isinstance(value, list):
        return [kept(item, never, bounds, depth + 1) for item in value[: bounds.items]]
    if isinstance(value, str):
        return value.replace("\x00", "")[: bounds.text]
    return value
