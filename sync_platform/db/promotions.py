"""The ledger of promotions: who starts, resumes and finishes one, and each batch with its position (CMP-12, CMP-16)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection, errors, sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.db.audit import audit
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

PromotionKind = Literal["promotion", "rollback"]


@dataclass(frozen=True)
class PromotionStart:
    """What a promotion or rollback is started with. ``taken_back`` is the promotion that a rollback takes back."""

    kind: PromotionKind
    entity: str
    field: str
    actor: str
    taken_back: int | None = None
    comparison: int | None = None
    snapshot_at: datetime | None = None
    changed_since: str | None = None
    include_edited: bool = False
    override_reason: str | None = None
    gate: tuple[str, ...] = ()
    dagster_run_id: str | None = None


@dataclass(frozen=True)
class PromotionRow:
    """One row of ``platform.promotions`` as it is shown."""

    id: int
    kind: PromotionKind
    entity: str
    field: str
    state: str
    promotion_id: int | None
    comparison_id: int | None
    changed_since: str | None
    include_edited: bool
    override_reason: str | None
    gate: list[str]
    written: int
    left_alone: int
    actor: str
    started_at: datetime
    finished_at: datetime | None
    followed_at: datetime | None
    message: str | None


@dataclass(frozen=True)
class Step:
    """One batch of a promotion. ``last`` where nothing comes after it."""

    looked_at: int
    written: int
    left_alone: int
    last: bool


def lock_field(conn: Connection[Any], tenant_id: UUID, entity: str, field: str) -> None:
    """Until the end of the transaction nobody else starts anything with this field (F-83).

    Raises Refused where somebody has it for too long.
    """
    try:
        conn.execute(query("promotion", "lock"), {"key": f"promotion/{tenant_id}/{entity}/{field}"})
    except errors.LockNotAvailable:
        raise Refused(f"{entity}.{field} is being started or followed at this moment; try again") from None


def unfinished(conn: Connection[Any], tenant_id: UUID, entity: str, field: str) -> tuple[int, PromotionKind] | None:
    """A promotion or rollback that was interrupted and goes on. Raises Refused where somebody is at it (F-83)."""
    values = {"tenant": tenant_id, "entity": entity, "field": field}
    row = conn.execute(query("promotion", "unfinished"), values).fetchone()
    if row is None:
        return None
    number, kind, actor, state, alive, seconds = row
    if state == "running" and alive:
        raise Refused(
            f"{kind} {number} of {entity}.{field} is at work, started by {actor}; wait for it, or if its process is"
            f" gone, try again in {seconds} s"
        )
    return number, kind


def active_promotion(conn: Connection[Any], tenant_id: UUID, entity: str, field: str) -> tuple[int, str] | None:
    """Number and state of the promotion that is in force; None where the field is not promoted."""
    row = conn.execute(query("promotion", "active"), {"tenant": tenant_id, "entity": entity, "field": field}).fetchone()
    return (row[0], row[1]) if row else None


def start_promotion(conn: Connection[Any], tenant_id: UUID, start: PromotionStart, lease: timedelta) -> int:
    """Write the ledger row and the audit row; returns the number."""
    values = {**vars(start), "tenant": tenant_id, "gate": Jsonb(list(start.gate)), "lease": lease}
    row = conn.execute(query("promotion", "start"), values).fetchone()
    assert row is not None
    detail = {"id": row[0], "override": start.override_reason, "gate": list(start.gate), "changed": start.changed_since}
    audit(conn, tenant_id, start.actor, start.kind, f"{start.entity}.{start.field}", detail)
    return int(row[0])


def resume_promotion(conn: Connection[Any], tenant_id: UUID, number: int, lease: timedelta) -> None:
    """Go on where the last batch was committed."""
    conn.execute(query("promotion", "resume"), {"tenant": tenant_id, "id": number, "lease": lease})


def step(
    conn: Connection[Any],
    tenant_id: UUID,
    number: int,
    statement: sql.SQL,
    values: Mapping[str, Any],
    size: int,
    lease: timedelta,
) -> Step:
    """Do one batch and move the position, in the transaction of ``conn``. Raises Refused where it is not running."""
    found = conn.execute(query("promotion", "position"), {"tenant": tenant_id, "id": number}).fetchone()
    if found is None:
        raise Refused(f"promotion {number} was stopped by somebody else; `sync-platform promote list` shows it")
    row = conn.execute(
        statement, {**values, "promotion": number, "after_1": found[0], "after_2": found[1], "size": size}
    ).fetchone()
    assert row is not None
    looked_at, written, left_alone, after_1, after_2 = row
    conn.execute(
        query("promotion", "advance"),
        {
            "tenant": tenant_id,
            "id": number,
            "after_1": after_1,
            "after_2": after_2,
            "written": written,
            "left_alone": left_alone,
            "lease": lease,
        },
    )
    return Step(looked_at, written, left_alone, last=looked_at < size)


def finish_promotion(
    conn: Connection[Any], tenant_id: UUID, number: int, state: str, message: str | None = None
) -> None:
    """``active`` for a promotion, ``done`` for a rollback."""
    conn.execute(query("promotion", "finish"), {"tenant": tenant_id, "id": number, "state": state, "message": message})


def stop_promotion(database: Database, tenant_id: UUID, number: int, state: str, message: str) -> None:
    """``deferred`` or ``failed``: it can be taken up again."""
    values = {"tenant": tenant_id, "id": number, "state": state, "message": message[:1000]}
    with database.transaction(tenant_id, "sp_promoter") as conn:
        conn.execute(query("promotion", "stop"), values)


def find_promotion(database: Database, tenant_id: UUID, number: int) -> PromotionRow:
    """Raises InvalidRequest if the tenant has none of this number."""
    with database.transaction(tenant_id, "sp_promoter") as conn:
        found = promotions_in(conn, tenant_id, number=number)
    if not found:
        raise InvalidRequest(f"there is no promotion {number}; `sync-platform promote list` shows them")
    return found[0]


def list_promotions(
    database: Database, tenant_id: UUID, *, entity: str | None = None, field: str | None = None, limit: int = 50
) -> list[PromotionRow]:
    """Newest first, at most 1,000."""
    with database.transaction(tenant_id, "sp_promoter") as conn:
        return promotions_in(conn, tenant_id, entity=entity, field=field, limit=limit)


def promotions_in(
    conn: Connection[Any],
    tenant_id: UUID,
    *,
    entity: str | None = None,
    field: str | None = None,
    number: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[PromotionRow]:
    """The same inside the caller's transaction; one of them by its ``number``, or those ``before`` one."""
    values = {
        "tenant": tenant_id,
        "entity": entity,
        "field": field,
        "number": number,
        "before": before,
        "limit": max(1, min(limit, 1000)),
    }
    return conn.cursor(row_factory=class_row(PromotionRow)).execute(query("promotion", "list"), values).fetchall()


def has_column(conn: Connection[Any], table: str, column: str) -> bool:
    """Whether a table of production has a column now."""
    row = conn.execute(query("promotion", "has_column"), {"table": table, "column": column}).fetchone()
    return bool(row and row[0])


OnBatch = Callable[[Step], None]
