"""Rows in the text form of ``COPY``: a batch that waits for its write holds these lines and no objects.

A row of values takes four times the memory of its line, and the writing thread has nothing left to do but to send.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

NULL = "\x01"  # not the default \N: the backslash would have to be told from one in a value
OPTIONS = "with (format text, null E'\\x01')"

_LINES_AT_ONCE = 2_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", NULL: "\\x01"})


def copy_line(row: Sequence[Any]) -> str:
    """A row without its line end. Takes texts without NUL, Decimals, integers, flags, lists of texts and None."""
    line = "\t".join([NULL if value is None else value if value.__class__ is str else _shown(value) for value in row])
    if (
        "\\" in line
        or "\n" in line
        or "\r" in line
        or line.count("\t") != len(row) - 1
        or line.count(NULL) != row.count(None)
    ):
        return "\t".join([NULL if value is None else _shown(value).translate(_ESCAPES) for value in row])
    return line


def copy_chunks(lines: Sequence[str]) -> Iterator[bytes]:
    """Lines as bytes to send, a few hundred KiB at a time."""
    for start in range(0, len(lines), _LINES_AT_ONCE):
        yield ("\n".join(lines[start : start + _LINES_AT_ONCE]) + "\n").encode()


def _array(values: Sequence[str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


_FORMS: dict[type, Callable[[Any], str]] = {str: str, Decimal: str, int: str, bool: str, list: _array, tuple: _array}


def _shown(value: Any) -> str:
    return _FORMS[value.__class__](value)
