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
    "ownership",
    "mapping_rate",
    "review_backlog",
    "package_counts",
    "totals",
]

# Queries of a source that has more of them than fit into one file.
_OWN_QUERIES = {"crm": "crm_quality"}


@dataclass(frozen=True)
class Scope:
    """Whose days are judged, after which Dagster run. ``table`` is named with its source, such as ``crm.customers``."""

    tenant: Tenant
    table: str
    first: date
    last: date
    dagster_run: str | None

    @property
    def source(self) -> str:
        """Where the table is filled from."""
        return self.table.partition(".")[0]

    @property
    def entity(self) -> str:
        """As the ledger calls the table."""
        return self.table.partition(".")[2]

    @property
    def queries(self) -> str:
        """The file with what is asked of this source's tables."""
        return own_queries(self.table, "quality")

    def verdict(self, check: CheckName, passed: bool, bad: int, judged: int, detail: str) -> "Finding":
        """About this tenant."""
        return Finding(self.tenant.slug, check, passed, bad, judged, detail)

    def values(self, **more: Any) -> dict[str, Any]:
        """As the queries name them."""
        return {
            "tenant": self.tenant.id,
            "source": self.source,
            "entity": self.entity,
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


def own_queries(table: str, usual: str) -> str:
    """The file with the queries about one table; ``usual`` is that of most sources."""
    return _OWN_QUERIES.get(table.partition(".")[0], usual)


def counted(conn: Connection[Any], scope: Scope, name: str, file: str = "quality", **more: Any) -> tuple[int, int]:
    """What a query counts: bad ones, and how many were judged."""
    row = conn.execute(query(file, name), scope.values(**more)).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
