"""What a record becomes: a row of its table, and the rows of the lines inside it."""

from typing import Any, NamedTuple

Row = tuple[Any, ...]


class Loaded(NamedTuple):
    """``modified`` is epoch milliseconds. ``lines`` is empty but for records that hold lines: receipts, invoices."""

    key: str
    modified: int
    row: Row
    lines: list[Row]
