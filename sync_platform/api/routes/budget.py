"""``/api/budget``: how much of the call budgets is used (HTTP-12)."""

from typing import Annotated

from fastapi import APIRouter, Depends

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.problems import answers
from sync_platform.api.shown.budget import BudgetList, budget_shown
from sync_platform.sync.budgets import budget_uses_of

router = APIRouter(prefix="/api/budget", tags=["budget"], route_class=GuardedRoute)


@router.get(
    "",
    operation_id="show_budget",
    summary="Used and left calls of the tenant's keys",
    responses=answers(401, 403, 404),
)
def show_budget(caller: Annotated[Caller, Depends(needs("config.read"))]) -> BudgetList:
    """With a forecast for the day (UTC). Of others who share a key there is only the sum."""
    uses = budget_uses_of(caller.platform, caller.tenant)
    return BudgetList(items=[budget_shown(one, caller.tenant.slug) for one in uses])
