"""A purchase file in temporary tables, and what is wrong with it as a whole, one statement per check (CSV-06..09)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from psycopg import ClientCursor, Connection

from sync_platform.db.copy_text import copy_chunks, copy_line
from sync_platform.db.queries import query
from sync_platform.db.scope import milliseconds

_LINES_AT_ONCE = 2_000

_MESSAGES: dict[str, Callable[[str, int | None], str]] = {
    "differs_in_purchase": lambda column, other: (
        f"{column} differs from line {other}, which has the same transaction_number; write the same value on both, or"
        " give one of them its own number"
    ),
    "line_total_wrong": lambda *_: "line_total is not quantity times unit_price; correct it or leave it blank",
    "final_amount_wrong": lambda _, other: (
        "final_amount is not the sum of the purchase's line totals less discount plus tax; correct it, or the lines"
        + (f" up to {other}" if other else "")
    ),
    "negative_number": lambda column, _: f"{column} comes out negative; correct it, or import with returns allowed",
    "number_too_large": lambda column, _: (
        f"{column} comes out with more than 10 digits before the decimals; correct it"
    ),
    "user_unknown": lambda *_: "there is no such user; add the user first, or correct the id",
    "user_inactive": lambda *_: "the user is not active; activate the user first, or correct the id",
    "sku_unknown": lambda *_: "there is no such SKU; add the SKU first, or correct the id",
    "sku_inactive": lambda *_: "the SKU is not active; activate the SKU first, or correct the id",
    "number_exists": lambda *_: (
        "this transaction_number was imported before; remove its lines, or import with mode skip_existing or update"
    ),
}


@dataclass(frozen=True)
class StagedError:
    """One error, without a value of the file: ``message`` says what to do (CSV-12)."""

    line: int
    column: str
    code: str
    message: str


@dataclass
class StagedErrors:
    """The first errors of a check, and how many there are of each code."""

    listed: list[StagedError] = field(default_factory=list)
    by_code: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Of all errors, listed or not."""
        return sum(self.by_code.values())

    def __iadd__(self, other: "StagedErrors") -> "StagedErrors":
        self.listed += other.listed
        for code, number in other.by_code.items():
            self.by_code[code] = self.by_code.get(code, 0) + number
        return self


@dataclass(frozen=True)
class Staged:
    """What was grouped: ``known`` purchases are in the ledger already; ``note_bytes`` are those of all notes."""

    purchases: int
    known: int
    lines: int
    note_bytes: int


def create_staging(conn: Connection[Any], batch_id: int, *, seconds: float | None = None) -> None:
    """Empty tables for one batch, which end with the transaction.

    ``seconds``: no statement takes or waits longer than that; else than in any transaction.
    """
    values = {"batch": batch_id, "limit": None if seconds is None else milliseconds(seconds)}
    ClientCursor(conn).execute(query("purchases", "create_staging"), values)


def copy_blocks(conn: Connection[Any], blocks: Iterable[bytes]) -> None:
    """Send blocks of lines that are CSV already, in the order of ``STAGED``, as they are read; null is the word."""
    with conn.cursor().copy(query("purchases", "copy_lines")) as copy:
        for block in blocks:
            copy.write(block)


def copy_lines(conn: Connection[Any], lines: Iterable[Sequence[Any]]) -> int:
    """Send lines, each in the order of ``STAGED``, as they are read; how many there were.

    Takes texts, Decimals, integers and None; a time as text with its zone.
    """
    count, waiting = 0, iter(lines)
    with conn.cursor().copy(query("purchases", "copy_lines")) as copy:
        while part := [copy_line(line) for line in islice(waiting, _LINES_AT_ONCE)]:
            for chunk in copy_chunks(part):
                copy.write(chunk)
            count += len(part)
    return count


def group_lines(conn: Connection[Any]) -> Staged:
    """Lines of one number become one purchase. From now on nobody else writes this tenant's ledger."""
    cursor = conn.cursor()
    cursor.execute(query("purchases", "group_lines"))
    while cursor.nextset():
        pass
    row = cursor.fetchone()
    assert row is not None
    return Staged(*row)


def group_errors(conn: Connection[Any], *, allow_returns: bool, tolerance: Decimal, limit: int) -> StagedErrors:
    """Lines of a purchase that contradict each other, and totals that are wrong (CSV-06, CSV-07)."""
    return _errors(conn, "group_errors", {"returns": allow_returns, "tolerance": tolerance, "limit": limit})


def reference_errors(conn: Connection[Any], *, limit: int) -> StagedErrors:
    """Users and SKUs that the tenant does not have, or has no more: two statements (CSV-08)."""
    found = _errors(conn, "user_errors", {"limit": limit})
    found += _errors(conn, "sku_errors", {"limit": limit})
    return found


def existing_numbers(conn: Connection[Any], staged: Staged, mode: str, *, limit: int) -> StagedErrors:
    """Numbers that are in the ledger already, where the mode does not say what to do with them (CSV-09)."""
    if mode != "reject" or not staged.known:
        return StagedErrors()
    return _errors(conn, "existing_errors", {"limit": limit})


def _errors(conn: Connection[Any], name: str, values: dict[str, Any]) -> StagedErrors:
    row = conn.execute(query("purchases", name), values).fetchone()
    assert row is not None
    listed = [StagedError(line, column, code, _MESSAGES[code](column, other)) for line, column, code, other in row[1]]
    return StagedErrors(listed, row[0] or {})
