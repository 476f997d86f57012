"""Stages for the cases, and the table of what was broken, with which seeds, and how it ended."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_platform_tests.faults.stage import Stage, open_stage
from sync_platform_tests.faults.tiers import FIRST_SEED, FULL

HERE = Path(__file__).parent
Note = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them start or kill processes, or run for long."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(600 if FULL else 120))


@pytest.fixture(autouse=True)
def note(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Note:
    """Names the case for the table; ``note("41 of 41 calls")`` adds what was seen."""
    text = request.function.__doc__ or ""
    record_property("fault", " ".join(re.findall(r"F-\d\d", text.split(":")[0])))
    return lambda seen: record_property("seen", seen)


@pytest.fixture
def seed() -> int:
    """Of a case that is not run for several seeds."""
    return FIRST_SEED


@pytest.fixture
def stage(database_url: str, tmp_path: Path, seed: int) -> Iterator[Stage]:
    """A database of its own, and nothing else yet."""
    with ExitStack() as stack:
        yield open_stage(database_url, tmp_path, seed, stack)
