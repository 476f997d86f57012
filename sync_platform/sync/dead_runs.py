"""Finds runs whose process is gone by what the ledger says, and closes what they left open (SYS-19, DAG-12)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import reap_expired
from sync_platform.db.queries import query
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.platform import Platform


@dataclass
class Traces:
    """``writing`` runs hold a lease that is kept; ``expired`` ones have lost one; ``closed`` are ledger rows."""

    writing: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    closed: list[int] = field(default_factory=list)

    @property
    def dead(self) -> set[str]:
        """A run that still writes for other tenants is alive, whatever it has lost."""
        return self.expired - self.writing


def traces(platform: Platform, dagster_runs: Collection[str]) -> Traces:
    """Close the ledger rows of all tenants whose lease has expired, and tell what is known of these runs."""
    found = Traces()
    for tenant in directory(platform.database, states=ALL_STATES):
        found.closed += reap_expired(platform.database, tenant.id)
        if not dagster_runs:
            continue
        with platform.database.transaction(tenant.id) as conn:
            values = {"tenant": tenant.id, "runs": list(dagster_runs)}
            for run, writing, expired in conn.execute(query("dead_runs", "traces"), values):
                if writing:
                    found.writing.add(run)
                if expired:
                    found.expired.add(run)
    return found


def close_rows_of(platform: Platform, dagster_run: str, tenants: Iterable[Tenant] | None = None) -> list[int]:
    """Close what a Dagster run that has ended left open, so that its retry need not wait for leases to expire."""
    if tenants is None:
        tenants = directory(platform.database, states=ALL_STATES)
    closed: list[int] = []
    for tenant in tenants:
        with platform.database.transaction(tenant.id) as conn:
            values = {"tenant": tenant.id, "run": dagster_run}
            closed += [row[0] for row in conn.execute(query("dead_runs", "close"), values)]
    return closed
