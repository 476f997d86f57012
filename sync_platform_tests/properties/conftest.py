"""The platform of a process that can be killed."""

from collections.abc import Iterator

import pytest

from sync_platform_tests.properties.mortal import Fate, MortalDatabase
from sync_platform_tests.sync.conftest import clock, connect, make_platform, platform, settings  # noqa: F401

CONNECTIONS = 4


@pytest.fixture
def fate() -> Fate:
    return Fate()


@pytest.fixture
def database(database_url: str, fate: Fate) -> Iterator[MortalDatabase]:
    with MortalDatabase(database_url, fate, pool_size=CONNECTIONS) as database:
        database.settle(CONNECTIONS)
        yield database
