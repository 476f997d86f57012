"""``/api/users``: who has which role at the tenant (TEN-20, TEN-21, TEN-25)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import RowNumber
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import refuse
from sync_platform.api.problems import Problem, answers
from sync_platform.api.shown.users import GrantShown, NewGrant
from sync_platform.core.errors import Refused
from sync_platform.sync.grants import LAST_OWNER, grant, list_users, revoke

router = APIRouter(prefix="/api/users", tags=["users"], route_class=GuardedRoute)

MANAGE = "users.manage"
Manager = Annotated[Caller, Depends(needs(MANAGE, personal=True))]


@router.get("", operation_id="list_users", summary="Who has which role", responses=answers(401, 403, 404))
def list_all(
    caller: Annotated[Caller, Depends(needs("users.invite"))],
    paging: Paging,
    ended: Annotated[bool, Query(description="also grants that were taken away or have expired")] = False,
) -> Page[GrantShown]:
    """In order of addition. A person may have several roles."""
    after = (paging.key(int) or (0,))[0]
    rows = [row for row in list_users(caller.platform, caller.tenant, ended=ended) if row.id > after]
    shown, cursor = page_of(sorted(rows, key=lambda row: row.id)[: paging.fetch], paging, lambda row: (row.id,))
    return Page(items=[GrantShown.model_validate(_plain(row)) for row in shown], next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    operation_id="grant_role",
    summary="Give a person a role",
    responses=answers(401, 403, 404, 409),
)
def give(request: Request, body: NewGrant, caller: Manager) -> GrantShown:
    """Nobody gives a role or permission above the own, and nobody changes the own. In force with the next request."""
    try:
        made = grant(
            caller.platform,
            caller.tenant,
            body.user_id,
            body.role,
            by=caller.identity,
            actor=caller.actor,
            extra=body.extra_permissions,
            denied=body.denied_permissions,
            expires_at=body.expires_at,
            request_id=caller.request_id,
            address=caller.address,
        )
    except Refused as error:
        raise above(request, caller, error) from None
    return GrantShown.model_validate(_plain(made))


@router.delete(
    "/{grant_id}",
    status_code=204,
    operation_id="revoke_role",
    summary="Take a role away",
    responses=answers(401, 403, 404, 409),
)
def take_away(
    request: Request, grant_id: Annotated[RowNumber, Path(description="number of the grant")], caller: Manager
) -> Response:
    """The person's next request is without it. 409 for the last owner, 403 for the own role or one above."""
    known = list_users(caller.platform, caller.tenant, ended=True)
    if not any(row.id == grant_id for row in known):
        raise Problem(404, detail="there is no such grant")
    try:
        revoke(
            caller.platform,
            caller.tenant,
            grant_id,
            by=caller.identity,
            actor=caller.actor,
            request_id=caller.request_id,
            address=caller.address,
        )
    except Refused as error:
        raise above(request, caller, error) from None
    return Response(status_code=204)


def above(request: Request, caller: Caller, error: Refused, permission: str = MANAGE) -> Problem:
    """A refusal because of who asks: 403, audited (SEC-31). The last owner stays whoever asks: 409."""
    if str(error) == LAST_OWNER:
        return Problem(409, "Not now", LAST_OWNER, kind="last-owner")
    return refuse(request, caller, permission, str(error))


def _plain(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in GrantShown.model_fields}
