"""Rows as lines for ``COPY``: a batch that waits for its write holds these and no objects.

A row of values takes four times the memory of its line, and the writing thread has nothing left to do but to send.
"""

from collections.abc import Iterator, Sequence
from typing import Any

# CSV, not the text format: nothing is escaped in it but a value that is quoted, and null is simply nothing
OPTIONS = "with (format csv, delimiter E'\\t')"

_BLANK = '""'
_LINES_AT_ONCE = 2_000


def copy_line(row: Sequence[Any]) -> str:
    """A row without its line end. Takes texts, Decimals, integers, flags and None; lists as ``array_text``."""
    line = "\t".join(
        ["" if value is None else (value or _BLANK) if value.__class__ is str else str(value) for value in row]
    )
    if '"' in line or "\n" in line or "\r" in line or line.count("\t") != len(row) - 1:
        return "\t".join(["" if value is None else _quoted(str(value)) for value in row])
    return line


def array_text(values: Sequence[str]) -> str:
    """A list of texts as PostgreSQL writes an array."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def copy_chunks(lines: Sequence[str]) -> Iterator[bytes]:
    """Lines as bytes to send, a few hundred KiB at a time."""
    for start in range(0, len(lines), _LINES_AT_ONCE):
        yield ("\n".join(lines[start : start + _LINES_AT_ONCE]) + "\n").encode()


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
