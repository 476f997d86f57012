"""Stages for the cases, and the table of what was broken, with which seeds, and how it ended."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_platform_tests.faults.stage import Stage, open_stage
from sync_platform_tests.faults.table import table_of_cases
from sync_platform_tests.faults.tiers import FIRST_SEED, FULL, ONLY

HERE = Path(__file__).parent
Note = Callable[..., None]


def faults_of(item: pytest.Item) -> list[str]:
    """The numbers that a test's docstring begins with."""
    text = getattr(getattr(item, "function", None), "__doc__", None) or ""
    return re.findall(r"F-\d\d", text.split(":")[0])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of them start or kill processes, or run for long. ``make faults ONLY=F-27`` leaves the others out."""
    others = [item for item in items if ONLY and item.path.is_relative_to(HERE) and ONLY not in faults_of(item)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(600 if FULL else 120))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of cases, where the whole suite was asked for."""
    if FULL:
        reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
        terminalreporter.section("faults")
        terminalreporter.write_line(table_of_cases(reports))


@pytest.fixture(autouse=True)
def note(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Note:
    """Names the case for the table; ``note(kills=10, calls_ratio=1.2)`` adds what was seen."""
    for fault in faults_of(request.node):
        record_property("fault", fault)
    if request.node.get_closest_marker("parametrize") and "seed" in request.fixturenames:
        record_property("seed", request.getfixturevalue("seed"))

    def add(**seen: float) -> None:
        record_property("seen", seen)

    return add


@pytest.fixture
def seed() -> int:
    """Of a case that is not run for several seeds."""
    return FIRST_SEED


@pytest.fixture
def stage(database_url: str, tmp_path: Path, seed: int) -> Iterator[Stage]:
    """A database of its own, and nothing else yet."""
    with ExitStack() as stack:
        yield open_stage(database_url, tmp_path, seed, stack)
