"""Foreign text and JSON made fit for PostgreSQL: it can hold neither NUL nor half a surrogate pair."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def storable(text: str) -> str:
    """The text with a replacement character for what cannot be stored."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any, max_bytes: int) -> str | None:
    """JSON text for a ``jsonb`` column with exact decimals, or None if it is longer than ``max_bytes``."""
    encoded = _ENCODER.encode(_cleaned(value))
    return encoded.decode() if len(encoded) <= max_bytes else None


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
