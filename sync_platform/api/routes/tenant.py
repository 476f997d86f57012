"""``/api/tenant/settings``: what a tenant sets for itself; no change is overwritten unseen (RFC 9110, If-Match)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.problems import Problem, answers
from sync_platform.api.shown.tenant import Settings, TenantShown, tenant_shown
from sync_platform.sync.permissions import web_transaction
from sync_platform.sync.tenant_settings import ChangedMeanwhile, TenantSettings, change_settings, settings_in

router = APIRouter(prefix="/api/tenant/settings", tags=["tenant"], route_class=GuardedRoute)

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=100, description="ETag of the settings that were read")
]


@router.get(
    "",
    operation_id="show_settings",
    summary="The tenant's settings",
    responses=answers(401, 403, 404),
)
def show_settings(response: Response, caller: Annotated[Caller, Depends(needs("config.read"))]) -> TenantShown:
    """With an ETag, which a change has to name."""
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        found = settings_in(conn, caller.tenant.id)
    return _tagged(response, caller, found)


@router.put(
    "",
    operation_id="change_settings",
    summary="Replace the tenant's settings",
    responses=answers(401, 403, 404, 412, 428),
)
def change(
    response: Response,
    body: Settings,
    caller: Annotated[Caller, Depends(needs("config.update", personal=True))],
    if_match: IfMatch = None,
) -> TenantShown:
    """All of them, as `settings` of the answer has them. 428 without If-Match, 412 where somebody else was faster."""
    if if_match is None:
        raise Problem(428, detail="read the settings, and give their ETag in the header If-Match")
    try:
        changed = change_settings(
            caller.platform,
            caller.tenant,
            body.wanted(),
            if_match.strip().removeprefix("W/").strip('"'),
            caller.actor,
            request_id=caller.request_id,
            address=caller.address,
        )
    except ChangedMeanwhile as error:
        raise Problem(412, detail=str(error)) from None
    return _tagged(response, caller, changed)


def _tagged(response: Response, caller: Caller, settings: TenantSettings) -> TenantShown:
    response.headers["ETag"] = f'"{settings.version}"'
    return tenant_shown(caller.tenant, settings)
