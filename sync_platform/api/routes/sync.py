"""``/api/sync``: read a source now (API-11)."""

from datetime import date
from functools import partial
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Request, Response
from psycopg import Connection
from pydantic import Field, StringConstraints, ValidationError, model_validator

from sync_platform.api.accepted import Accepted, accepted
from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import Body
from sync_platform.api.personal import may, refuse
from sync_platform.api.problems import Problem, answers
from sync_platform.db.audit import audit
from sync_platform.db.run_request_row import RunRequest
from sync_platform.sync.request import Entity, Mode, Source
from sync_platform.sync.request_arguments import ENTITIES_OF, ManualSync
from sync_platform.sync.run_requests import ask

router = APIRouter(prefix="/api/sync", tags=["sync"], route_class=GuardedRoute)

RUN, DRY_RUN, EMERGENCY = "sync.run", "sync.dry_run", "sync.emergency"
MOST = {"normal": 100, "emergency": 1000}
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class ManualSyncAsked(Body):
    """Without a number and without days: what changed since the last run."""

    source: Source
    entity: Entity | Literal["all"] = "all"
    transaction_count: Annotated[
        int | None,
        Field(
            ge=1, le=MOST["emergency"], description="so many of the newest payments of mx_merchant, 100 in normal mode"
        ),
    ] = None
    mode: Mode = "normal"
    reason: Annotated[Reason | None, Field(description="why it is an emergency")] = None
    date_from: Annotated[date | None, Field(description="first day, in emergencies; the tenant's calendar")] = None
    date_to: Annotated[date | None, Field(description="last day; today")] = None
    dry_run: bool = False
    merchant_id: Annotated[
        str | None, Field(min_length=1, max_length=100, description="id or slug of the tenant; super_admin only")
    ] = None

    @model_validator(mode="after")
    def _of_its_mode(self) -> Self:
        if self.mode == "normal":
            if self.date_from is not None or self.date_to is not None:
                raise ValueError("days are for the mode `emergency`")
            if self.reason is not None:
                raise ValueError("a reason is for the mode `emergency`")
        try:
            self.asked()
        except ValidationError as error:  # in its words, without the values
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    def asked(self) -> ManualSync:
        """As the queue takes it. Raises ValidationError for what the source does not have."""
        entities = ENTITIES_OF[self.source] if self.entity == "all" else (self.entity,)
        return ManualSync(
            source=self.source,
            entities=entities,
            first_day=self.date_from,
            last_day=self.date_to,
            newest=self.transaction_count,
            mode=self.mode,
            reason=self.reason,
            dry_run=self.dry_run,
        )


@router.post(
    "/manual",
    status_code=202,
    operation_id="sync_manually",
    summary="Read a source now",
    responses=answers(401, 403, 404, 409),
)
def sync_manually(
    request: Request,
    response: Response,
    body: ManualSyncAsked,
    caller: Annotated[Caller, Depends(needs(RUN, DRY_RUN))],
) -> Accepted:
    """By a worker. Where the same data is being written it waits for that to end. 409 when too much waits already.

    The mode `emergency` reads more at once, needs a reason and sync.emergency, and is noted in the audit.
    """
    wanted = DRY_RUN if body.dry_run else RUN
    if not may(caller, wanted):
        raise refuse(request, caller, wanted, f"this needs the permission {wanted}")
    if body.mode == "emergency" and not may(caller, EMERGENCY):
        raise refuse(request, caller, EMERGENCY, f"the mode `emergency` needs the permission {EMERGENCY}")
    if body.merchant_id is not None:
        if caller.role != "super_admin":
            raise refuse(request, caller, "tenants.manage", "merchant_id is for super administrators; leave it out")
        if body.merchant_id.lower() not in (str(caller.tenant.id), caller.tenant.slug):
            raise Problem(
                404, "No such tenant", "merchant_id is not the tenant of the header X-Tenant", kind="no-such-tenant"
            )
    run = ask(
        caller.platform,
        caller.tenant,
        "sync.manual",
        body.asked().model_dump(mode="json"),
        caller.actor,
        caller.request_id,
        also=partial(_note, caller, body) if body.mode == "emergency" else None,
    )
    return accepted(response, run)


def _note(caller: Caller, body: ManualSyncAsked, conn: Connection[Any], run: RunRequest) -> None:
    audit(
        conn,
        caller.tenant.id,
        caller.actor,
        EMERGENCY,
        f"request {run.id}",
        {"source": body.source, "reason": body.reason},
        request_id=caller.request_id,
        address=caller.address,
    )
