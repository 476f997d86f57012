"""Blaze's lookup collections: where they are, how they page, and what is never kept of them (BLZ-04, SYS-13)."""

from dataclasses import dataclass
from typing import Any

import msgspec

from sync_platform.core.errors import ContractBroken

NEVER_KEPT = frozenset({"pin", "password"})


@dataclass(frozen=True)
class Lookup:
    """``offset`` is the name of the paging parameter: the two spellings are not interchangeable; None: one page."""

    path: str
    offset: str | None


LOOKUPS = {
    "vendors": Lookup("/vendors", "skip"),
    "employees": Lookup("/employees", "start"),
    "brands": Lookup("/store/inventory/brands", "start"),
    "categories": Lookup("/store/inventory/categories", None),
    "terminals": Lookup("/store/inventory/terminals", None),
}


def as_object(record: msgspec.Raw) -> dict[str, Any]:
    """A record as a mapping. Raises ContractBroken when it is anything else."""
    try:
        return msgspec.json.decode(record, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise ContractBroken("a lookup record is not an object") from None


def without_secrets(record: dict[str, Any]) -> dict[str, Any]:
    """Without pins and passwords, at any depth: replies about employees carry them."""
    return {name: _cleaned(value) for name, value in record.items() if name.lower() not in NEVER_KEPT}


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return without_secrets(value)
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
