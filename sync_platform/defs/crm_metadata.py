"""What the page of packages shows beside counters: what became of profiles, in numbers only (CRM-20, DAG-06)."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

_OF_PROFILES = ("total", "succeeded", "failed", "skipped")
_OF_PACKAGES = ("added", "changed", "removed")


def profile_metadata(told: Mapping[str, Any]) -> dict[str, Any]:
    """From the report of a run: its statistics, and what matching did. Nobody is named, not by a number either."""
    shown: dict[str, Any] = {}
    if statistics := told.get("packages"):
        shown = {f"profiles_{name}": statistics[name] for name in _OF_PROFILES}
        shown |= {f"packages_{name}": statistics[name] for name in _OF_PACKAGES}
        shown |= {"packages_read": statistics["packages"], "duration_ms": statistics["duration_ms"]}
        if reasons := {reason: number for reason, number in statistics["skipped_because"].items() if number}:
            shown["skipped_because"] = dg.MetadataValue.table([dg.TableRecord(reasons)])
    if matching := told.get("matching"):
        numbers = {name: value for name, value in matching.items() if isinstance(value, int)}
        shown["matching"] = dg.MetadataValue.table([dg.TableRecord(numbers)])
    return shown
