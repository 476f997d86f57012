"""``/api/compare``: production and staging side by side, field by field (CMP-01 to CMP-08)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.paging import Page, Paging, page_of
from sync_platform.api.personal import PersonalAsked, personal_values, refuse
from sync_platform.api.problems import Problem, answers
from sync_platform.api.recent_counts import RecentCounts
from sync_platform.api.shown.compare import (
    ComparisonRates,
    ComparisonShown,
    DifferingRow,
    Entity,
    FieldName,
    RateThen,
    RowSideBySide,
    RowsShown,
    Table,
    differing,
    rate_then,
    rates,
    side_by_side,
    whole,
)
from sync_platform.db.field_map import compared_entity, mapped_entity
from sync_platform.db.gate import Verdict
from sync_platform.sync import comparison, drill_down
from sync_platform.sync.permissions import web_transaction

router = APIRouter(prefix="/api/compare", tags=["comparison"], route_class=GuardedRoute)

PERMISSION = "compare.read"
Reader = Annotated[Caller, Depends(needs(PERMISSION))]
Key = Annotated[
    str, Query(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$", description="of a line: receipt/line")
]


@router.get(
    "/{entity}",
    operation_id="show_comparison",
    summary="The newest comparison of a table",
    responses=answers(401, 403, 404),
)
def show_comparison(request: Request, entity: Entity, caller: Reader) -> ComparisonShown | ComparisonRates:
    """Counts of every field, the most frequent differences, and what the gate says now; a viewer gets the rates.

    404 where the table was not compared yet.
    """
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        found = comparison.newest_in(conn, caller.tenant, entity)
    if not found:
        raise Problem(404, detail=f"{entity} was not compared yet")
    if caller.how != "all":
        return rates(found[0])
    # packages are compared before the switch, and not promoted field by field
    return whole(found[0], [] if entity == "packages" else _gate(request, caller, entity))


@router.get(
    "/{entity}/fields/{field}",
    operation_id="field_history",
    summary="The rate of a field over time",
    responses=answers(401, 403, 404),
)
def field_history(entity: Entity, field: FieldName, caller: Reader, paging: Paging) -> Page[RateThen]:
    """Newest first (CMP-08)."""
    if field not in compared_entity(entity).names:
        raise Problem(404, detail=f"{entity} has no such field")
    after = paging.key(int)
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        before = after[0] if after else None
        found = comparison.history_in(conn, caller.tenant, entity, field, paging.fetch, before)
    shown, cursor = page_of(found[::-1], paging, lambda row: (row["id"],))
    return Page(items=[rate_then(row) for row in shown], next_cursor=cursor)


@router.get(
    "/{entity}/rows",
    operation_id="differing_rows",
    summary="The rows behind a figure",
    responses=answers(401, 403, 404),
)
def differing_rows(
    request: Request,
    entity: Table,
    caller: Reader,
    paging: Paging,
    field: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="with both of its values")
    ] = None,
    show: RowsShown = "different",
    personal: PersonalAsked = False,
) -> Page[DifferingRow]:
    """Of the newest comparison, with values as they are now; personal ones masked (CMP-06).

    Without a field only rows that one side lacks can be listed.
    """
    _rows_allowed(request, caller)
    known = mapped_entity(entity)
    if field is not None and field not in known.names:
        raise Problem(404, detail=f"{entity} has no such field")
    after = paging.key(*(str for _ in known.key)) or ()
    wanted: dict[str, Any] = {"field": field, "shown": show, "after": after, "limit": paging.fetch}
    if personal_values(request, caller, personal, f"compare {entity}.{field or 'rows'}"):
        with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
            found = drill_down.differing_rows_in(conn, caller.tenant, entity, **wanted, personal=True)
    else:
        found = drill_down.differing_rows(caller.platform, caller.tenant, entity, **wanted)
    parts = len(known.key)
    shown, cursor = page_of(found, paging, lambda row: tuple(row["key"].split("/", parts - 1)))
    return Page(items=[differing(row) for row in shown], next_cursor=cursor)


@router.get(
    "/{entity}/row",
    operation_id="row_side_by_side",
    summary="One row with both values of every field",
    responses=answers(401, 403, 404),
)
def row_side_by_side(
    request: Request, entity: Table, key: Key, caller: Reader, personal: PersonalAsked = False
) -> RowSideBySide:
    """As it is now; personal values masked (CMP-06)."""
    _rows_allowed(request, caller)
    parts = tuple(key.split("/", 1)) if len(mapped_entity(entity).key) > 1 else (key,)
    if personal_values(request, caller, personal, f"compare {entity}"):
        with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
            found = drill_down.row_in(conn, entity, parts, personal=True)
    else:
        with caller.platform.database.transaction(caller.tenant.id, comparison.ROLE) as conn:
            found = drill_down.row_in(conn, entity, parts)
    if found is None:
        raise Problem(404, detail="neither side has such a row")
    return side_by_side(found)


def _gate(request: Request, caller: Caller, entity: str) -> list[Verdict]:
    counts: RecentCounts = request.app.state.staging_counts
    rows = counts.known((caller.tenant.id, entity))
    found = comparison.verdicts(caller.platform, caller.tenant, entity, staging_rows=rows)
    if rows is None and found[0].staging_rows is not None:
        counts.note((caller.tenant.id, entity), found[0].staging_rows)
    return found


def _rows_allowed(request: Request, caller: Caller) -> None:
    """A viewer sees rates and no rows (TEN-22)."""
    if caller.how != "all":
        raise refuse(request, caller, PERMISSION, "your role sees the rates of comparisons, and no rows")
