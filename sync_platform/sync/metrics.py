"""What ledger and queues of all tenants tell a monitoring system, counted at most every few seconds (OPS-01)."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.core.metric_names import BY_NAME, PREFIX, Metric
from sync_platform.core.tenant import Tenant
from sync_platform.db.budget import SHOWN, source_of
from sync_platform.db.queries import query
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.platform import Platform

#: Seconds for which an answer is given again.
KEPT = 10.0
FATES = ("inserted", "updated", "unchanged", "stale", "duplicate_in_batch", "quarantined", "deleted", "revived")

Labels = tuple[str, ...]
_Found = defaultdict[str, dict[Labels, float]]


@dataclass
class Family:
    """A metric with its values by labels, in the order of ``metric.labels``."""

    metric: Metric
    values: dict[Labels, float] = field(default_factory=dict)


@dataclass
class _Ledger:
    """Of one tenant: what ended below run ``until``, which does not change any more."""

    until: int = 0
    runs: Counter[Labels] = field(default_factory=Counter)
    records: Counter[Labels] = field(default_factory=Counter)
    calls: Counter[Labels] = field(default_factory=Counter)
    newest: dict[Labels, float] = field(default_factory=dict)

    def copy(self) -> "_Ledger":
        return _Ledger(self.until, self.runs.copy(), self.records.copy(), self.calls.copy(), self.newest.copy())


class Metrics:
    """Keeps what was counted of old runs, so that a long ledger is read once per process. Shared by threads."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._guard = threading.Lock()
        self._ledgers: defaultdict[UUID, _Ledger] = defaultdict(_Ledger)
        self._told: list[Family] = []
        self._good_until: datetime | None = None

    def collect(self) -> list[Family]:
        """All families but those of the process itself. Where the database does not answer, only that."""
        with self._guard:
            now = self._platform.clock()
            if self._good_until is None or now >= self._good_until:
                self._told = self._counted(now)
                self._good_until = now + timedelta(seconds=KEPT)
            return self._told

    def _counted(self, now: datetime) -> list[Family]:
        found: _Found = defaultdict(dict)
        database = self._platform.database
        try:
            tenants = directory(database, states=ALL_STATES)
            for tenant in tenants:
                database.run(partial(self._count, tenant, now, found), tenant.id)
            database.run(partial(self._budgets, found))
        except DatabaseUnavailable:
            return [_family("database_up", {(): 0.0})]
        states = Counter(tenant.state for tenant in tenants)
        found["database_up"] = {(): 1.0}
        found["tenants"] = {(state,): float(states[state]) for state in ALL_STATES}
        return [_family(name, values) for name, values in found.items()]

    def _count(self, tenant: Tenant, now: datetime, found: _Found, conn: Connection[Any]) -> None:
        ledger = self._ledgers[tenant.id]
        values = {"tenant": tenant.id, "after": ledger.until}
        edge = (conn.execute(query("metrics", "edge"), values).fetchone() or (ledger.until,))[0]
        if edge > ledger.until:
            settled = _add(conn, ledger.copy(), tenant, edge)
            settled.until = edge
            self._ledgers[tenant.id] = ledger = settled
        whole = _add(conn, ledger.copy(), tenant, None)
        ages = {labels: max(0.0, now.timestamp() - at) for labels, at in whole.newest.items()}
        for name, counted in (
            ("runs_total", whole.runs),
            ("records_total", whole.records),
            ("calls_total", whole.calls),
            ("newest_success_age_seconds", ages),
        ):
            found[name].update({(tenant.slug, *labels): float(value) for labels, value in counted.items()})
        for name, labels, value in conn.execute(query("metrics", "now"), values):
            found[name][(tenant.slug, *labels)] = value

    def _budgets(self, found: _Found, conn: Connection[Any]) -> None:
        used: Counter[Labels] = Counter()
        for source, book in self._platform.budgets.items():
            period = {"period": timedelta(seconds=book.period_seconds)}
            for credential, _, calls, *_ in conn.execute(query("limits", "budget_use"), period):
                if source_of(credential) == source:
                    used[(source, credential.removeprefix(f"{source}:")[:SHOWN])] += calls
            found["budget_limit"][(source,)] = float(book.limit)
        found["budget_used"] = {labels: float(calls) for labels, calls in used.items()}


def _add(conn: Connection[Any], ledger: _Ledger, tenant: Tenant, until: int | None) -> _Ledger:
    """The ledger with the runs from its end on."""
    values = {"tenant": tenant.id, "after": ledger.until, "until": until}
    rows: Iterable[dict[str, Any]] = conn.cursor(row_factory=dict_row).execute(query("metrics", "runs"), values)
    for row in rows:
        of = (row["source"], row["entity"])
        ledger.runs[(*of, row["state"])] += row["runs"]
        for fate in FATES:
            ledger.records[(*of, fate)] += row[fate]
        if row["newest_success"] is not None:
            ledger.newest[of] = max(ledger.newest.get(of, 0.0), row["newest_success"])
    for source, status, calls in conn.execute(query("metrics", "calls"), values):
        ledger.calls[(source, status)] += calls
    return ledger


def _family(name: str, values: dict[Labels, float]) -> Family:
    return Family(BY_NAME[PREFIX + name], values)
