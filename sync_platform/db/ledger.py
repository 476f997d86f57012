"""The run ledger: one writer per entity, and what became of every record (SYS-10, SYS-11, SYS-19)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.counters import Counters
from sync_platform.core.errors import AlreadyRunning, Cancelled, InvalidRequest, Refused
from sync_platform.core.redact import redact_text
from sync_platform.db.pool import Database
from sync_platform.db.progress import Calls, add_batch, add_progress, count_calls, extend_lease
from sync_platform.db.queries import query
from sync_platform.db.run_row import FinalState, RunKind, RunRow, RunStart, RunState

__all__ = [
    "FinalState",
    "RunKind",
    "RunRow",
    "RunStart",
    "RunState",
    "add_batch",
    "add_progress",
    "cancel_run",
    "count_calls",
    "extend_lease",
    "find_run",
    "finish_run",
    "finish_runs",
    "list_runs",
    "reap_expired",
    "start_run",
    "start_runs",
]

MAX_MESSAGE = 1000
MAX_LISTED = 1000


def start_run(database: Database, start: RunStart, lease_seconds: float) -> int:
    """The id of a run that may write now. Raises AlreadyRunning with the id of the one that does (SYS-19)."""
    return start_runs(database, [start], lease_seconds)[0]


def start_runs(database: Database, starts: Sequence[RunStart], lease_seconds: float) -> list[int]:
    """Start runs of one tenant and source together or not at all; the first is the parent of the others.

    A run whose lease has expired is closed as ``failed`` with ``LeaseExpired`` and its place is taken. A dry run
    writes no data, so it neither waits for a writer nor is one.
    """
    if not starts:
        raise InvalidRequest("nothing to start")
    first = starts[0]
    if any((s.tenant_id, s.source) != (first.tenant_id, first.source) for s in starts):
        raise InvalidRequest("runs that start together belong to one tenant and source")

    def start(conn: Connection) -> list[int]:
        ids: list[int] = []
        _make_way(conn, [start for start in starts if start.kind != "dry_run"])
        for start in starts:
            values = {
                **asdict(start),
                "parent_id": start.parent_id if start is first else start.parent_id or ids[0],
                "window_start": start.window.start if start.window else None,
                "window_end": start.window.end if start.window else None,
                "lease_seconds": lease_seconds,
            }
            del values["window"]
            ids.append(_id(conn.execute(query("runs", "start"), values).fetchone()))
        return ids

    return database.run(start, first.tenant_id)


def finish_run(database: Database, tenant_id: UUID, run_id: int, state: FinalState, **told: Any) -> RunRow:
    """The same for a run that started alone."""
    return finish_runs(database, tenant_id, [run_id], state, **told)[0]


def finish_runs(
    database: Database,
    tenant_id: UUID,
    run_ids: Sequence[int],
    state: FinalState,
    *,
    error_class: str | None = None,
    error_message: str | None = None,
    report: Mapping[str, Any] | None = None,
    calls: Calls | None = None,
    received_bytes: int = 0,
) -> list[RunRow]:
    """Close runs that started together and return them as stored: ``failed`` with LedgerUnbalanced where one does not
    balance (SYS-11).

    ``report``, ``calls`` and ``received_bytes`` belong to the first; they are those of the whole run, None where they
    are stored already. The message is redacted and cut to 1,000 characters. A run that was cancelled or taken over
    meanwhile stays as it is.
    """
    message = None if error_message is None else redact_text(error_message)[:MAX_MESSAGE]
    ended = {"tenant_id": tenant_id, "state": state, "error_class": error_class, "error_message": message}

    def finish(conn: Connection) -> list[RunRow]:
        with suppress(Cancelled):
            add_progress(
                conn,
                tenant_id,
                run_ids[0],
                stage=None,
                done=0,
                counters=Counters(),
                calls=calls or {},
                received_bytes=received_bytes,
                lease_seconds=0,
            )
        for run_id in run_ids:
            own = Jsonb(dict(report or {}) if run_id == run_ids[0] else {})
            conn.execute(query("runs", "finish"), {**ended, "run_id": run_id, "report": own})
        return [_find(conn, tenant_id, run_id) for run_id in run_ids]

    return database.run(finish, tenant_id)


def find_run(database: Database, tenant_id: UUID, run_id: int) -> RunRow:
    """Raises InvalidRequest if the tenant has no such run."""
    with database.transaction(tenant_id) as conn:
        return _find(conn, tenant_id, run_id)


def list_runs(
    database: Database,
    tenant_id: UUID,
    *,
    limit: int,
    source: str | None = None,
    entity: str | None = None,
    state: RunState | None = None,
) -> list[RunRow]:
    """Newest first, at most 1,000."""
    values = {
        "tenant_id": tenant_id,
        "source": source,
        "entity": entity,
        "state": state,
        "limit": max(1, min(limit, MAX_LISTED)),
    }
    with database.transaction(tenant_id) as conn:
        return conn.cursor(row_factory=class_row(RunRow)).execute(query("runs", "newest"), values).fetchall()


def cancel_run(database: Database, tenant_id: UUID, run_id: int, reason: str = "cancelled on request") -> RunRow:
    """Cancel a run, its lines or its parent with it: its next batch is refused, what is committed stays (F-04).

    Raises Refused if it is finished, InvalidRequest if there is none.
    """
    values = {"tenant_id": tenant_id, "run_id": run_id, "reason": redact_text(reason)[:MAX_MESSAGE]}
    with database.transaction(tenant_id) as conn:
        cancelled = conn.execute(query("runs", "cancel"), values).fetchall()
        run = _find(conn, tenant_id, run_id)
    if not cancelled:
        raise Refused(f"run {run_id} is finished ({run.state}); nothing to cancel")
    return run


def reap_expired(database: Database, tenant_id: UUID) -> list[int]:
    """Close runs whose process died, for a tenant that nothing is started for any more."""
    values: dict[str, Any] = {"tenant_id": tenant_id, "source": None, "entities": []}
    return database.run(lambda conn: [row[0] for row in conn.execute(query("runs", "expire"), values)], tenant_id)


def _make_way(conn: Connection, starts: Sequence[RunStart]) -> None:
    """Take the writers' places of these runs, or raise AlreadyRunning."""
    if not starts:
        return
    tenant_id, source = starts[0].tenant_id, starts[0].source
    entities = sorted({start.entity for start in starts})
    values = {"tenant_id": tenant_id, "source": source, "entities": entities}
    conn.execute(query("runs", "lock_starts"), {"keys": [f"run/{tenant_id}/{source}/{entity}" for entity in entities]})
    conn.execute(query("runs", "expire"), values)
    writer = conn.execute(query("runs", "writer"), values).fetchone()
    if writer is not None:
        raise AlreadyRunning(writer[0], f"{writer[1]}/{writer[2]}")


def _find(conn: Connection, tenant_id: UUID, run_id: int) -> RunRow:
    values = {"tenant_id": tenant_id, "run_id": run_id}
    run = conn.cursor(row_factory=class_row(RunRow)).execute(query("runs", "find"), values).fetchone()
    if run is None:
        raise InvalidRequest(f"this tenant has no run {run_id}; `sync-platform runs list` shows them")
    return run


def _id(row: tuple[Any, ...] | None) -> int:
    if row is None:
        raise InvalidRequest("the run could not be recorded; run `sync-platform doctor`")
    return int(row[0])
