"""``sync-platform budget``: how much of the call budgets is used, and by whom (HTTP-12)."""

from dataclasses import asdict
from typing import Any

from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.settings import load_settings
from sync_platform.sync.budgets import BudgetUse, budget_uses
from sync_platform.sync.platform import open_platform

_COLUMNS = tuple("credential source tenant used share limit left today forecast allowed state".split())


def budget(as_json: AsJson = False) -> None:
    """Show used and left calls of each credential, a forecast for the day (UTC), and each tenant's share."""
    with open_platform(load_settings()) as platform:
        uses = budget_uses(platform)
    data = [asdict(use) | {"state": use.state} for use in uses]
    emit(data, as_json, table_of(*_COLUMNS, rows=[row for use in uses for row in _rows(use)]))


def _rows(use: BudgetUse) -> list[tuple[Any, ...]]:
    """The credential's line, and below it one for each tenant."""
    whole = (use.limit, use.left, use.today, use.forecast, use.allowed_today, use.state)
    first = (use.credential, use.source, f"{len(use.tenants)} tenants", use.used, "", *whole)
    return [first, *(("", "", part.tenant, part.used, f"{part.share:.0%}", "", "", part.today) for part in use.tenants)]
