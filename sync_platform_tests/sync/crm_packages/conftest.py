"""Clubs whose CRM is served by the stand-in, and tenants whose keys open it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.crm_project import build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.crm_packages.club import Club, club_spec, connect_crm

OpenClub = Callable[..., Club]


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """Calls are counted, but never waited for."""
    return make_platform(crm={"calls_per_second": 1000})


@pytest.fixture
def open_club(platform: Platform, make_tenant: Callable[..., Tenant], clock: TestClock) -> Iterator[OpenClub]:
    """``open_club(customers=10)``: a served project of that shape, and a tenant with its key."""
    with ExitStack() as stack:

        def make(tenant: Tenant | None = None, *, on: Platform | None = None, rules: Any = None, **shape: Any) -> Club:
            project = build_crm(club_spec(**shape))
            server = stack.enter_context(CrmSandbox([project], rules=rules, clock=clock.epoch))
            used = on or platform
            owner = tenant or make_tenant(project.name, zone="Asia/Bangkok", country="TH")
            connect_crm(used, owner, server, project)
            return Club(used, owner, server, project)

        yield make


@pytest.fixture
def club(open_club: OpenClub) -> Club:
    """A small club."""
    return open_club()
