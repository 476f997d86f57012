"""Reads purchase files that tests write, and says shortly what came of it."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from sync_platform.core.purchase_fields import STAGED
from sync_platform.transforms.purchase_file import PurchaseFile, read_purchases
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import FileRules

BERLIN = ZoneInfo("Europe/Berlin")
HEADER = "transaction_number,transaction_date,user_id,sku_id,quantity,unit_price"
LINE = "T-1,2026-03-04,u-1,s-1,2,3.50"


@dataclass
class Told:
    """What a file was found to hold. ``refused`` is the code of what ended the reading."""

    lines: list[dict[str, str | None]] = field(default_factory=list)
    codes: list[tuple[int | None, str | None, str]] = field(default_factory=list)
    refused: str = ""
    file: PurchaseFile | None = None
    refusal: PurchaseFileRefused | None = None

    def column(self, name: str) -> list[str | None]:
        return [line[name] for line in self.lines]


def read(content: str | bytes, mapping: Any = None, **rules: Any) -> Told:
    """Reads a whole file. Texts are sent as UTF-8."""
    told = Told()
    data = content.encode() if isinstance(content, str) else content
    try:
        told.file = read_purchases(io.BytesIO(data), replace(FileRules(BERLIN), **rules), mapping)
        told.lines = [dict(zip(STAGED, line, strict=True)) for line in told.file.lines()]
    except PurchaseFileRefused as refusal:
        told.refused, told.refusal = refusal.error.code, refusal
    if told.file:
        told.codes = [(error.line, error.column, error.code) for error in told.file.errors]
    return told


def table(*lines: str, header: str = HEADER) -> str:
    """Lines of a file below a header."""
    return "\n".join([header, *lines]) + "\n"


def with_cells(changed: Iterable[Mapping[str, str]]) -> str:
    """A file of right lines of which some cells are replaced; all columns, separated by bars."""
    right = dict(zip(HEADER.split(","), LINE.split(","), strict=True))
    names = [*right, "line_total", "final_amount", "discount_amount", "tax_amount", "note"]
    lines = ["|".join({**dict.fromkeys(names, ""), **right, **cells}.values()) for cells in changed]
    return table(*lines, header="|".join(names))
