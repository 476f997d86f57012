"""Dagster over the platform of a test: an instance of its own, the stand-in, and three tenants in three zones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import dagster as dg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.defs.partitions import TENANTS
from sync_platform.sandbox.crm_project import build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.mx_merchant import build_merchant
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.defs.crm_world import CrmWorld
from sync_platform_tests.defs.mx_world import MxWorld
from sync_platform_tests.defs.purchase_world import purchases  # noqa: F401  fixture
from sync_platform_tests.defs.world import DagsterWorld
from sync_platform_tests.sync.conftest import (  # noqa: F401  fixtures
    DAYS,
    NOW,
    TODAY,
    Connect,
    MakePlatform,
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
from sync_platform_tests.sync.crm_packages.club import Club, club_spec, connect_crm
from sync_platform_tests.sync.mx_merchant.clinic import clinic_spec, connect_merchant, serve

ZONES = {"alder": "America/Los_Angeles", "birch": "Europe/Berlin", "cedar": "Australia/Sydney"}


@dataclass
class World(DagsterWorld):
    """Three tenants, their shops in one stand-in, and a Dagster instance that knows them."""

    sandbox: BlazeSandbox = field(kw_only=True)

    def run(
        self, first: str, last: str | None = None, *, job: str = "sync_blaze", tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run a job over the range from the first to the last key."""
        return self.run_range(job, first, last, tags)

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
    with BlazeSandbox(shops, clock=clock.epoch) as server:
        world = World(platform, instance, sandbox=server)
        for one in shops:
            tenant = make_tenant(one.name, zone=one.spec.zone)
            world.tenants[one.name] = connect(server, one, tenant)
        instance.add_dynamic_partitions(TENANTS, list(world.tenants))
        yield world


def keys(days: Sequence[str], tenants: Sequence[str]) -> list[str]:
    """All partition keys of days and tenants, in order."""
    return sorted(f"{day}|{tenant}" for day in days for tenant in tenants)


@pytest.fixture
def clinics(
    make_platform: MakePlatform,  # noqa: F811
    clock: TestClock,  # noqa: F811
    make_tenant: Callable[..., Tenant],
    instance: dg.DagsterInstance,
) -> Iterator[MxWorld]:
    """Two clinics in two zones, and between them in the order of keys a tenant without an account."""
    patient = make_platform(mx_merchant={"calls_per_second": 1000}, http={"tries": 1, "breaker_failures": 100})
    specs = [
        clinic_spec("fir", 1000000001, zone="America/New_York", seed=3, payments=40, invoices=20, digit_references=0.0),
        clinic_spec("yew", 1000000002, zone="Europe/Berlin", seed=4, payments=40, invoices=20, digit_references=0.0),
    ]
    merchants = {spec.name: build_merchant(spec, clock=clock.epoch) for spec in specs}
    with serve(list(merchants.values()), clock) as server:
        world = MxWorld(patient, instance, server=server)
        for name in ("fir", "ivy", "yew"):
            merchant = merchants.get(name)
            world.tenants[name] = make_tenant(name, zone=merchant.spec.zone if merchant else "UTC")
            if merchant:
                connect_merchant(patient, world.tenants[name], server, merchant)
        instance.add_dynamic_partitions(TENANTS, list(world.tenants))
        yield world


@pytest.fixture
def clubs(
    make_platform: MakePlatform,  # noqa: F811
    clock: TestClock,  # noqa: F811
    make_tenant: Callable[..., Tenant],
    instance: dg.DagsterInstance,
) -> Iterator[CrmWorld]:
    """Two clubs in two zones, and between them in the order of keys a tenant without an account."""
    limits = {"tries": 1, "breaker_failures": 100}
    patient = make_platform(crm={"calls_per_second": 1000, "batch_pause_seconds": 0}, http=limits)
    zones = {"lime": "Asia/Bangkok", "moss": "UTC", "teak": "America/New_York"}
    projects = [build_crm(club_spec(name, customers=12, seed=n)) for n, name in enumerate(("lime", "teak"), start=1)]
    with CrmSandbox(projects, clock=clock.epoch) as server:
        world = CrmWorld(patient, instance)
        for name, zone in zones.items():
            world.tenants[name] = make_tenant(name, zone=zone, country="TH")
        for project in projects:
            tenant = world.tenants[project.name]
            connect_crm(patient, tenant, server, project)
            world.clubs[project.name] = Club(patient, tenant, server, project)
        instance.add_dynamic_partitions(TENANTS, list(world.tenants))
        yield world
