"""Tenants whose packages are read at times of their own, instead of the platform's (DAG-10)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.cron_text import check_cron
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.platform import Platform

#: Setting of an account; a cron text in the tenant's own zone.
CRON = "cron"


@dataclass(frozen=True)
class OwnTime:
    """``read_at`` is when packages were last read without anybody asking; None where they never were."""

    cron: str
    read_at: datetime | None


def own_time(platform: Platform, tenant: Tenant) -> OwnTime | None:
    """None for who keeps to the platform's time, or has no CRM."""
    return platform.database.run(partial(_own_time, tenant_id=tenant.id), tenant.id)


def own_cron(conn: Connection[Any], tenant_id: UUID) -> str | None:
    """The same inside the caller's transaction, without looking at what was read."""
    row = conn.execute(query("crm_times", "own_cron"), {"tenant": tenant_id}).fetchone()
    return row[0] if row and _kept_to(row[0]) else None


def at_platform_time(platform: Platform, tenants: Iterable[Tenant]) -> list[Tenant]:
    """Those without a time of their own, in the same order."""
    return [tenant for tenant in tenants if own_time(platform, tenant) is None]


def _own_time(conn: Connection[Any], tenant_id: UUID) -> OwnTime | None:
    row = conn.execute(query("crm_times", "own_time"), {"tenant": tenant_id}).fetchone()
    return OwnTime(row[0], row[1]) if row and _kept_to(row[0]) else None


def _kept_to(cron: str) -> bool:
    """A text that got past the check, such as in the database itself, means the platform's time: one tenant's mistake
    must not stop what looks at all of them."""
    try:
        check_cron(cron)
    except InvalidRequest:
        return False
    return True
