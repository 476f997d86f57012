"""What a source sends that its documentation does not say, counted per field (SYS-17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.core.drift import Drift, DriftKind
from sync_platform.db.json_text import storable
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

MAX_LISTED = 1000
MAX_TEXT = 200
#: Rows per tenant, source and entity; further observations of what is stored are still counted.
MAX_STORED = 1000


@dataclass(frozen=True)
class DriftItem:
    """One kind of drift of one field, with how often and how long it has been seen."""

    tenant_id: UUID
    source: str
    entity: str
    path: str
    kind: DriftKind
    detail: str
    first_seen: datetime
    last_seen: datetime
    count: int
    sample_hash: UUID | None


def record_drift(conn: Connection, tenant_id: UUID, source: str, entity: str, drifts: Sequence[Drift]) -> None:
    """Count observations in the transaction of the batch, in one statement."""
    counts: dict[tuple[str, str, str], int] = {}
    samples: dict[tuple[str, str, str], UUID] = {}
    for drift in drifts:
        key = (storable(drift.path)[:MAX_TEXT], drift.kind, storable(drift.detail)[:MAX_TEXT])
        counts[key] = counts.get(key, 0) + drift.count
        if drift.sample_hash is not None:
            samples.setdefault(key, drift.sample_hash)
    if not counts:
        return
    ordered = sorted(counts)
    values = {
        "tenant_id": tenant_id,
        "source": source,
        "entity": entity,
        "bound": MAX_STORED,
        "paths": [path for path, _, _ in ordered],
        "kinds": [kind for _, kind, _ in ordered],
        "details": [detail for _, _, detail in ordered],
        "counts": [counts[key] for key in ordered],
        "sample_hashes": [samples.get(key) for key in ordered],
    }
    conn.execute(query("drift", "record"), values)


def drift_items(
    database: Database,
    tenant_id: UUID,
    *,
    source: str | None = None,
    entity: str | None = None,
    kind: DriftKind | None = None,
    limit: int = 100,
) -> list[DriftItem]:
    """Last seen first, at most 1,000."""
    values = {
        "tenant_id": tenant_id,
        "source": source,
        "entity": entity,
        "kind": kind,
        "limit": max(1, min(limit, MAX_LISTED)),
    }
    with database.transaction(tenant_id) as conn:
        rows = conn.cursor(row_factory=class_row(DriftItem))
        return rows.execute(query("drift", "items"), values).fetchall()
