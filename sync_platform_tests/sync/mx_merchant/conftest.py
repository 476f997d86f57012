"""Clinics in a stand-in server of MX Merchant, and tenants whose keys open them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.mx_merchant import build_merchant
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.mx_merchant.clinic import Clinic, clinic_spec, connect_merchant, serve


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """Calls are counted, but never waited for."""
    return make_platform(mx_merchant={"calls_per_second": 1000})


OpenClinic = Callable[..., Clinic]


@pytest.fixture
def open_clinic(platform: Platform, make_tenant: Callable[..., Tenant], clock: TestClock) -> Iterator[OpenClinic]:
    """``open_clinic(payments=10, invoices=5)``: a served merchant of that shape, and a tenant with its keys."""
    with ExitStack() as stack:

        def make(
            tenant: Tenant | None = None, *, on: Platform | None = None, rules: Any = None, **shape: Any
        ) -> Clinic:
            merchant = build_merchant(clinic_spec(**shape), clock=clock.epoch)
            server = stack.enter_context(serve([merchant], clock, rules))
            used = on or platform
            owner = tenant or make_tenant(merchant.name, zone=merchant.spec.zone)
            connect_merchant(used, owner, server, merchant)
            return Clinic(used, owner, server, merchant)

        yield make
