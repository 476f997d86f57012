"""What can be wrong with a purchase file: stable codes, what they mean and what to do (CSV-12)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sync_platform.core.errors import InvalidRequest

_RAW_CELL = 4096  # characters of a cell that are kept of a rejected line
_RAW_IN_ALL = 16 * 1024 * 1024  # characters kept of all listed lines, so that large cells cannot fill the memory


class Problem(NamedTuple):
    """``status`` is how a service answers where the whole file is refused: 413, 415 or 422 (CSV-14, CSV-15)."""

    meaning: str
    remedy: str
    status: int = 422


PROBLEMS = {
    # the whole file: nothing after it is read
    "upload_too_large": Problem("The file is larger than allowed", "split it into several files", 413),
    "unpacked_too_large": Problem("The unpacked content is larger than allowed", "split it into several files", 413),
    "too_many_lines": Problem("The file has more lines than allowed", "split it, or ask for a higher limit", 413),
    "too_many_columns": Problem("The header has more columns than allowed", "remove what is not needed", 413),
    "line_too_long": Problem("A line is longer than allowed", "look for a quote that is not closed", 413),
    "not_text": Problem("The content is not a text file", "export the data as CSV; of archives only gzip is read", 415),
    "nul_bytes": Problem("The content has NUL bytes, as binary files have", "export the data as CSV again", 415),
    "damaged_gzip": Problem("The compressed content is cut off or damaged", "compress or send the file again", 415),
    "empty_file": Problem("The file has no header line", "write the column names into the first line"),
    "header_unreadable": Problem("The header line cannot be read", "see what is wrong with its quotes or characters"),
    "missing_columns": Problem("Required columns are missing", "add them, or map the file's own names to them"),
    "duplicate_columns": Problem("A column is there more than once", "remove or rename one of them"),
    # one line
    "quoting": Problem("A quote is not closed or is followed by text", "double quotes inside quoted cells"),
    "ragged_line": Problem("The line has more or fewer cells than the header", "quote cells that hold the separator"),
    "encoding": Problem("Bytes are not valid in the file's encoding", "save the whole file as UTF-8"),
    "cell_too_long": Problem("A cell is longer than allowed", "shorten it"),
    # one cell
    "missing_value": Problem("A required value is blank", "fill it in"),
    "not_a_number": Problem("The value is not a plain number", "write digits only, such as 1234.50"),
    "thousands_separator": Problem("The number groups its thousands", "write 1234.50 and not 1,234.50"),
    "decimal_mark": Problem("Decimal comma and decimal point are mixed", "use one of them in the whole file"),
    "ambiguous_decimal": Problem(
        "The file's only decimals could be thousands, such as 1,234",
        "import it again and say whether the file has a decimal comma or a decimal point",
    ),
    "too_many_decimals": Problem("The number has more than 4 decimals", "round it"),
    "number_too_large": Problem("The number has more than 10 digits before the decimals", "correct it"),
    "negative_number": Problem("The number is negative", "correct it, or import with returns allowed"),
    "not_a_date": Problem("The value is no date in the file's format", "write 2025-03-14 or 2025-03-14T10:02:25"),
    "date_out_of_range": Problem("The date is outside the years 1900 to 2199", "correct it"),
    "too_long": Problem("The text is longer than its column", "shorten it"),
    # what only the whole file and the tenant's data show: found in the database, with messages of its own
    "differs_in_purchase": Problem("Lines of one purchase say different things", "write the same value on all of them"),
    "line_total_wrong": Problem("The line's total is not quantity times unit price", "correct it or leave it blank"),
    "final_amount_wrong": Problem("The final amount is not the sum of the lines less discount plus tax", "correct it"),
    "user_unknown": Problem("There is no such user", "add the user first, or correct the id"),
    "user_inactive": Problem("The user is not active", "activate the user first, or correct the id"),
    "sku_unknown": Problem("There is no such SKU", "add the SKU first, or correct the id"),
    "sku_inactive": Problem("The SKU is not active", "activate the SKU first, or correct the id"),
    "number_exists": Problem("The transaction was imported before", "remove it, or import with another mode"),
}

#: Codes after which nothing more was read of a file.
WHOLE_FILE = frozenset(list(PROBLEMS)[: list(PROBLEMS).index("quoting")])


class LineError(NamedTuple):
    """``line`` is the record's first line in the file; None: about the whole file. ``raw`` are its cells as they came.

    ``message`` repeats no value of the file: cells may hold personal data.
    """

    line: int | None
    column: str | None
    code: str
    message: str
    raw: tuple[str, ...] = ()


class PurchaseFileRefused(InvalidRequest):
    """The file as a whole cannot be read, or not any further. ``error`` goes to the list like those of lines."""

    def __init__(self, problem: str, detail: str, line: int | None = None) -> None:
        super().__init__(message(problem, detail) + (f" (line {line})" if line else ""))
        self.error = LineError(line, None, problem, message(problem, detail))

    @property
    def status(self) -> int:
        """How a service answers: 413, 415 or 422."""
        return PROBLEMS[self.error.code].status


def message(problem: str, detail: str = "") -> str:
    """What is wrong and what to do, for the person who has the file."""
    meaning, remedy, _ = PROBLEMS[problem]
    return f"{meaning}{f': {detail}' if detail else ''}; {remedy}"


def problem_table() -> str:
    """The codes as a table for the documentation."""
    lines = ["| code | meaning | what to do |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{code}` | {p.meaning} | {p.remedy} |" for code, p in PROBLEMS.items())])


@dataclass
class Problems:
    """The errors of one file: all are counted, the first ``limit`` are listed (CSV-08)."""

    limit: int
    listed: list[LineError] = field(default_factory=list)
    by_code: Counter[str] = field(default_factory=Counter)
    _raw_left: int = _RAW_IN_ALL

    def add(self, line: int | None, column: str | None, code: str, detail: str = "", raw: Sequence[str] = ()) -> None:
        """Counts an error, and lists it while there is room."""
        self.by_code[code] += 1
        if len(self.listed) < self.limit:
            self.listed.append(LineError(line, column, code, message(code, detail), self._kept(raw)))

    def count_more(self, code: str, number: int) -> None:
        """Counts errors of which nothing is known any more."""
        self.by_code[code] += number

    @property
    def count(self) -> int:
        """Of all errors, listed or not."""
        return self.by_code.total()

    def _kept(self, raw: Sequence[str]) -> tuple[str, ...]:
        cells = tuple(cell[:_RAW_CELL].replace("\udcff", "\ufffd") for cell in raw)
        self._raw_left -= sum(map(len, cells))
        return cells if self._raw_left >= 0 else ()
