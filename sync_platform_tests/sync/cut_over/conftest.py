"""Both sides of a cut-over, without a vendor."""

from collections.abc import Callable

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform_tests.sync.cut_over.sides import Sides


@pytest.fixture
def sides(database: Database, tenant: Tenant, database_url: str) -> Sides:
    return Sides(database, tenant, database_url)


@pytest.fixture
def sides_of(database: Database, database_url: str) -> Callable[[Tenant], Sides]:
    return lambda tenant: Sides(database, tenant, database_url)
