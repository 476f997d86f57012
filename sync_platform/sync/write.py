"""Writes a batch: rows, lines, rejects, drift, cursor and counters in one transaction (SYS-09)."""

from typing import Any

from psycopg import Connection

from sync_platform.core.counters import Counters
from sync_platform.db.blaze_names import describe_lines, products_of_other_kind
from sync_platform.db.blaze_tables import PRODUCTS
from sync_platform.db.drift import record_drift
from sync_platform.db.merge import Merged, MergeScope, delete_gone_lines, lock_tables, merge
from sync_platform.db.quarantine import close_replayed, store_rejects
from sync_platform.sync.batch import Batch


class Written:
    """Counters of records and of their lines, and what the merges had to tell."""

    def __init__(self, records: Counters, lines: Counters, merged: list[Merged]) -> None:
        self.records, self.lines, self.merged = records, lines, merged


def write_batch(
    conn: Connection[Any], batch: Batch, scope: MergeScope, line_scope: MergeScope | None, *, verify: bool
) -> Written:
    """Merge a batch inside the caller's transaction. The caller adds cursor and ledger and commits.

    ``line_scope`` is the scope of the lines' own ledger row, for entities that have lines. ``verify`` believes nothing
    about the tables, not even that a receipt that is not there has no lines.
    """
    target = batch.entity.target
    lock_tables(conn, scope.tenant_id, target)
    kinds = {key: row.about for key, row in batch.rows.items()} if target is PRODUCTS and not scope.dry_run else {}
    other_kind = products_of_other_kind(conn, scope, kinds) if kinds else []
    records = merge(conn, target, [row.row for row in batch.rows.values()], scope)
    describe_lines(conn, scope, other_kind)
    counted = batch.records + records.counters
    lines, merged = batch.lines, [records]
    if batch.entity.lines is not None and line_scope is not None:
        added, merges = _write_lines(conn, batch, records, line_scope, verify)
        lines += added
        merged += merges
    if not scope.dry_run:
        remember(conn, batch, scope)
    return Written(counted, lines, merged)


def _write_lines(
    conn: Connection[Any], batch: Batch, receipts: Merged, scope: MergeScope, verify: bool
) -> tuple[Counters, list[Merged]]:
    """Replace the lines of every receipt that was not stale as a set (BLZ-12)."""
    target = batch.entity.lines
    assert target is not None
    lock_tables(conn, scope.tenant_id, target)
    stale = Counters(stale=sum(len(batch.rows[key].lines) for key in receipts.stale))
    new = [] if verify else [key for key in batch.rows if key not in receipts.existing]
    kept = list(batch.rows.keys() - set(new) - receipts.stale)
    inserted = merge(conn, target, batch.lines_of(new), scope, all_new=True)
    merged = merge(conn, target, batch.lines_of(kept), scope)
    gone = delete_gone_lines(conn, target, kept, batch.line_keys(kept), scope)
    return stale + inserted.counters + merged.counters + Counters(deleted=gone), [inserted, merged]


def remember(conn: Connection[Any], batch: Batch, scope: MergeScope) -> None:
    """Rejects, records that load again after a reject, and drift."""
    source, entity = batch.entity.source, batch.entity.name
    if batch.rejects:
        store_rejects(conn, scope.tenant_id, source, entity, scope.run_id, batch.rejects)
    if batch.rows:
        close_replayed(conn, scope.tenant_id, source, entity, list(batch.rows))
    if batch.drift:
        record_drift(conn, scope.tenant_id, source, entity, batch.drift)
