"""A small reference tenant behind the server of the bench."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.page_server import PageServer
from benchmarks.reference import build, reference_spec
from benchmarks.stage import Stage
from sync_platform.db.keys import new_master_key
from sync_platform.sandbox.shop import Shop

# the commands run under the real clock
NOW = datetime.now(UTC)
SHARE = 300


@pytest.fixture
def shop() -> Shop:
    return build(reference_spec(NOW, SHARE))


@pytest.fixture
def pages(shop: Shop) -> Iterator[PageServer]:
    server = PageServer([shop])
    with server:
        yield server


@pytest.fixture
def stage(server_url: str, tmp_path: Path) -> Stage:
    return Stage(server_url, tmp_path, tmp_path, new_master_key())
