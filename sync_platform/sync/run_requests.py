"""Ask for what takes its time, look how far it is, cancel it (API-03). Who may ask is the caller's to judge."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from pydantic import ValidationError

from sync_platform.core.errors import InvalidRequest, NotFound, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db import run_requests as queue
from sync_platform.db.run_request_row import NewRequest, RequestState, RunRequest
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.platform import Platform
from sync_platform.sync.request_arguments import ARGUMENTS


def ask(
    platform: Platform,
    tenant: Tenant,
    kind: str,
    arguments: Mapping[str, Any],
    actor: str,
    request_id: str | None,
    *,
    also: queue.Also | None = None,
) -> RunRequest:
    """Put a request into the tenant's queue. ``request_id`` is of the HTTP request, for the logs; ``also`` is done in
    the same transaction as sp_web, such as an entry of the audit.

    Raises InvalidRequest for arguments that the kind does not have, Refused where the tenant's queue is full.
    """
    new = NewRequest(uuid4(), kind, checked(kind, arguments), actor, request_id)
    return queue.create_request(
        platform.database, tenant.id, new, max_open=platform.settings.requests.max_open, also=also
    )


def checked(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as they are stored. Raises InvalidRequest."""
    try:
        return ARGUMENTS[kind].model_validate(dict(arguments)).model_dump(mode="json")
    except KeyError:
        raise InvalidRequest(f"there is no kind of request {kind[:60]!r}") from None
    except ValidationError as error:
        found = [f"{'.'.join(map(str, one['loc'])) or kind}: {one['msg']}" for one in error.errors()[:5]]
        raise InvalidRequest("; ".join(found)) from None


def find_request(platform: Platform, tenant: Tenant, request_id: UUID) -> RunRequest:
    """Raises NotFound; of another tenant as well (F-60)."""
    with platform.database.transaction(tenant.id, queue.WEB) as conn:
        return _find(conn, tenant, request_id)


def request_with_runs(platform: Platform, tenant: Tenant, request_id: UUID) -> tuple[RunRequest, list[int]]:
    """The same with the numbers of the ledger's runs that it has started."""
    with platform.database.transaction(tenant.id, queue.WEB) as conn:
        found = _find(conn, tenant, request_id)
        return found, queue.runs_of(conn, found)


def list_requests(
    platform: Platform, tenant: Tenant, *, limit: int = 50, kind: str | None = None, state: RequestState | None = None
) -> list[RunRequest]:
    """Newest first."""
    with platform.database.transaction(tenant.id, queue.WEB) as conn:
        return queue.newest_requests(conn, tenant.id, limit=limit, kind=kind, state=state)


def cancel(platform: Platform, tenant: Tenant, request_id: UUID, reason: str = "cancelled on request") -> RunRequest:
    """One that waits ends at once; one that runs stops at its next page, what is committed stays (F-04).

    Raises NotFound, and Refused where it has ended.
    """
    with platform.database.transaction(tenant.id) as conn:
        cancelled = queue.cancel_request(conn, tenant.id, request_id, reason)
        found = _find(conn, tenant, request_id)
    if not cancelled:
        raise Refused(f"request {request_id} has ended ({found.state}); there is nothing to cancel")
    return found


def purge(platform: Platform) -> int:
    """Delete requests of all tenants that ended long ago (setting ``requests.keep_days``); how many these were."""
    days = platform.settings.requests.keep_days
    deleted = 0
    for tenant in directory(platform.database, states=ALL_STATES):
        with platform.database.transaction(tenant.id) as conn:
            deleted += queue.purge_requests(conn, tenant.id, days)
    return deleted


def _find(conn: Connection[Any], tenant: Tenant, request_id: UUID) -> RunRequest:
    found = queue.read_requests(conn, tenant.id, [request_id])
    if not found:
        raise NotFound(f"there is no request {request_id}")
    return found[0]
