"""Faults of pages and of the records in them: repeated, shifted, short, long, altered, miscounted (SBX-02)."""

from collections.abc import Sequence

from sync_platform.sandbox.collection import decode, encode
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.listing import Document, Listing
from sync_platform.sandbox.record_drift import drifted


def write_page(page: Listing, faults: Sequence[Fault]) -> bytes | Outgoing:
    """The page as it goes out. Without a fault that concerns pages: as it is."""
    skip, limit = page.skip, page.limit
    for fault in faults:
        if fault.kind == "duplicate_page":
            skip = max(0, skip - limit)
        elif fault.kind == "shifted_page":
            skip = max(0, skip + fault.rows)
        elif fault.kind == "long_page":
            limit += fault.rows
    rows = page.rows(skip, limit)
    if faults:
        for fault in faults:
            rows = _other_rows(page, rows, fault)
            if fault.kind == "wrong_total":
                page.total = _other_total(page, fault)
        rows = drifted(rows, faults, page.usual)
    return page.write(rows)


def write_document(document: Document, faults: Sequence[Fault]) -> bytes:
    """The record as it goes out: only the faults inside of records concern it."""
    return drifted([document.body], faults, document.usual)[0]


def _other_total(page: Listing, fault: Fault) -> int:
    if fault.total is not None:
        return fault.total
    return max(0, page.total - page.skip // max(1, page.limit))


def _other_rows(page: Listing, rows: list[bytes], fault: Fault) -> list[bytes]:
    if fault.kind == "short_page":
        return rows[: fault.rows]
    if not 0 <= fault.rows < len(rows):
        return rows
    if fault.kind == "missing_row":
        return rows[: fault.rows] + rows[fault.rows + 1 :]
    if fault.kind == "changed_row":
        return [*rows[: fault.rows], encode(page.changed(decode(rows[fault.rows]))), *rows[fault.rows + 1 :]]
    return rows
