"""Whether the platform can serve: its database, at this release's version, with a queue that can be read (API-01)."""

from typing import Literal

import psycopg

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.db.migration_status import read_status
from sync_platform.db.run_requests import waiting_tenants
from sync_platform.sync.platform import Platform

Part = Literal["database", "migrations", "queue"]


def what_fails(platform: Platform) -> Part | None:
    """The first part that does not work, or None. A newer release's database is no reason not to serve."""
    part: Part = "database"
    try:
        with platform.database.transaction() as conn:
            found = read_status(conn)
        part = "migrations"
        if found.behind:
            return part
        part = "queue"
        waiting_tenants(platform.database, platform.settings.requests.tenant_parallel)
    except (DatabaseUnavailable, psycopg.Error):
        return part
    return None
