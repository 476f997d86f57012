"""What is printed and kept beside the figures: the machine, and the seconds of each measurement."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figure import rounded, table
from benchmarks.stage import Stage

FILE = "details.json"


def machine() -> dict[str, str]:
    """Where it was measured; nothing that identifies the machine."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{os.cpu_count()} cores, {_first('/proc/cpuinfo', 'model name') or platform.machine()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}",
        "load before": f"{os.getloadavg()[0]:.1f} processes waited for a core",
    }


def write_details(path: Path, stage: Stage, facts: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    """Keep facts and seconds as ``latest.json`` keeps figures: a part replaces its own."""
    kept: dict[str, Any] = {"facts": {}, "seconds": {}}
    if not whole and path.exists():
        kept = json.loads(path.read_text())
    kept["facts"] |= {**facts, **stage.facts}
    kept["seconds"] |= {name: [rounded(value) for value in values] for name, values in stage.seconds.items()}
    path.write_text(json.dumps(kept, indent=2) + "\n")
    return kept


def seconds_table(seconds: Mapping[str, list[float]]) -> str:
    """Median and single runs of each measurement."""
    rows = [
        (name, f"{rounded(median(values)):g}", ", ".join(f"{value:g}" for value in values))
        for name, values in seconds.items()
    ]
    return table(rows, ("measured", "median, s", "each"))


def facts_table(facts: Mapping[str, str]) -> str:
    """Name and value."""
    return table(list(facts.items()), ("", ""))


def _first(path: str, name: str) -> str:
    file = Path(path)
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
