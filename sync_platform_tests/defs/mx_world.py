"""Clinics of MX Merchant behind Dagster: their stand-in, their tenants, an instance, and who has no account there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.definitions import build_defs
from sync_platform.defs.resources import PlatformSource
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sync.platform import Platform

TABLES = ("payments", "invoices", "invoice_items")
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass
class MxWorld:
    """``tenants`` in the order of their partition keys."""

    platform: Platform
    server: MxSandbox
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

    def run(self, first: str, last: str | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        """The sync over the range from the first to the last key."""
        job = self.defs.resolve_job_def("sync_mx_merchant")
        ends = {RANGE_START: first, RANGE_END: last or first}
        return job.execute_in_process(instance=self.instance, tags=ends | tags, raise_on_error=False)

    def launch(self, job: str, op: str, tags: dict[str, str] | None = None, **config: Any) -> dg.ExecuteInProcessResult:
        """A job with one op."""
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config={"ops": {op: {"config": config}}}, tags=tags, raise_on_error=False
        )

    def materialised(self, table: str) -> dict[str, dict[str, Any]]:
        """Metadata by partition, of the newest event."""
        records = self.instance.fetch_materializations(dg.AssetKey(["mx_merchant", table]), limit=1000).records
        found: dict[str, dict[str, Any]] = {}
        for record in reversed(records):
            event = record.asset_materialization
            assert event is not None
            found[str(event.partition)] = {name: value.value for name, value in event.metadata.items()}
        return found

    def status(self, table: str, wanted: Sequence[str]) -> dict[str, str]:
        """What the asset page shows of these partitions."""
        key = dg.AssetKey(["mx_merchant", table])
        partitions = self.defs.resolve_asset_graph().get(key).partitions_def
        found = self.instance.get_status_by_partition(key, list(wanted), partitions) or {}
        return {name: state.name if state else "MISSING" for name, state in found.items()}

    def checks(self, result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
        """``table.check`` -> evaluation."""
        return {f"{e.asset_key.path[-1]}.{e.check_name}": e for e in result.get_asset_check_evaluations()}

    def calls(self) -> dict[str, int]:
        """Requests since the last time this was asked, by endpoint, as the stand-in counts them."""
        counted = {endpoint: sum(by.values()) for endpoint, by in self.server.journal.counts().items()}
        self.server.journal.clear()
        return counted

    def rows(self, tenant: str, statement: str, *values: Any) -> list[Any]:
        """Rows of a query under a tenant."""
        with self.platform.database.transaction(self.tenants[tenant].id) as conn:
            return conn.execute(statement, values or None).fetchall()  # type: ignore[arg-type]

    def change(self, tenant: str, statement: str, *values: Any) -> None:
        """Does to a tenant's tables what no sync of ours would do."""
        with self.platform.database.transaction(self.tenants[tenant].id) as conn:
            conn.execute(statement, values or None)  # type: ignore[arg-type]
