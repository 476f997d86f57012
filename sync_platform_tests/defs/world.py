"""A platform behind Dagster: its code location, an instance, its tenants, and runs of its jobs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.definitions import build_defs
from sync_platform.defs.partitions import RANGE_END, RANGE_START
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform


@dataclass
class DagsterWorld:
    """``tenants`` in the order of their partition keys."""

    platform: Platform
    instance: dg.DagsterInstance
    tenants: dict[str, Tenant] = field(default_factory=dict)

    @cached_property
    def defs(self) -> dg.Definitions:
        """The code location over this platform."""
        return build_defs(platform=self.source)

    @property
    def source(self) -> PlatformSource:
        """The resource."""

        @contextmanager
        def opened() -> Iterator[Platform]:
            yield self.platform

        return PlatformSource(opened)

    def execute(
        self, job: str, tags: Mapping[str, str] | None = None, run_config: Any = None
    ) -> dg.ExecuteInProcessResult:
        """A run of a job, as the daemon makes it of a request."""
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config=run_config, tags=dict(tags or {}), raise_on_error=False
        )

    def run_range(
        self, job: str, first: str, last: str | None = None, tags: Mapping[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """One over the partitions from the first to the last key, as a backfill is."""
        return self.execute(job, {RANGE_START: first, RANGE_END: last or first, **(tags or {})})


@dataclass
class SourceWorld(DagsterWorld):
    """Tenants of one source, whose assets are a group with a job for all of them."""

    group: ClassVar[str]

    def run(self, first: str, last: str | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        """The sync over the range from the first to the last key."""
        return self.run_range(f"sync_{self.group}", first, last, tags)

    def materialised(self, table: str) -> dict[str, dict[str, Any]]:
        """Metadata by partition, of the newest event."""
        records = self.instance.fetch_materializations(dg.AssetKey([self.group, table]), limit=1000).records
        found: dict[str, dict[str, Any]] = {}
        for record in reversed(records):
            event = record.asset_materialization
            assert event is not None
            found[str(event.partition)] = {name: value.value for name, value in event.metadata.items()}
        return found

    def status(self, table: str, wanted: Sequence[str]) -> dict[str, str]:
        """What the asset page shows of these partitions."""
        key = dg.AssetKey([self.group, table])
        partitions = self.defs.resolve_asset_graph().get(key).partitions_def
        found = self.instance.get_status_by_partition(key, list(wanted), partitions) or {}
        return {name: state.name if state else "MISSING" for name, state in found.items()}

    def checks(self, result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
        """``table.check`` -> evaluation."""
        return {f"{e.asset_key.path[-1]}.{e.check_name}": e for e in result.get_asset_check_evaluations()}

    def change(self, tenant: str, statement: str, *values: Any) -> None:
        """Does to a tenant's tables what no sync of ours would do."""
        with self.platform.database.transaction(self.tenants[tenant].id) as conn:
            conn.execute(statement, values or None)  # type: ignore[arg-type]
