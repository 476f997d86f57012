"""A purchase file from its bytes to lines for COPY, in constant memory and with all of its errors (CSV-05 to 08)."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from sync_platform.core.purchase_fields import STAGED
from sync_platform.transforms.purchase_bytes import blocks
from sync_platform.transforms.purchase_cells import NULL, NUMBERS, CellError, CellReader, values_of
from sync_platform.transforms.purchase_decimals import JOINT
from sync_platform.transforms.purchase_header import ColumnMapping, Columns, FindMapping, read_header, saved_mapping
from sync_platform.transforms.purchase_problems import LineError, Problems, PurchaseFileRefused
from sync_platform.transforms.purchase_records import Batch, Records
from sync_platform.transforms.purchase_rules import FileRules
from sync_platform.transforms.purchase_text import UNDECODABLE, lines, texts
from sync_platform.transforms.spreadsheet_safe import original

StagedLine = tuple[str | None, ...]


class StagedBlock(NamedTuple):
    """``text`` is for COPY with (format csv, null 'null'), ``lines`` lines in the order of STAGED."""

    lines: int
    text: bytes


class PurchaseFile:
    """One file. Its header has been read; ``blocks`` or ``lines`` reads the rest, once.

    Lines with errors are staged as far as they can be read, with nulls: the others are checked against them all the
    same. Where required columns are missing there are errors and no lines. Raises PurchaseFileRefused where a limit is
    reached or the content turns out to be no text.
    """

    def __init__(self, stream: BinaryIO, rules: FileRules, mapping: ColumnMapping | FindMapping | None = None) -> None:
        self._rules = rules
        self._problems = Problems(rules.listed_errors)
        self._found: list[CellError] = []  # of the block, by line
        self.rows = 0
        fixed = {} if callable(mapping) else saved_mapping(mapping, ())
        decoded = texts(blocks(stream, rules), rules.encoding)
        self._records = Records(lines(decoded, rules), rules, fixed, self._tell)
        line, names = self._records.line, self._records.header
        if len(names) > rules.max_columns:
            raise PurchaseFileRefused("too_many_columns", f"{len(names)}, the limit is {rules.max_columns}", line)
        if any(UNDECODABLE in name for name in names):
            raise PurchaseFileRefused("header_unreadable", "", line)
        self.names = tuple(names)
        self.separator = self._records.separator
        self.columns: Columns | None = read_header(names, saved_mapping(mapping, names), line, self._problems)
        self.warnings = self.columns.warnings if self.columns else ()
        self._cells = CellReader(rules)

    @property
    def errors(self) -> list[LineError]:
        """The first ones, in the order of the file."""
        return self._problems.listed

    @property
    def error_count(self) -> int:
        """Of all errors."""
        return self._problems.count

    @property
    def errors_by_code(self) -> dict[str, int]:
        """All errors, by what is wrong."""
        return dict(self._problems.by_code)

    def lines(self) -> Iterator[StagedLine]:
        """Line by line, the values as texts; ``blocks`` is much quicker."""
        for block in self.blocks():
            yield from values_of(block.text.decode())

    def blocks(self) -> Iterator[StagedBlock]:
        """All lines, some thousand at a time. ``errors`` and ``rows`` are about what was read so far."""
        if self.columns is None:
            return
        for batch in self._records:
            self.rows += len(batch.lines)
            if self.rows > self._rules.max_lines:
                line = batch.lines[self._rules.max_lines - self.rows]
                raise PurchaseFileRefused("too_many_lines", f"the limit is {self._rules.max_lines}", line)
            yield self._staged(batch, self.columns)
        self._judge_marks()

    def _staged(self, batch: Batch, columns: Columns) -> StagedBlock:
        """One block. Lines that have not the header's number of cells come after the others."""
        width = len(columns.names)
        whole, text = batch, ""
        if not {width}.issuperset(map(len, batch.rows)):
            whole = Batch([], [])
            for line, cells in zip(*batch, strict=True):
                if len(cells) == width:
                    whole.lines.append(line)
                    whole.rows.append(cells)
                else:
                    self._tell(line, "ragged_line", f"{len(cells)} cells, the header has {width}")
                    text += _unreadable_line(line, cells, columns, self._cells)
        if whole.lines:
            text = self._whole_lines(whole, columns) + text
        if self._found:
            self._list_found(batch, columns)
        return StagedBlock(len(batch.lines), text.encode())

    def _list_found(self, batch: Batch, columns: Columns) -> None:
        raw, at = dict(zip(*batch, strict=True)), columns.positions
        for line, field, code, detail in sorted(self._found, key=lambda error: (error[0], at.get(error[1], -1))):
            name = columns.names[at[field]] if field in at else None
            self._problems.add(line, name, code, detail, raw.get(line, ()))
        self._found = []

    def _whole_lines(self, batch: Batch, columns: Columns) -> str:
        numbers = batch.lines
        by_position: list[Sequence[str]] = list(zip(*batch.rows, strict=True))
        if columns.own_errors:
            by_position = [list(map(original, cells)) for cells in by_position]
        given = {field: by_position[at] for field, at in columns.positions.items()}
        for place in self._cells.look_for_mark(numbers, [(f, given[f]) for f in NUMBERS if f in given]):
            self._found.append((place.line, place.field, "thousands_separator", ""))
        for at in set(range(len(columns.names))) - set(columns.positions.values()):
            if UNDECODABLE in JOINT.join(by_position[at]):
                bad = (line for line, cell in zip(numbers, by_position[at], strict=True) if UNDECODABLE in cell)
                self._found.extend((line, "", "encoding", f"column {at + 1}") for line in bad)
        staged = [list(map(str, numbers))]
        for field in STAGED[1:]:
            if field in given:
                errors: list[CellError] = []
                staged.append(self._cells.column(field, given[field], errors))
                self._found.extend((numbers[at], name, code, detail) for at, name, code, detail in errors)
            else:
                staged.append([NULL] * len(numbers))
        return "\n".join(map(",".join, zip(*staged, strict=True))) + "\n"

    def _judge_marks(self) -> None:
        marks = self._cells.marks
        if marks.wrong_more:
            self._problems.count_more("thousands_separator", marks.wrong_more)
        if not marks.sure and marks.doubtful and self.columns:
            first = marks.doubtful[0]
            name = self.columns.names[self.columns.positions[first.field]]
            self._problems.add(first.line, name, "ambiguous_decimal")

    def _tell(self, line: int, code: str, detail: str) -> None:
        self._found.append((line, "", code, detail))


def read_purchases(
    stream: BinaryIO, rules: FileRules, mapping: ColumnMapping | FindMapping | None = None
) -> PurchaseFile:
    """Reads the header. ``mapping`` leads from the file's column names to ours, or finds that by the header's hash."""
    return PurchaseFile(stream, rules, mapping)


def _unreadable_line(line: int, cells: list[str], columns: Columns, reader: CellReader) -> str:
    """Only the line and the transaction that it seems to belong to, which cannot be judged without it."""
    at = columns.positions["transaction_number"]
    number = reader.column("transaction_number", cells[at : at + 1], []) if at < len(cells) else [NULL]
    return ",".join([str(line), *number, *[NULL] * (len(STAGED) - 2)]) + "\n"
