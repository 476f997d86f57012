"""``/api/audit``: who did what (SEC-30)."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import may, refuse
from sync_platform.api.problems import answers
from sync_platform.api.shown.audit import EntryShown, csv_row
from sync_platform.sync.audit import read_audit
from sync_platform.transforms.spreadsheet_safe import safe_lines

router = APIRouter(prefix="/api/audit", tags=["audit"], route_class=GuardedRoute)

EXPORT = "data.export"
MAX_EXPORTED, _AT_ONCE = 50_000, 1000
Reader = Annotated[Caller, Depends(needs("audit.read", personal=True))]
Action = Annotated[
    str | None, Query(max_length=100, pattern=r"^[a-z_.]+$", description="how the action begins, such as matches.")
]
Actor = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="as entries name it")]
Since = Annotated[AwareDatetime | None, Query(description="entries from this time on")]
Until = Annotated[AwareDatetime | None, Query(description="entries before this time")]


@router.get("", operation_id="read_audit", summary="Entries of the audit log", responses=answers(401, 403, 404))
def read(
    caller: Reader,
    paging: Paging,
    action: Action = None,
    actor: Actor = None,
    since: Since = None,
    until: Until = None,
) -> Page[EntryShown]:
    """Newest first."""
    after = paging.key(int)
    found = read_audit(
        caller.platform,
        caller.tenant.id,
        before_id=after[0] if after else None,
        limit=paging.fetch,
        actor=actor,
        action=action,
        since=since,
        until=until,
    )
    shown, cursor = page_of(found, paging, lambda one: (one.id,))
    return Page(items=[EntryShown.model_validate(one) for one in shown], next_cursor=cursor)


@router.get(
    "/export.csv",
    operation_id="export_audit",
    summary="Entries of the audit log as a file for spreadsheets",
    response_class=StreamingResponse,
    responses={
        **answers(401, 403, 404),
        200: {
            "description": "newest first, at most 50,000",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
    },
)
def export(
    request: Request,
    caller: Reader,
    action: Action = None,
    actor: Actor = None,
    since: Since = None,
    until: Until = None,
) -> StreamingResponse:
    """Cells that a spreadsheet would run have a quote in front (SEC-41)."""
    if not may(caller, EXPORT):
        raise refuse(request, caller, EXPORT, f"exports need the permission {EXPORT}")

    def rows() -> Iterator[list[str]]:
        yield list(EntryShown.model_fields)
        before: int | None = None
        for _ in range(MAX_EXPORTED // _AT_ONCE):
            page = read_audit(
                caller.platform,
                caller.tenant.id,
                before_id=before,
                limit=_AT_ONCE,
                actor=actor,
                action=action,
                since=since,
                until=until,
            )
            yield from (csv_row(one) for one in page)
            if len(page) < _AT_ONCE:
                return
            before = page[-1].id

    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(safe_lines(rows()), media_type="text/csv; charset=utf-8", headers=headers)
