"""Personal data in answers: masked, unless who may see it asks for it (SEC-40, TEN-28); refusals by a route itself."""

from typing import Annotated, Any

from fastapi import Query, Request
from psycopg import Connection

from sync_platform.api.caller import Caller
from sync_platform.api.problems import Problem
from sync_platform.api.refusals import audit_refused
from sync_platform.db.audit import audit
from sync_platform.sync.permissions import access

PERMISSION = "customers.read_pii"
PersonalAsked = Annotated[
    bool, Query(description="personal values in the open; needs customers.read_pii, and is noted in the audit")
]


def personal_values(request: Request, caller: Caller, asked: bool, subject: str) -> bool:
    """Whether personal values are shown. Raises Problem 403 for who may not see them, 400 for a missing reason."""
    if not asked:
        return False
    if not may(caller, PERMISSION):
        raise refuse(request, caller, PERMISSION, f"personal values need the permission {PERMISSION}")
    caller.require_reason()
    detail = {"reason": caller.reason} if caller.reason else {}

    def append(conn: Connection[Any]) -> None:
        audit(
            conn,
            caller.tenant.id,
            caller.actor,
            "personal.read",
            subject,
            detail,
            request_id=caller.request_id,
            address=caller.address,
        )

    caller.platform.database.run(append, caller.tenant.id, "sp_web")
    return True


def may(caller: Caller, permission: str) -> bool:
    """Whether the caller has another permission beside the one of the route, for everything."""
    return access(caller.platform, caller.identity, caller.tenant, permission) == "all"


def refuse(request: Request, caller: Caller, permission: str, detail: str) -> Problem:
    """403, audited (SEC-31). To be raised."""
    audit_refused(
        request, "permission.refused", tenant=caller.tenant, actor=caller.actor, detail={"permission": permission}
    )
    return Problem(403, "Not permitted", detail, kind="not-permitted")
