"""Every source under test, each test with a tenant and a stand-in of its own on one database."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform_tests.conformance.blaze import Blaze
from sync_platform_tests.conformance.crm import Crm
from sync_platform_tests.conformance.mx_merchant import MxMerchant
from sync_platform_tests.conformance.source import SourceUnderTest, StandIn
from sync_platform_tests.conformance.subject import Subject
from sync_platform_tests.sync.conftest import MakePlatform, TestClock, clock, make_platform, settings  # noqa: F401

SOURCES: tuple[SourceUnderTest, ...] = (Blaze(), MxMerchant(), Crm())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs for every entity of every source, or for every source, by what it takes."""
    if "other_settings" in metafunc.fixturenames:
        triples = [(s, e, o) for s in SOURCES for e in s.entities for o in s.other_settings]
        names = [f"{s.name}-{e.name}-{n % len(s.other_settings)}" for n, (s, e, _) in enumerate(triples)]
        metafunc.parametrize(("source", "entity", "other_settings"), triples, ids=names)
    elif "entity" in metafunc.fixturenames:
        pairs = [(source, entity) for source in SOURCES for entity in source.entities]
        metafunc.parametrize(("source", "entity"), pairs, ids=[f"{s.name}-{e.name}" for s, e in pairs])
    elif "source" in metafunc.fixturenames:
        metafunc.parametrize("source", SOURCES, ids=[source.name for source in SOURCES])


@pytest.fixture(scope="package")
def database_url(
    template: str, new_database: Callable[..., str], drop_database: Callable[[str], None]
) -> Iterator[str]:
    """One database for all tests: each has a tenant of its own, and no tenant sees another's rows."""
    name = f"sp_conformance_{uuid.uuid4().hex[:12]}"
    yield new_database(name, template)
    drop_database(name)


@pytest.fixture
def stand_in(source: SourceUnderTest, clock: TestClock) -> Iterator[StandIn]:  # noqa: F811
    with source.stand_in(clock.epoch) as server:
        yield server


@pytest.fixture
def subject(
    source: SourceUnderTest,
    stand_in: StandIn,
    make_platform: MakePlatform,  # noqa: F811
    make_tenant: Callable[..., Tenant],
    clock: TestClock,  # noqa: F811
) -> Subject:
    """Small pages, a batch per page, and no limit to rejects: the suite counts them itself."""
    overrides = {"sync": {"batch_records": 1, "max_reject_share": 1.0, "max_delete_share": 1.0}}
    platform = make_platform(**overrides, **source.small_pages)
    tenant = make_tenant(zone=stand_in.zone)
    source.connect(platform, tenant, stand_in)
    return Subject(source, stand_in, platform, tenant, clock)
