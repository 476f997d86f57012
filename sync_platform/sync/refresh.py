"""A person's own refresh: once a minute at most, and of nobody else's packages (CRM-21)."""

import math
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.crm_entities import SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, SyncResult, no_progress

ROLE: Literal["sp_web"] = "sp_web"


class TooSoon(Refused):
    """The packages were refreshed a moment ago (CRM-21). ``seconds`` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"these packages were refreshed a moment ago; try again in {seconds} seconds")
        self.seconds = seconds


def take_refresh(platform: Platform, tenant: Tenant, profile_id: str) -> datetime:
    """Take this minute's turn of a profile. The caller has made sure that it is the person's own.

    Returns when it was taken, which gives it back. Raises TooSoon, and InvalidRequest where there is no such profile.
    """
    now, pause = platform.clock(), platform.settings.crm.refresh_pause_seconds
    values: dict[str, Any] = {"tenant": tenant.id, "profile": profile_id, "now": now, "pause": pause}

    def take(conn: Connection[Any]) -> float | None:
        """Seconds still to wait; None where it is this one's turn. Raises InvalidRequest."""
        if conn.execute(query("crm", "force_refresh"), values).fetchone():
            return None
        row = conn.execute(query("crm", "last_refresh"), values).fetchone()
        if row is None:
            raise InvalidRequest("there is no active profile of that name")
        if row[0] is None:  # somebody gave theirs back this very moment
            return 0.0
        return float((row[0] + timedelta(seconds=pause) - now).total_seconds())

    wait = platform.database.run(take, tenant.id, ROLE)
    if wait is not None:
        raise TooSoon(max(1, math.ceil(wait)))
    return now


def give_back(platform: Platform, tenant: Tenant, profile_id: str, taken_at: datetime) -> None:
    """A refresh that could not be started does not count."""
    values = {"tenant": tenant.id, "profile": profile_id, "now": taken_at}
    platform.database.run(lambda conn: conn.execute(query("crm", "give_refresh_back"), values), tenant.id, ROLE)


def refresh_taken(
    platform: Platform,
    tenant: Tenant,
    profile_id: str,
    on_progress: OnProgress = no_progress,
    request_id: UUID | None = None,
) -> SyncResult:
    """Read the packages of one profile now, whose turn was taken."""
    request = SyncRequest(
        tenant,
        "packages",
        (),
        "event",
        f"profile/{profile_id}",
        source=SOURCE,
        profiles=(profile_id,),
        request_id=request_id,
    )
    return sync_crm(platform, request, on_progress)


def refresh_own(platform: Platform, tenant: Tenant, profile_id: str) -> SyncResult:
    """Both. A refresh that could not be started, because all packages are being read just now, does not count."""
    taken_at = take_refresh(platform, tenant, profile_id)
    result = refresh_taken(platform, tenant, profile_id)
    if result.state == "refused":
        give_back(platform, tenant, profile_id, taken_at)
    return result
