"""Who asks, for which tenant, and whether that is allowed: before anything else of a request is looked at."""

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import Header, Request, Response, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sync_platform.api.idempotency import begin
from sync_platform.api.problems import FieldProblem, Problem
from sync_platform.api.refusals import address_of, audit_reason, audit_refused
from sync_platform.api.refusals import template_of as template_of
from sync_platform.core.errors import NotAuthenticated
from sync_platform.core.principal import How, Identity
from sync_platform.core.tenant import Tenant
from sync_platform.sync.identity import authenticate
from sync_platform.sync.permissions import access, roles_of
from sync_platform.sync.platform import Platform

_BEARER = HTTPBearer(auto_error=False, description="A service token (spt_...) or the identity provider's JWT.")
_REASON = re.compile(r"[^\x00-\x1f\x7f]{3,500}")
#: Whoever has this role has all tenants, and names one with every request (TEN-28).
MUST_NAME = "super_admin"
_READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Caller:
    """Somebody who may do what the route is for. ``how`` says what the permission covers (TEN-22).

    ``reason`` is what a super administrator gave for touching personal data or configuration (TEN-28); ``role`` is the
    highest one of a person at the tenant.
    """

    platform: Platform
    identity: Identity
    tenant: Tenant
    how: How
    request_id: str
    address: str
    reason: str | None = None
    role: str | None = None

    @property
    def actor(self) -> str:
        """The name in ledger and audit."""
        return self.identity.actor

    def require_reason(self) -> None:
        """Raises Problem 400 where a super administrator did not say why (TEN-28)."""
        if self.role == MUST_NAME and self.reason is None:
            raise Problem(400, "Why?", "say why in the header X-Reason, in 3 to 500 characters", kind="reason-missing")


class Needs:
    """A dependency that gives the Caller, or refuses: 401, 403, 404 for an unknown tenant, 429."""

    def __init__(self, *permissions: str, personal: bool, fast: bool) -> None:
        self.permissions, self.personal, self.fast = permissions, personal, fast

    async def __call__(
        self,
        request: Request,
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        _tenant: Annotated[
            str | None,
            Header(
                alias="X-Tenant", max_length=40, description="slug of the tenant; not needed where there is only one"
            ),
        ] = None,
        _reason: Annotated[
            str | None,
            Header(alias="X-Reason", max_length=500, description="why; super administrators have to say it"),
        ] = None,
    ) -> Caller:
        caller = await self.admit(request)
        await begin(request, caller.identity, caller.tenant.id)
        return caller

    async def admit(self, request: Request) -> Caller:
        """Once per request, in a thread: it asks the database."""
        known: Caller | None = getattr(request.state, "caller", None)
        if known is not None:
            return known
        lane: CapacityLimiter | None = request.app.state.fast_lane if self.fast else None
        admitted = await to_thread.run_sync(_admit, request, self, limiter=lane)
        request.state.caller = admitted
        return admitted


def needs(*permissions: str, personal: bool = False, fast: bool = False) -> Needs:
    """The caller with this permission: ``caller: Annotated[Caller, Depends(needs("imports.create"))]``.

    Of several any one will do, and ``how`` is what the first that there is covers. ``personal``: super administrators
    have to give a reason. ``fast``: admitted in the threads that are kept for webhooks and events, so that other
    requests do not hold it up.
    """
    return Needs(*permissions, personal=personal, fast=fast)


class GuardedRoute(APIRoute):
    """A route that lets its caller in before it reads the body: ``APIRouter(route_class=GuardedRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The library's, behind the guard."""
        handler = super().get_route_handler()
        guard = guard_of(self.dependant)
        if guard is None:
            return handler

        async def guarded(request: Request) -> Response:
            await guard.admit(request)
            return await handler(request)

        return guarded


def guard_of(dependant: Dependant) -> Needs | None:
    """What a route needs, or None where anybody may call it."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Needs):
            return dependency.call
        if (found := guard_of(dependency)) is not None:
            return found
    return None


def signed_in(request: Request) -> Identity:
    """Who asks, whatever they may do. Raises Problem 401 and 429."""
    platform, limits = request.app.state.platform, request.app.state.limits
    given = request.headers.getlist("authorization")
    try:
        identity = authenticate(platform, given[0] if len(given) == 1 else None)
    except NotAuthenticated as refused:
        if given:
            limits.failed_sign_in(address_of(request))
            audit_refused(request, "sign_in.failed")
        raise Problem(
            401, "Not signed in", str(refused), kind="not-signed-in", headers={"WWW-Authenticate": "Bearer"}
        ) from None
    limits.request(identity, write=request.method not in _READS)
    return identity


def _admit(request: Request, wanted: Needs) -> Caller:
    platform: Platform = request.app.state.platform
    identity = signed_in(request)
    tenant, role = _tenant_of(request, identity)
    how = _how(platform, identity, tenant, wanted.permissions)
    if how is None:
        named = " or ".join(wanted.permissions)
        detail = {"permission": named}
        audit_refused(request, "permission.refused", tenant=tenant, actor=identity.actor, detail=detail)
        raise Problem(403, "Not permitted", f"this needs the permission {named}", kind="not-permitted")
    caller = Caller(
        platform, identity, tenant, how, request.state.request_id, address_of(request), _reason_of(request), role
    )
    if wanted.personal:
        caller.require_reason()
        if caller.role == MUST_NAME:
            audit_reason(request, caller.tenant, caller.actor, caller.reason or "")
    return caller


def _how(platform: Platform, identity: Identity, tenant: Tenant, permissions: Sequence[str]) -> How | None:
    """What the first of them covers that there is. A token was asked for a moment ago, and its scopes came with it."""
    if identity.kind == "service":
        return "all" if identity.tenant == tenant and not identity.scopes.isdisjoint(permissions) else None
    found = (access(platform, identity, tenant, permission) for permission in permissions)
    return next((one for one in found if one is not None), None)


def _tenant_of(request: Request, identity: Identity) -> tuple[Tenant, str | None]:
    """The tenant that is meant, and the person's role there. Somebody else's tenant and none look alike."""
    named = request.headers.getlist("x-tenant")
    known = roles_of(request.app.state.platform, identity)
    if named:
        found = [(tenant, role) for tenant, role in known if [tenant.slug] == named]
        if not found:
            audit_refused(request, "tenant.refused", actor=identity.actor)
            raise Problem(404, "No such tenant", "there is no such tenant among yours", kind="no-such-tenant")
        return found[0]
    if len(known) == 1 and known[0][1] != MUST_NAME:
        return known[0]
    if not known:
        raise Problem(403, "Not permitted", "you have no grant for any tenant", kind="not-permitted")
    raise Problem(400, "Which tenant?", "name the tenant in the header X-Tenant", kind="tenant-not-named")


def _reason_of(request: Request) -> str | None:
    given = request.headers.get("x-reason")
    if given is not None and not _REASON.fullmatch(given):
        wrong = FieldProblem(where="header/X-Reason", code="wrong_reason", message="3 to 500 printable characters")
        raise Problem(422, "Invalid request", "the reason cannot be used", kind="invalid-request", errors=[wrong])
    return given
