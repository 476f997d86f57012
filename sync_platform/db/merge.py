"""Writes a batch of rows into a tenant table: insert, update if different, nothing if equal, nothing if older (SYS-05).

COPY into a temporary table without row security (TEN-07), one look at what is there, one statement that writes. The
look tells the fate of every row, so that the counters are the database's own and a dry run is the same code.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row

from sync_platform.core.counters import Counters
from sync_platform.core.errors import LedgerUnbalanced
from sync_platform.core.redact import masked
from sync_platform.db.copy_text import copy_chunks
from sync_platform.db.merge_sql import MergeSql, merge_sql
from sync_platform.db.target import Target

SAMPLE = 20

# Up to PostgreSQL 17 what is switched off gets a huge cost, and a huge cost has the statement compiled: hence jit.
_OFF = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan", "enable_material", "jit")
_LOCK = sql.SQL("pg_advisory_xact_lock(hashtextextended(%s, 0))")
_SET_OFF = [sql.SQL("set_config({}, 'off', true)").format(sql.Literal(name)) for name in _OFF]


@dataclass(frozen=True)
class MergeScope:
    """Whose rows, in which zone the tenant's days begin, and which run writes. A dry run only looks (SYS-20)."""

    tenant_id: UUID
    zone_name: str
    run_id: int
    dry_run: bool = False


@dataclass(frozen=True)
class Merged:
    """Fates of the rows; first key columns of those that were there before, and of those newer than the batch."""

    counters: Counters = field(default_factory=Counters)
    existing: frozenset[Any] = frozenset()
    stale: frozenset[Any] = frozenset()
    suppressed: dict[str, int] = field(default_factory=dict)
    sample: list[dict[str, Any]] = field(default_factory=list)


def lock_tables(conn: Connection[Any], tenant_id: UUID, *targets: Target) -> None:
    """One writer per tenant and table until the end of the transaction; look-ups by primary key, one per row.

    MERGE is not safe against a second inserter of the same key, hence the lock. The planner settings leave nothing
    but the primary key: of a table that grew since its last ANALYZE, or of a tenant who is new in it, the planner
    expects a handful of rows, and reads all of them for each row of the batch.
    """
    asked = sql.SQL("select {}").format(sql.SQL(", ").join([*[_LOCK] * len(targets), *_SET_OFF]))
    conn.execute(asked, [f"merge/{tenant_id}/{target}" for target in targets])


def wait_for_writers(conn: Connection[Any], tenant_id: UUID, target: Target) -> None:
    """The lock of ``lock_tables`` alone, for statements that need the planner as it is."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"merge/{tenant_id}/{target}",))


def merge(
    conn: Connection[Any],
    target: Target,
    lines: Sequence[bytes],
    scope: MergeScope,
    *,
    all_new: bool = False,
) -> Merged:
    """Write rows, as ``copy_line`` made them, with distinct keys; duplicates have to be gone before.

    ``fetched`` stays 0: the caller counts records.
    ``all_new`` says that none of the keys can exist, which saves the look. Raises LedgerUnbalanced, rolling everything
    back, if the database wrote another number of rows than the look announced.
    """
    if not lines:
        return Merged()
    statements = merge_sql(target)
    conn.execute(statements.create)
    with conn.cursor().copy(statements.copy) as copy:
        for chunk in copy_chunks(lines):
            copy.write(chunk)
    merged = _apply(conn, target, statements, scope, len(lines), all_new=all_new and not scope.dry_run)
    conn.execute(statements.drop)  # the next part of the same batch stages again; on errors the rollback drops it
    return merged


def _apply(
    conn: Connection[Any], target: Target, statements: MergeSql, scope: MergeScope, size: int, *, all_new: bool
) -> Merged:
    if all_new:
        return _written(conn, target, statements.insert, scope, Merged(Counters(inserted=size)))
    conn.execute(statements.analyze)
    looked = _look(conn, target, statements, scope)
    if scope.dry_run or not (looked.counters.inserted or looked.counters.updated):
        return looked
    only_new = looked.counters.inserted == size
    return _written(conn, target, statements.insert if only_new else statements.merge, scope, looked)


def delete_gone_lines(
    conn: Connection[Any],
    target: Target,
    receipts: Sequence[Any],
    lines: Iterable[tuple[Any, Any]],
    scope: MergeScope,
) -> int:
    """Soft-delete the lines of ``receipts`` that are not among ``lines`` (pairs of receipt and line), BLZ-12.

    The comparison is made here: in SQL it is an anti-join, which the planner settings of ``lock_tables`` turn into one
    loop inside the other.
    """
    if not receipts:
        return 0
    table = sql.Identifier(target.schema, target.table)
    parent, child = (sql.Identifier(name) for name in target.key)
    parents, children = (sql.SQL(target.array_type(name)) for name in target.key)
    stored = conn.execute(
        sql.SQL(
            "select {parent}, {child} from {table} where tenant_id = %s and deleted_at is null and {parent} = any(%s)"
        ).format(parent=parent, child=child, table=table),
        (scope.tenant_id, list(receipts)),
    )
    gone = set(stored).difference(lines)
    if gone and not scope.dry_run:
        conn.execute(
            sql.SQL(
                "update {table} t set deleted_at = now(), last_changed_at = now(), last_seen_at = now(), run_id = %s"
                " from unnest(%s::{parents}, %s::{children}) as gone (parent, child)"
                " where t.tenant_id = %s and t.{parent} = gone.parent and t.{child} = gone.child"
            ).format(parent=parent, child=child, table=table, parents=parents, children=children),
            (scope.run_id, [line[0] for line in gone], [line[1] for line in gone], scope.tenant_id),
        )
    return len(gone)


def _look(conn: Connection[Any], target: Target, statements: MergeSql, scope: MergeScope) -> Merged:
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statements.look, {"tenant": scope.tenant_id, "zone": scope.zone_name}).fetchone()
    assert found is not None
    suppressed = {
        column.name: found[f"suppressed_{n}"]
        for n, column in enumerate(target.columns)
        if column.policy != "always" and found[f"suppressed_{n}"]
    }
    sample: list[dict[str, Any]] = []
    if scope.dry_run:
        with conn.cursor(row_factory=dict_row) as cursor:
            cursor.execute(statements.sample, {"tenant": scope.tenant_id, "zone": scope.zone_name, "size": SAMPLE})
            sample = [_shown(target, row) for row in cursor.fetchall()]
    return Merged(
        Counters(
            inserted=found["inserted"],
            updated=found["updated"],
            unchanged=found["unchanged"],
            stale=found["stale"],
            revived=found["revived"],
            suppressed=sum(suppressed.values()),
        ),
        frozenset(found["existing"] or ()),
        frozenset(found["stale_keys"] or ()),
        suppressed,
        sample,
    )


def _written(
    conn: Connection[Any], target: Target, statement: sql.Composed, scope: MergeScope, looked: Merged
) -> Merged:
    cursor = conn.execute(statement, {"tenant": scope.tenant_id, "zone": scope.zone_name, "run_id": scope.run_id})
    announced = looked.counters.inserted + looked.counters.updated
    if cursor.rowcount != announced:
        raise LedgerUnbalanced(f"{target}: {announced} rows were to be written, {cursor.rowcount} were")
    return looked


def _shown(target: Target, row: dict[str, Any]) -> dict[str, Any]:
    """A sampled difference: only what differs, personal values masked."""
    before, after = row["before"] or {}, row["after"]
    personal = {column.name for column in target.columns if column.personal}
    unreadable = {column.name for column in target.columns if column.kind in ("hash", "json")}
    changes = {
        name: {
            "before": masked(before.get(name)) if name in personal else before.get(name),
            "after": masked(value) if name in personal else value,
        }
        for name, value in after.items()
        if before.get(name) != value and name not in unreadable
    }
    return {"key": row["key"], "fate": row["fate"], "changes": changes}
