"""Lines of text as records with the number of their first line (CSV-05); the header decides the separator."""

import csv
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from sync_platform.transforms.purchase_header import recognised
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import FileRules
from sync_platform.transforms.purchase_text import too_long

SEPARATORS = (",", ";", "\t", "|")
_NAMED = "sep="  # what Excel writes into the first line so that it finds the separator again
_HEADER_LINES = 200  # a header may have line breaks in its quotes, but not more than these

Tell = Callable[[int, str, str], None]  # line, code, detail
_LINES_AT_ONCE = 2_000
_CHARACTERS_AT_ONCE = 4 * 1024 * 1024


class Batch(NamedTuple):
    """Consecutive records: the number of the first line of each, and its cells."""

    lines: list[int]
    rows: list[list[str]]


class Records:
    """Iterates over the records below ``header``. Blank ones are skipped.

    What csv cannot read, and records with a cell that is too long, are told and left out; after a quote that is wrong
    the next line is taken for the beginning of a record. Raises PurchaseFileRefused.
    """

    def __init__(
        self, line_lists: Iterator[list[str]], rules: FileRules, mapping: Mapping[str, str], tell: Tell
    ) -> None:
        self._rules, self._tell = rules, tell
        self._open = 0  # characters of the record that is being read
        lines = chain.from_iterable(line_lists)
        self._above, head, named = _head(lines, rules)
        if not head:
            raise PurchaseFileRefused("empty_file", "")
        self.separator = rules.separator if rules.separator != "auto" else named or separator_of(head, mapping)
        self._reader = csv.reader(self._fed(chain(head, lines)), delimiter=self.separator, strict=True)
        self.line = self._above + 1
        try:
            self.header = next(self._reader)
        except csv.Error:
            raise PurchaseFileRefused("header_unreadable", "", self.line) from None
        self._open = 0

    def __iter__(self) -> Iterator[Batch]:
        more = True
        while more:
            batch = Batch([], [])
            more = self._fill(batch)
            yield batch

    def _fill(self, batch: Batch) -> bool:
        """Reads on until the batch is full; False at the end of the file."""
        reader, above = self._reader, self._above + 1
        longest = self._rules.max_cell
        left = _CHARACTERS_AT_ONCE
        while True:
            line = above + reader.line_num
            try:
                for cells in reader:
                    if self._open > longest and max(map(len, cells)) > longest:
                        self._too_long(line)
                    # spreadsheets end with rows of separators only; nearly all others begin with a letter or a digit
                    elif cells and (cells[0] > "!" or not _blank(cells)):
                        batch.lines.append(line)
                        batch.rows.append(cells)
                    left -= self._open
                    self._open = 0
                    line = above + reader.line_num
                    if left < 0 or len(batch.lines) == _LINES_AT_ONCE:
                        return True
            except csv.Error as error:
                self._open = 0
                if "field larger" in str(error):
                    self._too_long(line)
                else:
                    self._tell(line, "quoting", "")
            else:
                return False

    def _too_long(self, line: int) -> None:
        self._tell(line, "cell_too_long", f"the limit is {self._rules.max_cell} characters")

    def _fed(self, lines: Iterator[str]) -> Iterator[str]:
        limit = self._rules.max_record
        for line in lines:
            self._open += len(line)
            if self._open > limit:
                raise too_long(self._rules, self._above + self._reader.line_num + 1)
            yield line


def separator_of(head: list[str], mapping: Mapping[str, str]) -> str:
    """That under which the header has the most columns that mean something, then the most columns."""

    def score(separator: str) -> tuple[int, int]:
        try:
            names = next(csv.reader(head, delimiter=separator, strict=True), [])
        except csv.Error:
            return 0, 0
        return recognised(names, mapping), len(names)

    return max(SEPARATORS, key=score)


def _head(lines: Iterator[str], rules: FileRules) -> tuple[int, list[str], str]:
    """How many lines are above the header, its lines, and the separator that a line above it names."""
    above, head, named, quotes, size = 0, list[str](), "", 0, 0
    for line in lines:
        plain = line.strip()
        if not head and not plain:
            above += 1
        elif not above and not head and plain.lower()[:4] == _NAMED and line.rstrip("\r\n")[4:] in SEPARATORS:
            above, named = 1, line.rstrip("\r\n")[4:]
        else:
            head.append(line)
            quotes += line.count('"')
            size += len(line)
            if quotes % 2 == 0 or len(head) == _HEADER_LINES or size > rules.max_record:
                break
    return above, head, named


def _blank(cells: list[str]) -> bool:
    return not any(cells) or not "".join(cells).strip()
