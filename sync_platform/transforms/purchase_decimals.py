"""Numbers of a purchase file (CSV-07): decimal comma or point by file, never by cell.

A cell such as 1,234 can be a number with decimals or one with grouped thousands. As grouped thousands are refused in
any case, it has one value at most: the mark of the first cell that leaves no doubt decides, and a cell that does not
fit is an error. A file in which every mark is in doubt is refused until somebody says which mark it uses.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sync_platform.transforms.purchase_rules import Decimals

JOINT = "\x00"  # between joined cells; no cell has it
_PLAIN = re.compile(r"(?:(?:-?[0-9]{1,10}(?:\.[0-9]{1,4})?)?\x00)*+")
_NUMBER = re.compile(r"-?([0-9]+)(?:([.,])([0-9]+))?")
_DOUBTFUL = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:[.,'’ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?")  # noqa: RUF001
_OTHER = {".": ",", ",": "."}
_NAMES = {".": "point", ",": "comma"}


class Place(NamedTuple):
    """A cell: its line, its column and its text."""

    line: int
    field: str
    cell: str


class Marks:
    """The decimal mark of one file. ``mark`` is None while no cell has one."""

    def __init__(self, decimals: Decimals, kept: int) -> None:
        self.mark = {"point": ".", "comma": ",", "auto": None}[decimals]
        self.sure = self.mark is not None
        self.doubtful: list[Place] = []
        self.wrong_more = 0  # earlier cells with the wrong mark that were only counted
        self._doubtful_more = 0
        self._kept = kept

    def look(self, places: Sequence[Place]) -> list[Place]:
        """Decides by cells in the order of the file, before they are read.

        Returns cells of earlier calls that were read with what turned out to be the wrong mark.
        """
        doubtful = []
        for place in places:
            cell = place.cell.strip()
            found = _NUMBER.fullmatch(cell)
            if not found or not found[2]:
                continue
            if not _DOUBTFUL.fullmatch(cell):
                earlier, self.doubtful = self.doubtful, []
                wrong = bool(earlier) and self.mark != found[2]
                self.wrong_more = self._doubtful_more if wrong else 0
                self.mark, self.sure = found[2], True
                return earlier if wrong else []
            self.mark = self.mark or found[2]
            if self.mark == found[2]:
                doubtful.append(place)
        room = max(self._kept - len(self.doubtful), 0)
        self.doubtful += doubtful[:room]
        self._doubtful_more += len(doubtful[room:])
        return []


def plain_numbers(cells: Sequence[str], mark: str | None, negative: bool) -> list[str] | None:
    """The cells with a decimal point, if nothing is wrong with any of them; blank ones stay blank."""
    joined = JOINT.join(cells)
    if mark == ",":
        if "." in joined:
            return None
        joined = joined.replace(",", ".")
    if ("-" in joined and not negative) or not _PLAIN.fullmatch(joined + JOINT):
        return None
    return joined.split(JOINT)


def number(cell: str, mark: str | None, negative: bool) -> tuple[str, str | None, str]:
    """One cell: its value with a decimal point, or a code of an error and a detail."""
    found = _NUMBER.fullmatch(cell)
    if not found:
        return "", "thousands_separator" if _GROUPED.fullmatch(cell) else "not_a_number", ""
    whole, seen, decimals = found[1], found[2], found[3] or ""
    if seen and mark and seen != mark:
        if _DOUBTFUL.fullmatch(cell):
            return "", "thousands_separator", f"the file has a decimal {_NAMES[mark]}"
        return "", "decimal_mark", f"the file has a decimal {_NAMES[mark]}, this cell a decimal {_NAMES[_OTHER[mark]]}"
    if len(decimals) > 4:
        return "", "too_many_decimals", ""
    if len(whole.lstrip("0")) > 10:
        return "", "number_too_large", ""
    if cell.startswith("-") and not negative and (whole + decimals).strip("0"):
        return "", "negative_number", ""
    return cell.replace(",", "."), None, ""
