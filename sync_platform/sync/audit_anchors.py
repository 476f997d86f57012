"""The file that holds the end of each audit chain, day by day: outside the database, whose owner could rewrite both."""

import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

FOLDER, NAME = "audit", "anchors.jsonl"


class Anchor(msgspec.Struct, frozen=True):
    """The end of a chain on a day (UTC). ``hash`` is that of entry ``last_id``, hexadecimal."""

    tenant_id: UUID
    day: date
    last_id: int
    hash: str

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"day": self.day.isoformat(), "last_id": self.last_id, "hash": self.hash}


@dataclass
class AnchorLines:
    """What the file holds. ``unreadable`` are the numbers of lines that are no anchors."""

    anchors: list[Anchor] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)

    def of(self, tenant_id: UUID) -> list[Anchor]:
        """The anchors of one chain."""
        return [anchor for anchor in self.anchors if anchor.tenant_id == tenant_id]


class AnchorFile:
    """One line of JSON per anchor, only ever appended to. Below the data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FOLDER / NAME

    def read(self) -> AnchorLines:
        """A file that is not there holds nothing."""
        found = AnchorLines()
        if not self.path.exists():
            return found
        for number, line in enumerate(self.path.read_bytes().splitlines(), start=1):
            try:
                anchor = msgspec.json.decode(line, type=Anchor)
                bytes.fromhex(anchor.hash)
                found.anchors.append(anchor)
            except ValueError:  # msgspec's errors are ones as well
                found.unreadable.append(number)
        return found

    def add(self, anchor: Anchor) -> None:
        """Append an anchor and wait for the disk, unless its chain has one of that day."""
        if any((known.tenant_id, known.day) == (anchor.tenant_id, anchor.day) for known in self.read().anchors):
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # a line that was cut by a crash stays a line of its own
            torn = self.path.stat().st_size > 0 and not self.path.read_bytes().endswith(b"\n")
            os.write(descriptor, (b"\n" if torn else b"") + msgspec.json.encode(anchor) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
