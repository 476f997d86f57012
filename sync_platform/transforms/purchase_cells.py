"""Cells of a purchase file as values for COPY, a column of many lines at a time (CSV-06, CSV-07, SYS-21)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from sync_platform.core.purchase_fields import REQUIRED
from sync_platform.transforms.purchase_dates import CODES, Times
from sync_platform.transforms.purchase_decimals import JOINT, Marks, Place, number, plain_numbers
from sync_platform.transforms.purchase_rules import FileRules
from sync_platform.transforms.purchase_text import UNDECODABLE

NULL = "null"  # bare; the same word as a text is quoted
NUMBERS = ("quantity", "unit_price", "line_total", "final_amount", "discount_amount", "tax_amount")
LONGEST_KEY = 200  # characters; an index holds no more than 2,700 bytes
LONGEST_NOTE = 65_536  # characters

CellError = tuple[int, str, str, str]  # row of the block, or line; field, code, detail
_SPECIAL = ('"', ",", "\n", "\r")
_VALUE = re.compile(r'("(?:[^"]|"")*+"|[^",\n]*+)([,\n])')


class CellReader:
    """Reads the columns of one file; what it remembers is about the file, such as its decimal mark."""

    def __init__(self, rules: FileRules) -> None:
        self.marks = Marks(rules.decimals, rules.listed_errors)
        self._times = Times(rules.dates, rules.zone)
        self._negative = rules.allow_returns

    def column(self, field: str, cells: Sequence[str], errors: list[CellError]) -> list[str]:
        """COPY text of each cell, NULL where it is blank or wrong. Errors are given by the cell's index."""
        if field in NUMBERS:
            return self._numbers(field, cells, errors)
        if field == "transaction_date":
            return self._dates(field, cells, errors)
        return _texts(field, cells, errors)

    def look_for_mark(self, lines: Sequence[int], columns: Sequence[tuple[str, Sequence[str]]]) -> list[Place]:
        """Lets the file's decimal mark be found while it is not sure; returns cells that now are wrong."""
        if self.marks.sure or not any("," in cell or "." in cell for _, cells in columns for cell in cells):
            return []
        return self.marks.look([Place(line, f, cells[at]) for at, line in enumerate(lines) for f, cells in columns])

    def _numbers(self, field: str, cells: Sequence[str], errors: list[CellError]) -> list[str]:
        required = field in REQUIRED
        found = plain_numbers(cells, self.marks.mark, self._negative)
        if found is not None:
            return _blanks(field, found, required, errors)
        values = []
        for at, cell in enumerate(map(str.strip, cells)):
            value, code, detail = number(cell, self.marks.mark, self._negative) if cell else ("", None, "")
            if not cell and required:
                code = "missing_value"
            elif code and UNDECODABLE in cell:
                code, detail = "encoding", ""
            if code:
                errors.append((at, field, code, detail))
            values.append(value or NULL)
        return values

    def _dates(self, field: str, cells: Sequence[str], errors: list[CellError]) -> list[str]:
        values = list(map(self._times.__getitem__, cells))
        if CODES.isdisjoint(values):
            return values
        for at, value in enumerate(values):
            if value in CODES:
                errors.append((at, field, "encoding" if UNDECODABLE in cells[at] else value, ""))
                values[at] = NULL
        return values


def _texts(field: str, cells: Sequence[str], errors: list[CellError]) -> list[str]:
    required = field in REQUIRED
    limit = LONGEST_NOTE if field == "note" else LONGEST_KEY
    joined = JOINT.join(cells)
    if not joined.isascii():
        joined = unicodedata.normalize("NFC", joined)
        cells = joined.split(JOINT)
    if field == "note":
        values = [cell if cell and not cell.isspace() else "" for cell in cells]
    else:
        values = list(map(str.strip, cells))
    wrong = dict[int, str]()
    if UNDECODABLE in joined:
        wrong |= dict.fromkeys((at for at, value in enumerate(values) if UNDECODABLE in value), "encoding")
    if max(map(len, values)) > limit:
        wrong |= dict.fromkeys((at for at, value in enumerate(values) if len(value) > limit), "too_long")
    for at, code in wrong.items():
        errors.append((at, field, code, f"the limit is {limit} characters" if code == "too_long" else ""))
        values[at] = "?"
    if any(mark in joined for mark in _SPECIAL) or NULL in values:
        values = [
            quoted(value) if value == NULL or any(map(value.__contains__, _SPECIAL)) else value for value in values
        ]
    values = _blanks(field, values, required, errors)
    for at in wrong:
        values[at] = NULL
    return values


def quoted(value: str) -> str:
    """As the CSV format of COPY writes a text."""
    return '"' + value.replace('"', '""') + '"'


def values_of(text: str) -> Iterator[tuple[str | None, ...]]:
    """The lines of a text for COPY as values again."""
    line: list[str | None] = []
    for value, end in _VALUE.findall(text):
        line.append(None if value == NULL else value[1:-1].replace('""', '"') if value.startswith('"') else value)
        if end == "\n":
            yield tuple(line)
            line = []


def _blanks(field: str, values: list[str], required: bool, errors: list[CellError]) -> list[str]:
    if "" not in values:
        return values
    if required:
        errors.extend((at, field, "missing_value", "") for at, value in enumerate(values) if not value)
    return [value or NULL for value in values]
