"""A measured figure, the goal it has to reach, and how both are shown and kept."""

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Goal:
    """``limit`` in ``unit``: ``x`` is a ratio, the others are what they say."""

    comparison: str
    limit: float
    unit: str

    def __str__(self) -> str:
        return f"{self.comparison} {self.limit:g}"

    def reached_by(self, value: float) -> bool:
        """Whether a value, rounded as it is shown, is good enough. NaN never is."""
        return COMPARISONS[self.comparison](rounded(value), self.limit)


GOALS = {
    "first_load.vs_limit": Goal("<=", 1.6, "x"),
    "first_load.vs_dlt": Goal(">=", 4, "x"),
    "first_load.vs_naive": Goal(">=", 15, "x"),
    "reread.unchanged_vs_first": Goal("<=", 0.3, "x"),
    "reread.unchanged_wal_mb": Goal("<=", 2, "MB"),
    "reread.unchanged_vs_dlt": Goal(">=", 20, "x"),
    "reread.one_percent_vs_unchanged": Goal("<=", 1.25, "x"),
    "incremental.500_vs_first": Goal("<=", 0.02, "x"),
    "memory.first_load_mib": Goal("<=", 150, "MiB"),
    "memory.first_load_10x_mib": Goal("<=", 150, "MiB"),
    "tick.1000_tenants_s": Goal("<=", 180, "s"),
    "tick.cpu_vs_run_per_tenant": Goal(">=", 20, "x"),
    "tick.bookkeeping_ms": Goal("<=", 12, "ms"),
    "ui.asset_page_300x365_s": Goal("<=", 1, "s"),
    "definitions.load_s": Goal("<=", 5, "s"),
    "compare.vs_full_join": Goal("<=", 10, "x"),
    "compare.vs_reladiff": Goal(">=", 1.5, "x"),
    "promote.vs_update": Goal("<=", 5, "x"),
    "promote.reader_wait_ms": Goal("<=", 100, "ms"),
    "mx.vs_sequential": Goal(">=", 5, "x"),
    "mx.linear_r2": Goal(">=", 0.95, "r2"),
    "mx.memory_mib": Goal("<=", 200, "MiB"),
    "mx.statements_per_1000": Goal("<=", 100, "statements"),
    "crm.single_overhead_p95_ms": Goal("<=", 50, "ms"),
    "crm.bulk_calls_per_profile": Goal("<=", 0.1, "calls"),
    "crm.bulk_vs_single": Goal(">=", 10, "x"),
    "crm.match_precision": Goal(">=", 0.995, "of links"),
    "crm.match_recall": Goal(">=", 0.90, "of profiles"),
    "csv.vs_copy": Goal("<=", 2, "x"),
    "csv.vs_row_by_row": Goal(">=", 15, "x"),
    "csv.linear_r2": Goal(">=", 0.95, "r2"),
    "csv.memory_1m_mib": Goal("<=", 200, "MiB"),
    "csv.statements": Goal("<=", 12, "statements"),
    "api.event_p95_ms": Goal("<=", 50, "ms"),
    "api.webhook_p99_ms": Goal("<=", 200, "ms"),
    "api.upload_memory_mib": Goal("<=", 32, "MiB"),
    "api.read_p95_ms": Goal("<=", 50, "ms"),
}


@dataclass(frozen=True)
class Figure:
    """``name`` is one of ``GOALS``, ``value`` in its unit.

    ``proven`` is False when the run broke what the figure takes for granted, such as which rows are written: a figure
    that is good for the wrong reason is not reached. ``note`` says why.
    """

    name: str
    value: float
    proven: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        if self.name not in GOALS:
            raise ValueError(f"no goal is set for {self.name}")

    @property
    def goal(self) -> Goal:
        """What it is compared with."""
        return GOALS[self.name]

    @property
    def passed(self) -> bool:
        """Whether the goal is reached."""
        return self.proven and self.goal.reached_by(self.value)

    def as_dict(self) -> dict[str, Any]:
        """Its entry in ``latest.json``."""
        return {
            "name": self.name,
            "value": rounded(self.value),
            "goal": str(self.goal),
            "unit": self.goal.unit,
            "passed": self.passed,
        }


def rounded(value: float) -> float:
    """Four significant digits: what a measurement can bear, and what is shown is what is judged."""
    return float(f"{value:.4g}")


def write_latest(path: Path, figures: Sequence[Figure], *, whole: bool) -> None:
    """Write ``latest.json``. A run of a part replaces its own figures and keeps the others; a whole run keeps none."""
    entries = {} if whole or not path.exists() else {entry["name"]: entry for entry in json.loads(path.read_text())}
    entries |= {figure.name: figure.as_dict() for figure in figures}
    ordered = [entries[name] for name in GOALS if name in entries]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ordered, indent=2) + "\n")


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> str:
    """Columns of text, as wide as they need to be."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def figures_table(figures: Sequence[Figure]) -> str:
    """The figures for people."""
    rows = [
        (f.name, f"{rounded(f.value):g} {f.goal.unit}", str(f.goal), "reached" if f.passed else "MISSED", f.note)
        for f in figures
    ]
    return table(rows, ("figure", "value", "goal", "", "note"))
