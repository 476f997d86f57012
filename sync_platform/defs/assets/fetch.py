"""A fetch as data: what is read together, which tables it fills, and what these are called as assets."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from sync_platform.db.target import Target
from sync_platform.sync.request import Entity, Source


@dataclass(frozen=True)
class Fetch:
    """The entity that is read from a source, and the tables it fills, with what each of them is.

    The source's name is that of its schema and of the group of its assets. ``priority`` orders the steps of a run. A
    ``snapshot`` is read as it is now: of its days only the tenant's today can be filled.
    """

    source: Source
    entity: Entity
    tables: Mapping[str, str]
    targets: Mapping[str, Target]
    priority: int = 0
    snapshot: bool = False

    @property
    def name(self) -> str:
        """The step's name: ``blaze_customers``."""
        return f"{self.source}_{self.entity}"

    @property
    def pool(self) -> str:
        """Runs that hold a place in it may ask this source."""
        return f"{self.source}_api"

    @property
    def assets(self) -> dict[str, dg.AssetKey]:
        """Key by table."""
        return {table: self.key(table) for table in self.tables}

    def key(self, table: str) -> dg.AssetKey:
        """``blaze/customers``: the key is the table."""
        return dg.AssetKey([self.source, table])
