"""What is audited before a request is carried out: refusals, but no flood of them (SEC-31), and reasons (TEN-28)."""

from typing import Any

from fastapi import Request

from sync_platform.api.limits import RateLimits
from sync_platform.core.tenant import Tenant
from sync_platform.sync.audit import audit_refusal
from sync_platform.sync.platform import Platform

NOBODY = "anybody"


def audit_refused(
    request: Request,
    action: str,
    *,
    tenant: Tenant | None = None,
    actor: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """An entry that stays, whatever becomes of the request; at most 60 a minute for a tenant, as many for nobody's.

    Without a tenant and an actor those of the caller are taken, if there is one.
    """
    caller = getattr(request.state, "caller", None)
    tenant = tenant or (caller.tenant if caller else None)
    platform: Platform = request.app.state.platform
    limits: RateLimits = request.app.state.limits
    tenant_id = tenant.id if tenant else None
    if limits.refusal_is_audited(tenant_id):
        audit_refusal(
            platform,
            tenant_id,
            actor or (caller.actor if caller else NOBODY),
            action,
            template_of(request),
            detail or {},
            request.state.request_id,
            address_of(request),
        )


def audit_reason(request: Request, tenant: Tenant, actor: str, reason: str) -> None:
    """Why a super administrator acts for a tenant (TEN-28); what is done has an entry of its own, if it is done."""
    platform: Platform = request.app.state.platform
    template, request_id = template_of(request), request.state.request_id
    detail = {"reason": reason}
    audit_refusal(platform, tenant.id, actor, "super_admin.acts", template, detail, request_id, address_of(request))


def template_of(request: Request) -> str:
    """Method and template of the route: no value of the request."""
    return f"{request.method} {getattr(request.scope.get('route'), 'path_format', '')}".strip()


def address_of(request: Request) -> str:
    """The client's address; behind a trusted proxy the one that the proxy saw."""
    return request.client.host if request.client else ""
