"""Rows of the run ledger as the HTTP service shows them: by page, by number, the last of a kind (API-03, API-07)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query
from sync_platform.db.run_row import RunKind, RunRow, RunState


def page_of_runs(
    conn: Connection[Any],
    tenant_id: UUID,
    *,
    limit: int,
    before: int | None = None,
    source: str | None = None,
    entity: str | None = None,
    kind: RunKind | None = None,
    state: RunState | None = None,
) -> list[RunRow]:
    """Newest first; those that began before number ``before``."""
    values = {
        "tenant_id": tenant_id,
        "limit": limit,
        "before": before,
        "source": source,
        "entity": entity,
        "kind": kind,
        "state": state,
    }
    return conn.cursor(row_factory=class_row(RunRow)).execute(query("runs", "page"), values).fetchall()


def read_runs(conn: Connection[Any], tenant_id: UUID, run_ids: Sequence[int]) -> list[RunRow]:
    """Those of these numbers that there are, in order."""
    values = {"tenant_id": tenant_id, "run_ids": list(run_ids)}
    return conn.cursor(row_factory=class_row(RunRow)).execute(query("runs", "read"), values).fetchall()


def last_package_run(conn: Connection[Any], tenant_id: UUID) -> RunRow | None:
    """The last sync of all packages that has ended."""
    rows = conn.cursor(row_factory=class_row(RunRow))
    return rows.execute(query("runs", "last_packages"), {"tenant_id": tenant_id}).fetchone()
