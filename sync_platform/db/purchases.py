"""Writes the purchases that were staged, with their lines and what others are told, in one transaction (CSV-09..11)."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from sync_platform.core.errors import LedgerUnbalanced, Refused
from sync_platform.db.purchases_staging import Staged
from sync_platform.db.queries import query

ImportMode = Literal["reject", "skip_existing", "update"]
Through = Literal["function", "table"]
#: Notes, in bytes, that go through the function at most: one JSON value cannot hold more than 256 MiB.
FUNCTION_NOTE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Inserted:
    """What became of the purchases of a file; ``items`` are the lines of those that were inserted or updated."""

    purchases: int
    items: int
    skipped: int
    updated: int
    unchanged: int


def way_through(staged: Staged, function_lines: int) -> Through:
    """By function up to ``function_lines`` lines, unless their notes are too long for one value."""
    fits = staged.lines <= function_lines and staged.note_bytes <= FUNCTION_NOTE_BYTES
    return "function" if fits else "table"


def insert_purchases(
    conn: Connection[Any], staged: Staged, *, mode: ImportMode, arrival_day: date, through: Through
) -> Inserted:
    """Write what is staged and was checked; mode and arrival day are the batch's.

    Raises Refused where the function finds something that the checks did not, LedgerUnbalanced where not all was
    written. The caller's transaction has to end with it.
    """
    if through == "function":
        row = conn.execute(query("purchases", "insert_by_function"), {"mode": mode}).fetchone()
        assert row is not None
        if not row[0]:
            raise Refused(f"the purchases were not written: {row[3]}")
        written, items = row[1], row[2]
    else:
        conn.execute(query("purchases", "show_staged"))
        values = {"mode": mode, "arrival_day": arrival_day}
        row = conn.execute(query("purchases", "insert_by_table"), values).fetchone()
        assert row is not None
        written, items = row
    inserted = staged.purchases - staged.known
    updated = written - inserted
    if updated < 0 or updated > (staged.known if mode == "update" else 0):
        raise LedgerUnbalanced(f"{inserted} purchases were to be inserted, {written} were written")
    return Inserted(
        purchases=inserted,
        items=items,
        skipped=staged.known if mode == "skip_existing" else 0,
        updated=updated,
        unchanged=staged.known - updated if mode == "update" else 0,
    )
