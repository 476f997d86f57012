"""Rows as lines for ``COPY``: a batch that waits for its write holds these and no objects.

A row of values takes four times the memory of its line, and the writing thread has nothing left to do but to send.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

# A JSON array of plain values is a line of CSV, but for its brackets and for what JSON writes with a backslash.
OPTIONS = "with (format csv, null 'null')"

_LINES_AT_ONCE = 2_000
_encode_lines = msgspec.json.Encoder(decimal_format="number").encode_lines


def copy_lines(rows: Sequence[Sequence[Any]]) -> list[bytes]:
    """Rows without their line ends. Takes texts, Decimals, integers, flags and None; lists as ``array_text``."""
    encoded = _encode_lines(rows)
    lines = encoded.split(b"\n")[:-1]
    if b"\\" not in encoded:
        return [line[1:-1] for line in lines]
    return [_quoted(row) if b"\\" in line else line[1:-1] for line, row in zip(lines, rows, strict=True)]


def copy_line(row: Sequence[Any]) -> bytes:
    """One row by itself."""
    return copy_lines((row,))[0]


def array_text(values: Sequence[str]) -> str:
    """A list of texts as PostgreSQL writes an array."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def copy_chunks(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Lines as they are sent, a few hundred KiB at a time."""
    for start in range(0, len(lines), _LINES_AT_ONCE):
        yield b"\n".join(lines[start : start + _LINES_AT_ONCE]) + b"\n"


def _quoted(row: Sequence[Any]) -> bytes:
    values = ("null" if value is None else '"' + str(value).replace('"', '""') + '"' for value in row)
    return ",".join(values).encode()
