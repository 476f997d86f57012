"""``/api/crm``: bring the packages of many profiles up to date (API-10)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from sync_platform.api.accepted import Accepted, accepted
from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.problems import Problem, answers
from sync_platform.api.shown.packages import PackageSyncAsked, PackageSyncResult, package_result
from sync_platform.db.run_pages import last_package_run
from sync_platform.sync.permissions import web_transaction
from sync_platform.sync.run_requests import ask

router = APIRouter(prefix="/api/crm", tags=["crm"], route_class=GuardedRoute)

Anybodys = Annotated[Caller, Depends(needs("crm.sync.any"))]


@router.post(
    "/sync-packages",
    status_code=202,
    operation_id="sync_packages",
    summary="Read the packages of many profiles",
    responses=answers(401, 403, 404, 409),
)
def sync_packages(response: Response, caller: Anybodys, body: PackageSyncAsked | None = None) -> Accepted:
    """By a worker, in batches; failed profiles of the last time come first."""
    asked = (body or PackageSyncAsked()).model_dump(mode="json")
    return accepted(
        response, ask(caller.platform, caller.tenant, "crm.packages", asked, caller.actor, caller.request_id)
    )


@router.get(
    "/sync-packages",
    operation_id="last_package_sync",
    summary="How the last sync of packages went",
    responses=answers(401, 403, 404),
)
def last_package_sync(caller: Anybodys) -> PackageSyncResult:
    """Asked for or scheduled. Has no effect; 404 before the first one has ended."""
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        run = last_package_run(conn, caller.tenant.id)
    if run is None:
        raise Problem(404, "No result yet", "no sync of packages has ended yet", kind="not-found")
    return package_result(run)
