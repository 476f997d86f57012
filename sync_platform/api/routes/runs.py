"""``/api/runs``: what ran and what waits, how far it is, and how to stop it or take it back (API-03, API-04)."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from sync_platform.api.accepted import Accepted, accepted
from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import Body, Line
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import may, refuse
from sync_platform.api.problems import Problem, answers
from sync_platform.api.run_access import Asker, RunId, find, find_with_runs, still_allowed
from sync_platform.api.run_events import event_id, has_ended, progress_events
from sync_platform.api.run_feed import RunFeed
from sync_platform.api.shown.runs import RequestShown, RunShown, request_shown, run_shown
from sync_platform.db.ledger import cancel_run
from sync_platform.db.run_pages import page_of_runs
from sync_platform.db.run_request_row import RunRequest
from sync_platform.db.run_row import RunKind, RunState
from sync_platform.sync.permissions import web_transaction
from sync_platform.sync.run_requests import ask
from sync_platform.sync.run_requests import cancel as cancel_request

router = APIRouter(prefix="/api/runs", tags=["runs"], route_class=GuardedRoute)

HEART_BEAT = 15  # seconds
CANCEL, TAKE_BACK = "sync.cancel", "promote.rollback"
NO_UNDO = (
    "what a sync read is what its source says: correct it there and sync again. A field that was carried into"
    " production is taken back with POST /api/promotions/{id}/rollback, an import with another file"
)
_STREAM = {
    "description": "server-sent events: `progress`, at last `end`, each with an EventShown as data",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "one event",
                "properties": {
                    "id": {"type": "string"},
                    "event": {"enum": ["progress", "end"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            }
        }
    },
}
Filter = Annotated[str | None, Query(max_length=63, pattern=r"^[a-z_]+$")]


class CancelAsked(Body):
    """Why, for whoever looks at the run later."""

    reason: Line | None = None


@router.get("", operation_id="list_runs", summary="Runs of the ledger, newest first", responses=answers(401, 403, 404))
def list_runs(
    caller: Annotated[Caller, Depends(needs("sync.run"))],
    paging: Paging,
    source: Filter = None,
    entity: Filter = None,
    kind: Annotated[RunKind | None, Query()] = None,
    state: Annotated[RunState | None, Query()] = None,
) -> Page[RunShown]:
    """Of the caller's own tenant, whoever or whatever started them."""
    after = paging.key(int)
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        rows = page_of_runs(
            conn,
            caller.tenant.id,
            limit=paging.fetch,
            before=after[0] if after else None,
            source=source,
            entity=entity,
            kind=kind,
            state=state,
        )
    shown, cursor = page_of(rows, paging, lambda row: (row.id,))
    return Page(items=[run_shown(row) for row in shown], next_cursor=cursor)


@router.get(
    "/{run_id}", operation_id="get_run", summary="How far a run is, or how it ended", responses=answers(401, 403, 404)
)
def get_run(run_id: RunId, caller: Asker) -> RequestShown | RunShown:
    """By the id of a request, with the runs that it has started; or by the number of one run."""
    request, runs = find_with_runs(caller, run_id)
    return request_shown(request, runs) if request else run_shown(runs[0])


@router.get(
    "/{run_id}/events",
    operation_id="watch_run",
    summary="The progress of a run as a stream",
    response_class=EventSourceResponse,
    responses={
        **answers(401, 403, 404),
        200: _STREAM,
        204: {"description": "the end was told already; do not reconnect"},
    },
)
async def watch_run(
    request: Request,
    run_id: RunId,
    caller: Asker,
    last_event_id: Annotated[str | None, Header(max_length=300, description="what the client has seen")] = None,
) -> Response:
    """Ends with the final state. A client that reconnects says what it has seen last, and is not told it again."""
    now = await run_in_threadpool(find, caller, run_id)
    if has_ended(now) and last_event_id == event_id(now):
        return Response(status_code=204)
    feed: RunFeed = request.app.state.run_feed
    feed.require_room(caller.tenant)
    allowed: Callable[[], bool] = partial(still_allowed, caller)
    events = progress_events(feed, caller.tenant, now.id, now, last_event_id, allowed)
    return EventSourceResponse(
        events, ping=HEART_BEAT, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


@router.post(
    "/{run_id}/cancel",
    operation_id="cancel_run",
    summary="Stop a run",
    responses=answers(401, 403, 404, 409),
)
def cancel(request: Request, run_id: RunId, caller: Asker, body: CancelAsked | None = None) -> RequestShown | RunShown:
    """One that waits ends at once, one that runs stops at its next page; what is committed stays. 409 after the end.

    Everybody can cancel what they asked for; runs of others need sync.cancel.
    """
    found = find(caller, run_id)
    if found.actor != caller.actor and not may(caller, CANCEL):
        raise refuse(request, caller, CANCEL, f"stopping runs of others needs the permission {CANCEL}")
    reason = f"cancelled by {caller.actor}" + (f": {body.reason}" if body and body.reason else "")
    if isinstance(found, RunRequest):
        cancel_request(caller.platform, caller.tenant, found.id, reason)
    else:
        cancel_run(caller.platform.database, caller.tenant.id, found.id, reason)
    return get_run(run_id, caller)


@router.post(
    "/{run_id}/undo",
    status_code=202,
    operation_id="undo_run",
    summary="Take back what a request did",
    responses=answers(401, 403, 404, 409),
)
def undo(
    request: Request, response: Response, run_id: RunId, caller: Annotated[Caller, Depends(needs("sync.undo"))]
) -> Accepted:
    """Of a promotion: its rollback. 409 for all else, with what can be done instead."""
    found = find(caller, run_id)
    if not isinstance(found, RunRequest) or found.kind != "promotion":
        raise Problem(409, "Cannot be taken back", NO_UNDO, kind="no-undo")
    if found.state != "succeeded":
        raise Problem(
            409, "Cannot be taken back", f"the promotion is {found.state}; it has to succeed first", kind="no-undo"
        )
    if not may(caller, TAKE_BACK):
        raise refuse(request, caller, TAKE_BACK, f"taking a promotion back needs the permission {TAKE_BACK}")
    what = {name: found.arguments[name] for name in ("entity", "field")}
    return accepted(response, ask(caller.platform, caller.tenant, "rollback", what, caller.actor, caller.request_id))
