"""``python -m benchmarks.page``: writes the last run into docs/performance.md and draws the README's chart."""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.chart import first_load_chart
from benchmarks.children import ROOT
from benchmarks.figure import GOALS, rounded

OUT = ROOT / "benchmarks" / "out"
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "images" / "first-load.svg"
BEGIN, END = "<!-- last run: python -m benchmarks.page -->", "<!-- end of last run -->"


def main() -> int:
    """1 when figures are missing: the page shows whole runs only."""
    figures = json.loads((OUT / "latest.json").read_text())
    details = json.loads((OUT / "details.json").read_text())
    if missing := GOALS.keys() - {figure["name"] for figure in figures}:
        sys.stderr.write(f"not measured yet: {', '.join(sorted(missing))}; run `make bench`\n")
        return 1
    write(PAGE, figures, details)
    CHART.write_text(first_load_chart(details["seconds"]))
    return 0


def write(page: Path, figures: list[dict[str, Any]], details: dict[str, Any]) -> None:
    """Replace what is between the marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{last_run(figures, details)}\n{END}{after}")


def last_run(figures: list[dict[str, Any]], details: dict[str, Any]) -> str:
    """Three tables: figures, seconds, circumstances."""
    lines = ["", "| figure | value | goal | |", "|---|---:|---:|---|"]
    lines += [
        f"| `{f['name']}` | {f['value']:g} {f['unit']} | {f['goal']} | {'reached' if f['passed'] else '**missed**'} |"
        for f in figures
    ]
    lines += ["", "| measured, seconds | median | each |", "|---|---:|---|"]
    lines += [
        f"| {name} | {rounded(median(values)):g} | {', '.join(f'{value:g}' for value in values)} |"
        for name, values in details["seconds"].items()
    ]
    lines += ["", "| circumstances | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in details["facts"].items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
