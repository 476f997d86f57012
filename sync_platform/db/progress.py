"""What a run writes into its ledger rows while it runs: progress, calls, batches, and that it is alive (SYS-10)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from sync_platform.core.counters import Counters
from sync_platform.core.errors import Cancelled
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

#: endpoint -> status -> number
Calls = Mapping[str, Mapping[str, int]]


def add_progress(
    conn: Connection,
    tenant_id: UUID,
    run_id: int,
    *,
    stage: str | None,
    done: int,
    counters: Counters,
    calls: Calls,
    received_bytes: int,
    lease_seconds: float,
    planned: int | None = None,
) -> None:
    """Add what one batch did, inside the batch's own transaction, and extend the lease.

    ``done`` and ``counters`` are added to what is stored. ``calls`` (endpoint -> status -> number) and
    ``received_bytes`` are all of the run so far and replace it; ``stage`` and ``planned`` do unless None. Raises
    Cancelled if the run was cancelled or taken over: the batch then rolls back whole.
    """
    values = {
        **counters.as_dict(),
        "tenant_id": tenant_id,
        "run_id": run_id,
        "stage": stage,
        "done": done,
        "planned": planned,
        "bytes": received_bytes,
        "lease_seconds": lease_seconds,
        **_counted(calls),
    }
    if conn.execute(query("runs", "add_progress"), values).fetchone() is None:
        raise _stopped(run_id)


def count_calls(database: Database, tenant_id: UUID, run_id: int, calls: Calls) -> None:
    """Store the calls of a run so far, before the last of them leaves (HTTP-11, I6).

    Raises Cancelled where the run was cancelled or taken over: then that call must not leave.
    """
    values = {"run_id": run_id, **_counted(calls)}
    if database.single(query("runs", "count_calls"), values, tenant_id, durable=False) != (True,):
        raise Cancelled(f"run {run_id} was cancelled or taken over; it makes no further calls, the next run resumes")


def add_batch(conn: Connection, tenant_id: UUID, run_id: int, batch: int) -> bool:
    """Note the run's batch of this number, from 1 on; False where an earlier try has committed it (SYS-09)."""
    values = {"tenant_id": tenant_id, "run_id": run_id, "batch": batch}
    if conn.execute(query("runs", "add_batch"), values).fetchone() is not None:
        return True
    if conn.execute(query("runs", "batch_is_written"), values).fetchone() is None:
        raise _stopped(run_id)
    return False


def extend_lease(database: Database, tenant_id: UUID, run_ids: Sequence[int], lease_seconds: float) -> list[int]:
    """For the heartbeat of a long fetch: which of the runs still run. A missing one was cancelled or taken over."""
    values = {"tenant_id": tenant_id, "run_ids": list(run_ids), "lease_seconds": lease_seconds}

    def extend(conn: Connection) -> list[int]:
        conn.execute(query("runs", "extend_lease"), values)
        return [row[0] for row in conn.execute(query("runs", "still_running"), values)]

    return database.run(extend, tenant_id)


def _counted(calls: Calls) -> dict[str, Any]:
    return {
        "api_calls": sum(sum(statuses.values()) for statuses in calls.values()),
        "calls": Jsonb({endpoint: dict(statuses) for endpoint, statuses in calls.items()}),
    }


def _stopped(run_id: int) -> Cancelled:
    return Cancelled(f"run {run_id} was cancelled or taken over; this batch was not written, the next run resumes")
