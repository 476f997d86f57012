"""Cells of CSV exports that no spreadsheet takes for a formula (SEC-41, F-54).

A cell that a program could take for a formula gets a leading quote. The same holds for what follows a line break, a
semicolon, a tab or a bar inside a cell: a program that expects another separator would begin a new cell there. Plain
numbers such as -5 or -5.25 can do no harm and stay numbers. ``original`` takes the quotes away again.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

# blanks and what cannot be seen do not keep a program from looking further; bounded, as a cell may have 64 KiB of them
_UNSEEN = r"[\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]{0,100}+"
_FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
_START = r"(?:\A|(?<=[;\t|\r\n]))"
_RISKY = re.compile(rf"\A(?='*+[\t\r\n\x00])|{_START}(?='*+{_UNSEEN}{_FORMULA})")
_ESCAPED = re.compile(rf"\A'(?='*+[\t\r\n\x00])|{_START}'(?='*+{_UNSEEN}{_FORMULA})")
_NUMBER = re.compile(r"-[0-9]+(?:[.,][0-9]+)?")
# cells without any of these need no second look
_SUSPICIOUS = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\t\r\n\x00]")


def safe(cell: str) -> str:
    """The cell as it may be exported."""
    if not _SUSPICIOUS.search(cell) or _NUMBER.fullmatch(cell):
        return cell
    return _RISKY.sub("'", cell)


def original(cell: str) -> str:
    """What ``safe`` was given."""
    return _ESCAPED.sub("", cell) if "'" in cell else cell


def safe_lines(rows: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """Rows as lines of CSV (RFC 4180, all cells in quotes) that are safe to open. Nothing becomes a blank cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(_valid(cell)) if cell else "" for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _valid(cell: str) -> str:
    """Lone surrogates cannot be written in any encoding."""
    return cell.encode("utf-8", "replace").decode()
