"""Use of call budgets, as it is answered (HTTP-12)."""

from typing import Literal

from pydantic import Field

from sync_platform.api.models import Answer
from sync_platform.sync.budgets import BudgetUse


class OwnUse(Answer):
    """The tenant's own part of a budget."""

    used: int
    share: float = Field(description="of all calls in the period")
    today: int


class BudgetShown(Answer):
    """A budget that the tenant's account belongs to. Of others who share it there is only the sum."""

    source: str
    credential: str = Field(description="the first characters of a keyed hash")
    period_seconds: float
    limit: int
    used: int
    left: int
    today: int
    forecast: int
    allowed_today: int
    state: Literal["ok", "alarm"]
    own: OwnUse


class BudgetList(Answer):
    """All budgets of a tenant."""

    items: list[BudgetShown]


def budget_shown(use: BudgetUse, slug: str) -> BudgetShown:
    """A budget as one of those who share it may see it."""
    own = next((one for one in use.tenants if one.tenant == slug), None)
    shown = {name: getattr(use, name) for name in BudgetShown.model_fields if name != "own"}
    return BudgetShown(
        **shown,
        own=OwnUse(used=own.used, share=own.share, today=own.today) if own else OwnUse(used=0, share=0, today=0),
    )
