"""Dagster over the platform of a test: an instance of its own, the stand-in, and three tenants in three zones."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.definitions import build_defs
from sync_platform.defs.partitions import TENANTS
from sync_platform.defs.resources import PlatformSource
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import (  # noqa: F401  fixtures
    DAYS,
    NOW,
    TODAY,
    Connect,
    TestClock,
    clock,
    connect,
    make_platform,
    owner,
    platform,
    sandbox,
    settings,
    shop,
    small_shop,
)

ZONES = {"alder": "America/Los_Angeles", "birch": "Europe/Berlin", "cedar": "Australia/Sydney"}


@dataclass
class World:
    """Three tenants, their shops in one stand-in, and a Dagster instance that knows them."""

    platform: Platform
    sandbox: BlazeSandbox
    instance: dg.DagsterInstance
    defs: dg.Definitions
    tenants: dict[str, Tenant] = field(default_factory=dict)

    def run(
        self, first: str, last: str | None = None, *, job: str = "sync_blaze", tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run a job over the range from the first to the last key."""
        range_tags = {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last or first,
        }
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags={**range_tags, **(tags or {})}, raise_on_error=False
        )

    def materialised(self, table: str, run_id: str | None = None) -> list[str]:
        """Partitions by their events, one entry per event, in order."""
        found = []
        for record in self.instance.fetch_materializations(dg.AssetKey(["blaze", table]), limit=1000).records:
            event = record.asset_materialization
            if event is not None and event.partition and (run_id is None or record.run_id == run_id):
                found.append(event.partition)
        return sorted(found)

    def checks(self, result: dg.ExecuteInProcessResult) -> dict[str, bool]:
        """``table.check`` -> passed."""
        return {f"{e.asset_key.path[-1]}.{e.check_name}": e.passed for e in result.get_asset_check_evaluations()}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def world(
    platform: Platform,  # noqa: F811
    clock: TestClock,  # noqa: F811
    connect: Connect,  # noqa: F811
    make_tenant: Callable[..., Tenant],
    instance: dg.DagsterInstance,
) -> Iterator[World]:
    shops = [
        build_shop(small_shop(name, zone, seed=n), clock=clock.epoch) for n, (name, zone) in enumerate(ZONES.items())
    ]

    @contextmanager
    def opened() -> Iterator[Platform]:
        yield platform

    with BlazeSandbox(shops, clock=clock.epoch) as server:
        world = World(platform, server, instance, build_defs(platform=PlatformSource(opened)))
        for one in shops:
            tenant = make_tenant(one.name, zone=one.spec.zone)
            world.tenants[one.name] = connect(server, one, tenant)
        instance.add_dynamic_partitions(TENANTS, list(world.tenants))
        yield world


def keys(days: Sequence[str], tenants: Sequence[str]) -> list[str]:
    """All partition keys of days and tenants, in order."""
    return sorted(f"{day}|{tenant}" for day in days for tenant in tenants)
