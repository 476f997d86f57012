"""Whether deliveries of a tenant wait to be handled, and what tells one such state from the next."""

from dataclasses import dataclass

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.platform import Platform


@dataclass(frozen=True)
class WaitingEvents:
    """``mark`` changes with every new event, with every one that is handled, and with every try."""

    tenant: str
    events: int
    mark: str


def waiting_events(platform: Platform, tenant: Tenant) -> WaitingEvents | None:
    """What is due; None where nothing is, or where the source refused the tenant's keys: that waits for new ones."""
    values = {"tenant": tenant.id, "source": SOURCE, "now": platform.clock()}
    row = platform.database.run(lambda conn: conn.execute(query("webhooks", "waiting"), values).fetchone(), tenant.id)
    if row is None or not row[0]:
        return None
    return WaitingEvents(tenant.slug, row[0], "/".join(map(str, (tenant.slug, *row))))
