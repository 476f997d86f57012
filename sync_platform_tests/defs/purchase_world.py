"""Dagster over tenants who drop purchase files: a drop folder on disk, an instance, ticks and runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.defs.assets.purchases import GROUP
from sync_platform.defs.partitions import TENANTS
from sync_platform.defs.sensors.purchase_files import purchase_files
from sync_platform.sync.platform import Platform
from sync_platform_tests.defs.world import DagsterWorld
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.importing import in_ledger, load_references

ZONES = {"alder": "America/Los_Angeles", "birch": "Europe/Berlin", "cedar": "Australia/Sydney"}


@dataclass
class PurchaseWorld(DagsterWorld):
    """The sensor's cursor is kept from tick to tick."""

    clock: TestClock = field(kw_only=True)
    cursor: str | None = None

    @property
    def folder(self) -> Path:
        return Path(self.platform.settings.data_dir) / "drop"

    def drop(self, slug: str, name: str, content: bytes, *, done: bool = True) -> None:
        folder = self.folder / slug
        folder.mkdir(parents=True, exist_ok=True)
        if done:
            (folder / f"{name}.done").touch()
        (folder / name).write_bytes(content)

    def tick(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.instance, resources={"platform": self.source}, cursor=self.cursor
        )
        result: Any = purchase_files(context)
        self.cursor = result.cursor
        return list(result.run_requests or ())

    def launch(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """What the daemon does with a request."""
        return self.run(str(request.partition_key), request.tags)

    def run(self, key: str, tags: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def("import_purchases").execute_in_process(
            instance=self.instance, partition_key=key, tags=dict(tags or {}), raise_on_error=False
        )

    def events(self, table: str = "purchase_ledger") -> list[tuple[str, dict[str, Any]]]:
        """Partition and metadata of each materialisation, oldest first."""
        records = self.instance.fetch_materializations(dg.AssetKey([GROUP, table]), limit=1000).records
        found = [record.asset_materialization for record in reversed(records)]
        return [
            (str(one.partition), {name: value.value for name, value in one.metadata.items()}) for one in found if one
        ]

    def lines(self, slug: str) -> int:
        """In the ledger."""
        return in_ledger(self.platform.database, self.tenants[slug])[1]


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """``table.check`` -> passed."""
    return {f"{e.asset_key.path[-1]}.{e.check_name}": e.passed for e in result.get_asset_check_evaluations()}


def make_world(
    platform: Platform, clock: TestClock, instance: dg.DagsterInstance, make_tenant: Callable[..., Tenant]
) -> PurchaseWorld:
    world = PurchaseWorld(platform, instance, clock=clock)
    for slug, zone in ZONES.items():
        world.tenants[slug] = make_tenant(slug, zone=zone)
        load_references(platform.database, world.tenants[slug])
    instance.add_dynamic_partitions(TENANTS, list(world.tenants))
    return world


@pytest.fixture
def purchases(
    platform: Platform, clock: TestClock, instance: dg.DagsterInstance, make_tenant: Callable[..., Tenant]
) -> PurchaseWorld:
    return make_world(platform, clock, instance, make_tenant)
