"""Dagster over tenants whose tables a test fills on both sides, without a vendor."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.definitions import build_defs
from sync_platform.defs.partitions import RANGE_END, RANGE_START, TENANTS
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.cut_over.sides import Sides

SCHEDULED = {"dagster/schedule_name": "blaze_compare_hourly"}


def key(text: str) -> dg.AssetKey:
    """``public/customers``."""
    return dg.AssetKey(text.split("/"))


@dataclass
class Stage:
    """Tenants by slug, and a Dagster instance that knows them as partitions."""

    platform: Platform
    instance: dg.DagsterInstance
    defs: dg.Definitions
    url: str
    sides: dict[str, Sides] = field(default_factory=dict)

    def run(
        self, *assets: str, tags: dict[str, str] | None = None, tenants: Sequence[str] = ()
    ) -> dg.ExecuteInProcessResult:
        """Run the comparing job, or some of its assets, over the range of ``tenants`` (default: all)."""
        slugs = tenants or list(self.sides)
        return self.defs.resolve_job_def("compare_blaze").execute_in_process(
            instance=self.instance,
            asset_selection=[key(asset) for asset in assets] or None,
            tags={RANGE_START: slugs[0], RANGE_END: slugs[-1], **(tags or {})},
            raise_on_error=False,
        )

    def launch(self, job: str, **config: Any) -> dg.ExecuteInProcessResult:
        """Run one of the jobs of the launchpad."""
        op = {"promote_field": "promote", "roll_back_field": "roll_back"}[job]
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config={"ops": {op: {"config": config}}}, raise_on_error=False
        )

    def materialised(self, asset: str) -> dict[str, dict[str, Any]]:
        """Metadata of the newest materialisation by partition."""
        found: dict[str, dict[str, Any]] = {}
        for record in self.instance.fetch_materializations(key(asset), limit=1000).records:
            event = record.asset_materialization
            assert event is not None
            assert event.partition is not None
            found.setdefault(event.partition, {name: value.value for name, value in event.metadata.items()})
        return found

    def status(self, asset: str) -> dict[str, str]:
        """What the page shows of each partition."""
        partitions = self.defs.resolve_asset_graph().get(key(asset)).partitions_def
        found = self.instance.get_status_by_partition(key(asset), list(self.sides), partitions)
        return {name: state.name for name, state in (found or {}).items() if state}


def shown(evaluation: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """Metadata of a check."""
    return {name: value.value for name, value in evaluation.metadata.items()}


def failure_of(result: dg.ExecuteInProcessResult) -> Any:
    """What the only step that failed says."""
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data
    return data.user_failure_data or data.error


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """By name of the check."""
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage(
    platform: Platform,
    instance: dg.DagsterInstance,
    database: Database,
    database_url: str,
    make_tenant: Callable[..., Tenant],
) -> MakeStage:
    """``make_stage("alder", "birch")``."""

    @contextmanager
    def opened() -> Iterator[Platform]:
        yield platform

    def make(*slugs: str) -> Stage:
        stage = Stage(platform, instance, build_defs(platform=PlatformSource(opened)), database_url)
        for slug in slugs:
            stage.sides[slug] = Sides(database, make_tenant(slug), database_url)
        instance.add_dynamic_partitions(TENANTS, list(slugs))
        return stage

    return make
