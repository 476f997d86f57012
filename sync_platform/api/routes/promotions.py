"""``/api/promotions``: fields carried into production through the gate, and taken back (CMP-10 to CMP-16)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from sync_platform.api.accepted import Accepted, accepted
from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import RowNumber
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import may, refuse
from sync_platform.api.problems import FieldProblem, Problem, answers
from sync_platform.api.shown.compare import Table
from sync_platform.api.shown.promotions import PromotionAsked, PromotionShown, RollbackAsked
from sync_platform.db.field_map import ROWS, mapped_entity
from sync_platform.db.promotions import PromotionRow, promotions_in
from sync_platform.sync.comparison import ROLE
from sync_platform.sync.run_requests import ask

router = APIRouter(prefix="/api/promotions", tags=["promotions"], route_class=GuardedRoute)

OVERRIDE = "promote.override"
PromotionId = Annotated[RowNumber, Path(description="number of the promotion")]


@router.get(
    "",
    operation_id="list_promotions",
    summary="Promotions and rollbacks, newest first",
    responses=answers(401, 403, 404),
)
def list_promotions(
    caller: Annotated[Caller, Depends(needs("promote.run"))],
    paging: Paging,
    entity: Annotated[Table | None, Query(description="only of this table")] = None,
    field: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="only of this field")] = None,
) -> Page[PromotionShown]:
    """Of the caller's own tenant."""
    after = paging.key(int)
    with caller.platform.database.transaction(caller.tenant.id, ROLE) as conn:
        found = promotions_in(
            conn,
            caller.tenant.id,
            entity=entity,
            field=field,
            before=after[0] if after else None,
            limit=paging.fetch,
        )
    shown, cursor = page_of(found, paging, lambda one: (one.id,))
    return Page(items=[PromotionShown.model_validate(one) for one in shown], next_cursor=cursor)


@router.post(
    "",
    status_code=202,
    operation_id="promote",
    summary="Replace a field of production by what the source says",
    responses=answers(401, 403, 404, 409),
)
def promote(
    request: Request, response: Response, body: PromotionAsked, caller: Annotated[Caller, Depends(needs("promote.run"))]
) -> Accepted:
    """By a worker, in batches, if the gate is open; the request's result says what was done, or why not.

    A dry run shows what would be done, with 20 samples. Through a closed gate only with a reason, and with
    promote.override.
    """
    if body.field != ROWS and body.field not in mapped_entity(body.entity).names:
        wrong = FieldProblem(where="body/field", code="unknown_field", message=f"{body.entity} has no such field")
        raise Problem(422, "Invalid request", "see errors for what is wrong", kind="invalid-request", errors=[wrong])
    if body.override_reason is not None and not may(caller, OVERRIDE):
        raise refuse(request, caller, OVERRIDE, f"going through a closed gate needs the permission {OVERRIDE}")
    run = ask(
        caller.platform,
        caller.tenant,
        "promotion.preview" if body.dry_run else "promotion",
        body.model_dump(mode="json", exclude={"dry_run"}),
        caller.actor,
        caller.request_id,
    )
    return accepted(response, run)


@router.post(
    "/{promotion_id}/rollback",
    status_code=202,
    operation_id="roll_back_promotion",
    summary="Take a promotion back",
    responses=answers(401, 403, 404, 409),
)
def roll_back_promotion(
    response: Response,
    promotion_id: PromotionId,
    caller: Annotated[Caller, Depends(needs("promote.rollback"))],
    body: RollbackAsked | None = None,
) -> Accepted:
    """By a worker, in batches. 409 for what is not in force any more, such as one that was taken back already."""
    found = _taken_back(caller, promotion_id)
    asked = body or RollbackAsked()
    run = ask(
        caller.platform,
        caller.tenant,
        "rollback.preview" if asked.dry_run else "rollback",
        {"entity": found.entity, "field": found.field, "changed_since": asked.changed_since},
        caller.actor,
        caller.request_id,
    )
    return accepted(response, run)


def _taken_back(caller: Caller, number: int) -> PromotionRow:
    """The promotion, if it is the one of its field that a rollback would take back."""
    with caller.platform.database.transaction(caller.tenant.id, ROLE) as conn:
        found = promotions_in(conn, caller.tenant.id, number=number)
    if not found:
        raise Problem(404, detail="there is no such promotion")
    if found[0].kind != "promotion":
        raise Problem(409, detail="this is a rollback; name the promotion")
    if found[0].state in ("rolled_back", "finalized"):
        words = "taken back already" if found[0].state == "rolled_back" else "finalized, and stays"
        raise Problem(409, detail=f"promotion {number} is {words}")
    return found[0]
