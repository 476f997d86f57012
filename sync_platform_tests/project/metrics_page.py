"""Writes the table of ``docs/metrics.md`` from the one list of metrics (OPS-01).

``python -m sync_platform_tests.project.metrics_page --write``; without ``--write`` it says whether the page is stale.
"""

import sys
from pathlib import Path

from sync_platform.core.metric_names import METRICS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BEGIN, END = "<!-- written by sync_platform_tests.project.metrics_page -->", "<!-- end -->"


def table() -> str:
    """A line per metric."""
    lines = ["| metric | kind | labels | what it tells |", "|---|---|---|---|"]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n".join(lines)


def written() -> str:
    """The page as it should be; what stands around the table is written by hand."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def stale() -> bool:
    """Whether the page tells of other metrics."""
    return written() != PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(written(), encoding="utf-8")
    elif stale():
        sys.exit(f"stale: {PAGE.name}; write it with --write")
