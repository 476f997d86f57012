"""What is judged and the verdict: whose days of which table, and what was counted (DAG-20)."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query

CheckName = Literal[
    "accounting",
    "rejects",
    "freshness",
    "volume",
    "uniqueness",
    "references",
    "drift",
    "orphans",
    "linkage",
    "unresolved_numbers",
    "closed_day_counts",
]


@dataclass(frozen=True)
class Scope:
    """Whose days are judged, after which Dagster run."""

    tenant: Tenant
    table: str
    first: date
    last: date
    dagster_run: str | None

    def verdict(self, check: CheckName, passed: bool, bad: int, judged: int, detail: str) -> "Finding":
        """About this tenant."""
        return Finding(self.tenant.slug, check, passed, bad, judged, detail)

    def values(self, **more: Any) -> dict[str, Any]:
        """As the queries name them."""
        return {
            "tenant": self.tenant.id,
            "entity": self.table,
            "first": self.first,
            "last": self.last,
            "dagster_run": self.dagster_run,
            **more,
        }


@dataclass(frozen=True)
class Finding:
    """The verdict on one tenant. ``bad`` of ``judged`` is what was counted."""

    tenant: str
    check: CheckName
    passed: bool
    bad: int
    judged: int
    detail: str


def counted(conn: Connection[Any], scope: Scope, name: str, **more: Any) -> tuple[int, int]:
    """What a query of ``quality.sql`` counts: bad ones, and how many were judged."""
    row = conn.execute(query("quality", name), scope.values(**more)).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
