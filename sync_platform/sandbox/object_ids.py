"""Identifiers as the vendor makes them: 24 hexadecimal characters, told apart by shop and kind."""

import hashlib
from itertools import count
from uuid import NAMESPACE_URL, uuid5


class ObjectIds:
    """Numbers records in the order in which they are asked for, so that a seed always gives the same ones."""

    def __init__(self, owner: str) -> None:
        self._tag = hashlib.sha256(owner.encode()).hexdigest()[:8]
        self._number = count(1)

    def next(self, created_ms: int) -> str:
        """The next identifier; starts with the second of creation, as the vendor's do."""
        return f"{created_ms // 1000 & 0xFFFFFFFF:08x}{self._tag}{next(self._number):08x}"


def fixed_id(*parts: str) -> str:
    """The identifier of something that is known by its name, such as a company."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]


def fixed_uuid(*parts: str) -> str:
    """The same for the few embedded identifiers that are UUIDs."""
    return str(uuid5(NAMESPACE_URL, "/".join(parts)))
