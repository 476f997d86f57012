"""Who may look at which run: everybody at what they asked for, who may sync at everything of the tenant."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from psycopg import Connection

from sync_platform.api.caller import Caller, needs
from sync_platform.api.problems import Problem
from sync_platform.db.run_pages import read_runs
from sync_platform.db.run_request_row import RunRequest
from sync_platform.db.run_requests import read_requests, runs_of
from sync_platform.db.run_row import RunRow
from sync_platform.sync.permissions import access, web_transaction

ALL_RUNS = "sync.run"
#: Whoever can ask for something can look what became of it.
ASKERS = (
    "sync.run",
    "crm.sync.own",
    "crm.sync.any",
    "sync.dry_run",
    "promote.run",
    "promote.rollback",
    "quarantine.replay",
)
RunId = Annotated[
    str,
    Path(
        pattern=r"^([1-9][0-9]{0,17}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$",
        description="number of a run, or the id that a request was accepted with",
    ),
]
Asker = Annotated[Caller, Depends(needs(*ASKERS))]


def sees_all(caller: Caller) -> bool:
    """Whether runs of others are shown as well."""
    return access(caller.platform, caller.identity, caller.tenant, ALL_RUNS) == "all"


def find(caller: Caller, run_id: str) -> RunRequest | RunRow:
    """Raises Problem 404: for runs of other tenants, and of others where only the own are shown."""
    found = _with_runs(caller, run_id)
    return found[0] or found[1][0]


def find_with_runs(caller: Caller, run_id: str) -> tuple[RunRequest | None, Sequence[RunRow]]:
    """The same: a request with what it has started, or no request and one run."""
    return _with_runs(caller, run_id)


def still_allowed(caller: Caller) -> bool:
    """Whether the caller could ask once more at this moment: the service goes on, so do sign-in and grant (TEN-29)."""
    expires = caller.identity.expires_at
    if caller.platform.stopping.is_set() or (expires is not None and expires <= caller.platform.clock()):
        return False
    return any(access(caller.platform, caller.identity, caller.tenant, name) for name in ASKERS)


def _with_runs(caller: Caller, run_id: str) -> tuple[RunRequest | None, Sequence[RunRow]]:
    everything = sees_all(caller)
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        if run_id.isdigit():
            runs = read_runs(conn, caller.tenant.id, [int(run_id)]) if everything else []
            if runs:
                return None, runs
        else:
            requests = read_requests(conn, caller.tenant.id, [UUID(run_id)])
            if requests and (everything or requests[0].actor == caller.actor):
                return requests[0], _runs(conn, requests[0])
    raise Problem(404, "No such run", "there is no such run", kind="not-found")


def _runs(conn: Connection[tuple[object, ...]], request: RunRequest) -> list[RunRow]:
    numbers = set(runs_of(conn, request)) | set((request.result or {}).get("runs", ()))
    return read_runs(conn, request.tenant_id, sorted(numbers)) if numbers else []
