"""The queue of requests: asked for once, claimed by one worker, ended once (API-03)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.errors import Cancelled, Refused
from sync_platform.core.redact import redact_text
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database, Role
from sync_platform.db.queries import query
from sync_platform.db.run_request_row import Claim, NewRequest, RequestOutcome, RequestState, RunRequest

FILE = "run_requests"
Also = Callable[[Connection[Any], RunRequest], None]
#: What the HTTP service works as: it asks and looks.
WEB: Role = "sp_web"
MAX_MESSAGE, MAX_REASON, MAX_LISTED = 1000, 200, 1000
_PURGED_AT_ONCE = 10_000


def create_request(
    database: Database, tenant_id: UUID, new: NewRequest, *, max_open: int, also: Also | None = None
) -> RunRequest:
    """Raises Refused where ``max_open`` requests of the tenant wait or run. ``also`` is done in its transaction."""
    values = {**asdict(new), "tenant": tenant_id, "arguments": Jsonb(new.arguments)}

    def create(conn: Connection[Any]) -> RunRequest:
        conn.execute(query(FILE, "lock_tenant"), values)
        # repeated after a lost connection: it may be there
        if found := read_requests(conn, tenant_id, [new.id]):
            return found[0]
        row = conn.execute(query(FILE, "open"), values).fetchone()
        if row is not None and row[0] >= max_open:
            raise Refused(
                f"{row[0]} requests of this tenant wait or run, and there may be {max_open}; wait for one to end, or"
                " cancel some"
            )
        conn.execute(query(FILE, "create"), values)
        (created,) = read_requests(conn, tenant_id, [new.id])
        if also is not None:
            also(conn, created)
        return created

    return database.run(create, tenant_id, WEB)


def read_requests(conn: Connection[Any], tenant_id: UUID, ids: Sequence[UUID]) -> list[RunRequest]:
    """Those of these ids that there are, in no order."""
    values = {"tenant": tenant_id, "ids": list(ids)}
    return conn.cursor(row_factory=class_row(RunRequest)).execute(query(FILE, "read"), values).fetchall()


def newest_requests(
    conn: Connection[Any], tenant_id: UUID, *, limit: int, kind: str | None = None, state: RequestState | None = None
) -> list[RunRequest]:
    """Newest first, at most 1,000."""
    values = {"tenant": tenant_id, "kind": kind, "state": state, "limit": max(1, min(limit, MAX_LISTED))}
    return conn.cursor(row_factory=class_row(RunRequest)).execute(query(FILE, "newest"), values).fetchall()


def runs_of(conn: Connection[Any], request: RunRequest) -> list[int]:
    """The ledger's runs that a request has started, in order."""
    values = {"tenant": request.tenant_id, "id": request.id, "since": request.created_at}
    return [row[0] for row in conn.execute(query(FILE, "runs_of"), values)]


def waiting_tenants(database: Database, parallel: int) -> list[Tenant]:
    """Of which a worker may take a request now: those that run the fewest first."""
    values = {"parallel": parallel}

    def ask(conn: Connection[Any]) -> list[Tenant]:
        rows = conn.cursor(row_factory=class_row(Tenant))
        return rows.execute(query(FILE, "waiting_tenants"), values).fetchall()

    return database.run(ask)


def claim_request(
    database: Database, tenant_id: UUID, *, parallel: int, tries: int, once: Collection[str], lease_seconds: float
) -> tuple[Claim, RunRequest] | None:
    """The request that is the tenant's turn; None where none waits or ``parallel`` run.

    Those whose worker died ``tries`` times are failed, of kinds that may run only ``once`` the first time.
    """
    claim = uuid4()
    values = {
        "tenant": tenant_id,
        "parallel": parallel,
        "tries": tries,
        "once": list(once),
        "lease_seconds": lease_seconds,
        "claim": claim,
    }

    def take(conn: Connection[Any]) -> RunRequest | None:
        conn.execute(query(FILE, "lock_tenant"), values)
        conn.execute(query(FILE, "cancel_dead"), values)
        conn.execute(query(FILE, "give_up"), values)
        row = conn.execute(query(FILE, "claim"), values).fetchone()
        return read_requests(conn, tenant_id, [row[0]])[0] if row else None

    taken = database.run(take, tenant_id)
    return (Claim(tenant_id, taken.id, claim, lease_seconds), taken) if taken else None


def beat(database: Database, claim: Claim, *, stage: str, done: int, planned: int, records: int) -> bool:
    """A sign of life, with the progress. Whether it is asked to stop. Raises Cancelled where it is ours no more."""
    values = {**_of(claim), "stage": stage, "done": done, "planned": planned, "records": records}
    row = database.run(lambda conn: conn.execute(query(FILE, "beat"), values).fetchone(), claim.tenant_id)
    if row is None:
        raise _lost(claim)
    return bool(row[0])


def keep_part(database: Database, claim: Claim, part: str, result: dict[str, Any]) -> None:
    """A part of the request is done for good. Raises Cancelled where it is ours no more."""
    values = {**_of(claim), "part": part, "result": Jsonb(result)}
    row = database.run(lambda conn: conn.execute(query(FILE, "keep_part"), values).fetchone(), claim.tenant_id)
    if row is None:
        raise _lost(claim)


def put_back(
    database: Database,
    claim: Claim,
    *,
    stage: str,
    seconds: float,
    limit: float | None = None,
    code: str | None = None,
    message: str | None = None,
) -> bool:
    """Let it wait, such as for another writer.

    False where it is ours no more, is to be cancelled, or was begun longer than ``limit`` seconds ago.
    """
    values = {
        **_of(claim),
        "stage": stage,
        "seconds": seconds,
        "limit": limit,
        "error_code": code,
        "error_message": _told(message),
    }
    row = database.run(lambda conn: conn.execute(query(FILE, "wait"), values).fetchone(), claim.tenant_id)
    return row is not None


def finish_request(
    database: Database, claim: Claim, outcome: RequestOutcome, *, done: int, planned: int, records: int
) -> bool:
    """False where it was taken over meanwhile: then nothing is written."""
    values = {
        **_of(claim),
        **vars(outcome),
        "result": Jsonb(outcome.result),
        "error_message": _told(outcome.error_message),
        "done": done,
        "planned": planned,
        "records": records,
    }
    row = database.run(lambda conn: conn.execute(query(FILE, "finish"), values).fetchone(), claim.tenant_id)
    return row is not None


def cancel_request(conn: Connection[Any], tenant_id: UUID, request_id: UUID, reason: str) -> bool:
    """One that waits ends at once, one that runs at its next page. False where it has ended."""
    values = {"tenant": tenant_id, "id": request_id, "reason": redact_text(reason)[:MAX_REASON]}
    return conn.execute(query(FILE, "cancel"), values).fetchone() is not None


def purge_requests(conn: Connection[Any], tenant_id: UUID, days: int) -> int:
    """Delete requests that ended so many days ago, 10,000 at most; how many these were."""
    values = {"tenant": tenant_id, "days": days, "limit": _PURGED_AT_ONCE}
    return conn.execute(query(FILE, "purge"), values).rowcount


def _of(claim: Claim) -> dict[str, Any]:
    return {
        "tenant": claim.tenant_id,
        "id": claim.request_id,
        "claim": claim.token,
        "lease_seconds": claim.lease_seconds,
    }


def _told(message: str | None) -> str | None:
    return None if message is None else redact_text(message)[:MAX_MESSAGE]


def _lost(claim: Claim) -> Cancelled:
    return Cancelled(f"request {claim.request_id} was taken over or has ended; nothing more is done for it here")
