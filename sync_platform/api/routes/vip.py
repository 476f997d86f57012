"""``/api/vip``: a person's own packages, and nobody else's (CRM-21)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from sync_platform.api.accepted import Accepted, accepted
from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.problems import Problem, answers
from sync_platform.api.shown.packages import PackageShown
from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.db.own_packages import own_packages
from sync_platform.sync.permissions import web_transaction
from sync_platform.sync.refresh import give_back, take_refresh
from sync_platform.sync.run_requests import ask

router = APIRouter(prefix="/api/vip", tags=["vip"], route_class=GuardedRoute)


class OwnPackages(Page[PackageShown]):
    """With when they were read from the CRM; null where that never succeeded."""

    synced_at: datetime | None = Field(description="when the CRM was asked last")


@router.get(
    "/packages", operation_id="own_packages", summary="The caller's own packages", responses=answers(401, 403, 404)
)
def packages(caller: Annotated[Caller, Depends(needs("packages.read.own"))], paging: Paging) -> OwnPackages:
    """As they were read last; POST brings them up to date. 404 for who has no profile at this tenant."""
    after = paging.key(str)
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        found = own_packages(
            conn, caller.tenant.id, caller.identity.subject, after=after[0] if after else None, limit=paging.fetch
        )
    if found is None:
        raise _nobody()
    shown, cursor = page_of(found.packages, paging, lambda one: (one.package_id,))
    items = [PackageShown.model_validate(one) for one in shown]
    return OwnPackages(items=items, next_cursor=cursor, synced_at=found.synced_at)


@router.post(
    "/packages",
    status_code=202,
    operation_id="refresh_own_packages",
    summary="Read the caller's own packages anew",
    responses=answers(401, 403, 404, 409),
)
def refresh(response: Response, caller: Annotated[Caller, Depends(needs("crm.sync.own"))]) -> Accepted:
    """By a worker, once a minute at most: 429 before, with how long to wait."""
    profile = caller.identity.subject
    try:
        taken_at = take_refresh(caller.platform, caller.tenant, profile)
    except InvalidRequest:
        raise _nobody() from None
    asked = {"profile_id": profile, "taken_at": taken_at.isoformat()}
    try:
        run = ask(caller.platform, caller.tenant, "crm.refresh_own", asked, caller.actor, caller.request_id)
    except Refused:
        give_back(caller.platform, caller.tenant, profile, taken_at)
        raise
    return accepted(response, run)


def _nobody() -> Problem:
    return Problem(404, "No profile", "you have no active profile at this tenant", kind="not-found")
