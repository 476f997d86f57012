"""Lines of a purchase file once more, as they came: for the lists of rejected ones (CSV-12)."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from sync_platform.transforms.purchase_bytes import blocks
from sync_platform.transforms.purchase_cells import NULL, CellReader
from sync_platform.transforms.purchase_header import ColumnMapping, FindMapping, read_header, saved_mapping
from sync_platform.transforms.purchase_problems import Problems
from sync_platform.transforms.purchase_records import Records
from sync_platform.transforms.purchase_rules import MIB, FileRules
from sync_platform.transforms.purchase_text import UNDECODABLE, lines, texts
from sync_platform.transforms.spreadsheet_safe import original

_CHARACTERS = 16 * MIB  # of all lines together: large cells must not fill the memory

RawLine = tuple[int, list[str] | None]


class RawPurchases:
    """A file that was read before: its header, and with ``blocks`` its lines, once.

    Raises PurchaseFileRefused where reading did.
    """

    def __init__(self, stream: BinaryIO, rules: FileRules, mapping: ColumnMapping | FindMapping | None = None) -> None:
        fixed = {} if callable(mapping) else saved_mapping(mapping, ())
        self._unread: list[RawLine] = []
        decoded = texts(blocks(stream, rules), rules.encoding)
        self._records = Records(lines(decoded, rules), rules, fixed, lambda line, *_: self._unread.append((line, None)))
        self.names = readable(self._records.header)
        found = saved_mapping(mapping, self._records.header)
        self._columns = read_header(self._records.header, found, self._records.line, Problems(0))
        self._cells = CellReader(rules)

    def blocks(self) -> Iterator[list[RawLine]]:
        """Some thousand lines at a time, in the order of the file; no cells where csv could not read them."""
        for batch in self._records:
            found: list[RawLine] = list(zip(*batch, strict=True))
            if self._unread:
                found = sorted(found + self._unread, key=lambda one: one[0])
                self._unread.clear()
            yield found

    def number(self, cells: list[str] | None) -> str | None:
        """The transaction number of a line as the database compares it; none where there is none to be read."""
        if (
            cells is None
            or self._columns is None
            or (at := self._columns.positions["transaction_number"]) >= len(cells)
        ):
            return None
        cell = original(cells[at]) if self._columns.own_errors else cells[at]
        [value] = self._cells.column("transaction_number", [cell], [])
        return None if value == NULL else value


def readable(cells: Sequence[str]) -> list[str]:
    """Cells as they can be shown."""
    return [cell.replace(UNDECODABLE, "\ufffd") for cell in cells]


def numbers_of(file: RawPurchases, wanted: Collection[int]) -> set[str]:
    """Numbers of the purchases that the wanted lines belong to.

    A line without a number that can be read may belong to the purchase before or after it: then both count.
    """
    found = set[str]()
    before, open_end = "", False
    for line, cells in chain.from_iterable(file.blocks()):
        number = file.number(cells)
        if number is None:
            if line in wanted:
                found.add(before)
                open_end = True
        else:
            if open_end or line in wanted:
                found.add(number)
            before, open_end = number, False
    return found


def raw_lines(
    stream: BinaryIO, rules: FileRules, mapping: ColumnMapping | None, wanted: Collection[int]
) -> dict[int, tuple[str, ...]]:
    """Cells of the wanted lines of a file that was read before; without those for which there is no room."""
    found: dict[int, tuple[str, ...]] = {}
    left, last = _CHARACTERS, max(wanted, default=0)
    for block in RawPurchases(stream, rules, mapping).blocks():
        for line, cells in block:
            if line in wanted and cells is not None:
                left -= sum(map(len, cells))
                if left >= 0:
                    found[line] = tuple(readable(cells))
        if block and block[-1][0] >= last:
            break
    return found
