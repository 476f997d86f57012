"""``/api/matches``: questions whether a profile is a customer of the CRM, for a person to decide (CRM-08)."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import RowNumber
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import PersonalAsked, personal_values
from sync_platform.api.problems import Problem, answers
from sync_platform.api.shown.matches import Decision, MatchDecided, MatchShown, State, match
from sync_platform.db.match_reviews import Review, find_review, review_page
from sync_platform.sync import reviews
from sync_platform.sync.permissions import web_transaction

router = APIRouter(prefix="/api/matches", tags=["matches"], route_class=GuardedRoute)

Reviewer = Annotated[Caller, Depends(needs("crm.match.review"))]
ReviewId = Annotated[RowNumber, Path(description="number of the question")]


@router.get(
    "",
    operation_id="list_matches",
    summary="Questions, newest first",
    responses=answers(401, 403, 404),
)
def list_matches(
    request: Request,
    caller: Reviewer,
    paging: Paging,
    state: Annotated[State | None, Query(description="only questions in this state")] = None,
    personal: PersonalAsked = False,
) -> Page[MatchShown]:
    """With both records as they were when it was asked, personal values masked."""
    after = paging.key(int)
    before = after[0] if after else None
    tenant_id = caller.tenant.id
    open_values = personal_values(request, caller, personal, "matches")
    if open_values:
        with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
            found = review_page(conn, tenant_id, state, before, paging.fetch)
    else:
        found = caller.platform.database.run(
            lambda conn: review_page(conn, tenant_id, state, before, paging.fetch), tenant_id
        )
    shown, cursor = page_of(found, paging, lambda one: (one.id,))
    return Page(items=[match(one, personal=open_values) for one in shown], next_cursor=cursor)


@router.get(
    "/{review_id}",
    operation_id="show_match",
    summary="One question with both records",
    responses=answers(401, 403, 404),
)
def show_match(request: Request, review_id: ReviewId, caller: Reviewer, personal: PersonalAsked = False) -> MatchShown:
    """As they were when it was asked, personal values masked."""
    found = _found(caller, review_id)
    return match(found, personal=personal_values(request, caller, personal, f"review {review_id}"))


@router.post(
    "/{review_id}/confirm",
    operation_id="confirm_match",
    summary="They are the same person",
    responses=answers(401, 403, 404, 409),
)
def confirm_match(review_id: ReviewId, caller: Reviewer, body: Decision | None = None) -> MatchDecided:
    """Linked, and no automatic matching changes it; packages come with the next sync. 409 where it is not open."""
    _found(caller, review_id)
    return _decided(reviews.confirm, caller, review_id, body)


@router.post(
    "/{review_id}/reject",
    operation_id="reject_match",
    summary="They are two people",
    responses=answers(401, 403, 404, 409),
)
def reject_match(review_id: ReviewId, caller: Reviewer, body: Decision | None = None) -> MatchDecided:
    """Never linked, and not asked again. 409 where it is not open."""
    _found(caller, review_id)
    return _decided(reviews.reject, caller, review_id, body)


def _found(caller: Caller, review_id: int) -> Review:
    tenant_id = caller.tenant.id
    found = caller.platform.database.run(lambda conn: find_review(conn, tenant_id, review_id), tenant_id)
    if found is None:
        raise Problem(404, detail="there is no such question")
    return found


def _decided(
    decide: Callable[..., reviews.Decided], caller: Caller, review_id: int, body: Decision | None
) -> MatchDecided:
    done = decide(
        caller.platform,
        caller.tenant,
        review_id,
        caller.actor,
        (body.note or "") if body else "",
        request_id=caller.request_id,
        address=caller.address,
    )
    return MatchDecided(**match(done.review, personal=False).model_dump(), packages=done.packages)
