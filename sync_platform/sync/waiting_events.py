"""Whether deliveries of tenants wait to be handled, and what tells one such state from the next."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync_platform.core.tenant import Tenant
from sync_platform.db.accounts import tenants_at
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source


@dataclass(frozen=True)
class WaitingEvents:
    """``mark`` changes with every new event, with every one that is handled, and with every try."""

    tenant: str
    events: int
    mark: str


def waiting_events(platform: Platform, tenants: Sequence[Tenant], source: Source = SOURCE) -> list[WaitingEvents]:
    """What is due, in the order of the tenants. One whose keys the source refused is left out: it needs new ones."""
    found = tenants_at(platform.database, source, [tenant.id for tenant in tenants], platform.clock())
    waiting = [(tenant.slug, found[tenant.id]) for tenant in tenants if tenant.id in found]
    return [
        WaitingEvents(slug, due.events, f"{slug}/{due.events}/{due.newest}/{due.tries}")
        for slug, due in waiting
        if due.events
    ]
