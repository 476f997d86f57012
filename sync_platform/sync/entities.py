"""What a use case has to know of an entity of any source: record type, field map, tables, documented values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_platform.db.target import Target
from sync_platform.sync.request import Entity
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.drift import DriftDetector
from sync_platform.transforms.loaded import Row


@dataclass(frozen=True)
class SourceEntity:
    """``lines`` is the table of the lines that arrive inside this entity's records, if any.

    ``about`` is what a batch remembers of a row beside the line that is copied.
    """

    source: str
    name: Entity
    target: Target
    decoder: RecordDecoder[Any]
    drift: DriftDetector
    values: Mapping[str, Mapping[str, frozenset[str]]]
    lines: Target | None = None
    about: Callable[[Row], Any] | None = None

    @property
    def ledger_entities(self) -> tuple[str, ...]:
        """Entities that one run of this one writes: a ledger row each."""
        return (self.name, self.lines.table) if self.lines else (self.name,)

    def known_values(self, table: str) -> Mapping[str, frozenset[str]]:
        """Documented values of the enumerated columns of a table."""
        return self.values[table]
