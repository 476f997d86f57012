"""``/api/invitations``: a role for who brings the token, once, within 7 days (TEN-25)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from sync_platform.api.caller import Caller, GuardedRoute, needs, signed_in
from sync_platform.api.idempotency import begin
from sync_platform.api.models import RowNumber
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import PersonalAsked, personal_values
from sync_platform.api.problems import Problem, answers
from sync_platform.api.refusals import address_of
from sync_platform.api.routes.users import above
from sync_platform.api.shown.users import (
    Acceptance,
    GrantShown,
    InvitationShown,
    Invited,
    NewInvitation,
    invitation_shown,
)
from sync_platform.core.errors import Refused
from sync_platform.core.principal import Identity
from sync_platform.db.audit import PLATFORM_CHAIN
from sync_platform.sync.invitations import accept, invite, list_invitations, revoke_invitation

router = APIRouter(prefix="/api/invitations", tags=["users"], route_class=GuardedRoute)

INVITE = "users.invite"
Inviter = Annotated[Caller, Depends(needs(INVITE, personal=True))]
_BEARER = HTTPBearer(auto_error=False, description="The identity provider's JWT.")


async def _identity(
    request: Request, _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
) -> Identity:
    """Somebody without a tenant: what is asked twice is kept under the platform's own (API-05)."""
    identity = await run_in_threadpool(signed_in, request)
    await begin(request, identity, PLATFORM_CHAIN)
    return identity


@router.get("", operation_id="list_invitations", summary="Invitations, newest first", responses=answers(401, 403, 404))
def list_all(
    request: Request,
    caller: Annotated[Caller, Depends(needs(INVITE))],
    paging: Paging,
    personal: PersonalAsked = False,
) -> Page[InvitationShown]:
    """Those that ended too. Addresses are masked."""
    after = paging.key(int)
    rows = [row for row in list_invitations(caller.platform, caller.tenant) if after is None or row.id < after[0]]
    newest = sorted(rows, key=lambda row: -row.id)[: paging.fetch]
    open_values = personal_values(request, caller, personal, "invitations")
    shown, cursor = page_of(newest, paging, lambda row: (row.id,))
    return Page(items=[invitation_shown(row, personal=open_values) for row in shown], next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    operation_id="invite",
    summary="Invite somebody",
    responses=answers(401, 403, 404, 409),
)
def send(request: Request, body: NewInvitation, caller: Inviter) -> Invited:
    """The answer has the token, this once. Nobody invites above the own role; administrators invite staff."""
    try:
        token, row = invite(
            caller.platform,
            caller.tenant,
            body.role,
            by=caller.identity,
            actor=caller.actor,
            email=body.email,
            extra=body.extra_permissions,
            denied=body.denied_permissions,
            grant_expires_at=body.grant_expires_at,
            request_id=caller.request_id,
            address=caller.address,
        )
    except Refused as error:
        raise above(request, caller, error, INVITE) from None
    return Invited(token=token, invitation=invitation_shown(row, personal=False))


@router.delete(
    "/{invitation_id}",
    status_code=204,
    operation_id="revoke_invitation",
    summary="Take an invitation back",
    responses=answers(401, 403, 404, 409),
)
def take_back(
    request: Request,
    invitation_id: Annotated[RowNumber, Path(description="number of the invitation")],
    caller: Inviter,
) -> Response:
    """Nobody can take it up any more. What was taken up stays: take the role away."""
    known = list_invitations(caller.platform, caller.tenant)
    if not any(row.id == invitation_id for row in known):
        raise Problem(404, detail="there is no such invitation")
    try:
        revoke_invitation(
            caller.platform,
            caller.tenant,
            invitation_id,
            by=caller.identity,
            actor=caller.actor,
            request_id=caller.request_id,
            address=caller.address,
        )
    except Refused as error:
        raise above(request, caller, error, INVITE) from None
    return Response(status_code=204)


@router.post(
    "/accept",
    status_code=201,
    operation_id="accept_invitation",
    summary="Take an invitation up",
    responses=answers(401, 409),
)
def take_up(request: Request, body: Acceptance, identity: Annotated[Identity, Depends(_identity)]) -> GrantShown:
    """By the person who is signed in; no role is needed. 409 with the same words, whatever is wrong with the token."""
    made = accept(
        request.app.state.platform,
        identity,
        body.token,
        request_id=request.state.request_id,
        address=address_of(request),
    )
    return GrantShown(**{name: getattr(made, name) for name in GrantShown.model_fields})
