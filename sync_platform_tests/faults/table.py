"""The table at the end of the suite: which fault, which seeds, how often, what was seen, how it ended."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from rich.console import Console
from rich.table import Table

WIDTH = 160


@dataclass
class Case:
    """All tests of one fault."""

    runs: int = 0
    failed: int = 0
    seconds: float = 0.0
    seeds: set[int] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)

    def add(self, report: pytest.TestReport) -> None:
        """One test. Whole numbers that were seen are added up; of others the largest is kept."""
        self.runs += 1
        self.failed += report.failed
        self.seconds += report.duration
        for name, value in report.user_properties:
            if name == "seed":
                self.seeds.add(int(str(value)))
            elif name == "seen" and isinstance(value, dict):
                for what, number in value.items():
                    before = self.seen.get(what, 0)
                    self.seen[what] = before + number if isinstance(number, int) else max(before, number)


def cases_of(reports: Iterable[pytest.TestReport]) -> dict[str, Case]:
    """By fault number, in order. A failure outside the test itself counts as well."""
    cases: dict[str, Case] = {}
    for report in reports:
        if report.when == "call" or report.failed:
            for name, fault in report.user_properties:
                if name == "fault":
                    cases.setdefault(str(fault), Case()).add(report)
    return dict(sorted(cases.items()))


def table_of_cases(reports: Iterable[pytest.TestReport]) -> str:
    """As plain text."""
    table = Table("fault", "tests", "seeds", "seen", "seconds", "result")
    for fault, case in cases_of(reports).items():
        seen = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in case.seen.items())
        result = f"{case.failed} FAILED" if case.failed else "passed"
        table.add_row(fault, str(case.runs), _ranges(case.seeds), seen, f"{case.seconds:.0f}", result)
    console = Console(file=io.StringIO(), width=WIDTH)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _ranges(seeds: set[int]) -> str:
    if not seeds:
        return ""
    return f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
