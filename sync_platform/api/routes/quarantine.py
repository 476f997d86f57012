"""``/api/quarantine``: records that could not be loaded (SYS-08)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from sync_platform.api.accepted import Accepted, accepted
from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import RowNumber
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import PersonalAsked, personal_values
from sync_platform.api.problems import Problem, answers
from sync_platform.api.shown.quarantine import Dismissal, ItemLine, ItemShown, State
from sync_platform.db.quarantine import item
from sync_platform.sync import quarantine_list
from sync_platform.sync.masked_record import masked_record
from sync_platform.sync.permissions import web_transaction
from sync_platform.sync.quarantine_list import QuarantineFilter, QuarantineLine
from sync_platform.sync.run_requests import ask

router = APIRouter(prefix="/api/quarantine", tags=["quarantine"], route_class=GuardedRoute)

Reader = Annotated[Caller, Depends(needs("quarantine.read"))]
Worker = Annotated[Caller, Depends(needs("quarantine.replay"))]
ItemId = Annotated[RowNumber, Path(description="number of the item")]
Code = Annotated[str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]


@router.get(
    "",
    operation_id="list_quarantine",
    summary="Records that could not be loaded, newest number first",
    responses=answers(401, 403, 404),
)
def list_quarantine(
    caller: Reader,
    paging: Paging,
    state: Annotated[State | None, Query(description="only items in this state")] = None,
    source: Code = None,
    entity: Code = None,
    reason: Code = None,
) -> Page[ItemLine]:
    """Without the records themselves."""
    after = paging.key(int)
    wanted = QuarantineFilter(state, source, entity, reason, before=after[0] if after else None)
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        found = quarantine_list.lines(conn, caller.tenant.id, wanted, paging.fetch)
    shown, cursor = page_of(found, paging, lambda one: (one.id,))
    return Page(items=[ItemLine.model_validate(one) for one in shown], next_cursor=cursor)


@router.get(
    "/{item_id}",
    operation_id="show_quarantine_item",
    summary="One record that could not be loaded",
    responses=answers(401, 403, 404),
)
def show_quarantine_item(
    request: Request, item_id: ItemId, caller: Reader, personal: PersonalAsked = False
) -> ItemShown:
    """With what was kept of it, personal values masked."""
    _line(caller, item_id)
    open_values = personal_values(request, caller, personal, f"quarantine {item_id}")
    found = item(caller.platform.database, caller.tenant.id, item_id)
    record = found.raw if open_values else masked_record(found.raw)
    plain = {name: getattr(found, name) for name in ItemShown.model_fields if name != "record"}
    return ItemShown(**plain, record=record)


@router.post(
    "/{item_id}/replay",
    status_code=202,
    operation_id="replay_quarantine_item",
    summary="Load a record again",
    responses=answers(401, 403, 404, 409),
)
def replay_quarantine_item(response: Response, item_id: ItemId, caller: Worker) -> Accepted:
    """Read anew from its source by a worker. 409 for an item that is closed."""
    quarantine_list.require_open(_line(caller, item_id))
    run = ask(
        caller.platform,
        caller.tenant,
        "quarantine.replay",
        {"items": [item_id]},
        caller.actor,
        caller.request_id,
    )
    return accepted(response, run)


@router.post(
    "/{item_id}/dismiss",
    operation_id="dismiss_quarantine_item",
    summary="Give a record up",
    responses=answers(401, 403, 404, 409),
)
def dismiss_quarantine_item(item_id: ItemId, caller: Worker, body: Dismissal | None = None) -> ItemLine:
    """It stays in the list as dismissed, and is open again should the record come wrong once more."""
    _line(caller, item_id)
    reason = (body.reason or "") if body else ""
    closed = quarantine_list.dismiss(
        caller.platform,
        caller.tenant,
        item_id,
        caller.actor,
        reason,
        request_id=caller.request_id,
        address=caller.address,
    )
    return ItemLine(**{name: getattr(closed, name) for name in ItemLine.model_fields})


def _line(caller: Caller, item_id: int) -> QuarantineLine:
    """Raises Problem 404: another tenant's item is as unknown as none (F-60)."""
    with caller.platform.database.transaction(caller.tenant.id) as conn:
        found = quarantine_list.lines(conn, caller.tenant.id, QuarantineFilter(number=item_id), 1)
    if not found:
        raise Problem(404, detail="there is no such item")
    return found[0]
