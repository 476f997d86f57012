"""What a promotion or a rollback would do, and which rows somebody had changed when it came by (SYS-20, F-19)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, errors

from sync_platform.core.redact import masked
from sync_platform.core.tenant import Tenant
from sync_platform.db import promotion_sql
from sync_platform.db.comparison_sql import WHOLE_TABLES
from sync_platform.db.field_map import ROWS, MappedField, mapped_entity
from sync_platform.db.gate import Verdict, ask_gate
from sync_platform.db.promotions import unfinished
from sync_platform.db.queries import query
from sync_platform.sync.comparison import ROLE, gate_rules
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import Deferred, PromotionRequest, promotion_in_force

_EPOCH = "-infinity"


@dataclass(frozen=True)
class Preview:
    """What would be done: rows filled, changed or inserted, and those left alone, with 20 samples (SYS-20)."""

    label: str
    verdict: Verdict | None
    filled: int = 0
    changed: int = 0
    inserted: int = 0
    left_alone: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)


def preview_promotion(platform: Platform, request: PromotionRequest) -> Preview:
    """The dry run of a promotion: the gate's verdict and the differences. Writes nothing."""
    entity = mapped_entity(request.entity)
    with _one_snapshot(platform, request) as conn:
        (verdict,) = ask_gate(conn, request.tenant.id, entity, gate_rules(platform), [request.field])
        if request.field == ROWS:
            rows = conn.execute(promotion_sql.preview_rows(entity)).fetchall()
            keys = [{"key": shown_key(row[0], row[1])} for row in rows]
            return Preview(request.label, verdict, inserted=rows[0][2] if rows else 0, sample=keys)
        mapped = entity.field(request.field)
        values = {"snapshot_at": verdict.snapshot_at or _EPOCH}
        counts = conn.execute(promotion_sql.preview(entity, mapped), values).fetchone() or (0, 0, 0)
        sample = [_difference(mapped, row) for row in conn.execute(promotion_sql.sample(entity, mapped), values)]
    return Preview(request.label, verdict, counts[0], counts[1], 0, counts[2], sample)


def preview_rollback(platform: Platform, request: PromotionRequest) -> Preview:
    """The dry run of a rollback; ``left_alone`` counts the rows that changed since. Writes nothing."""
    entity = mapped_entity(request.entity)
    with _one_snapshot(platform, request) as conn:
        interrupted = unfinished(conn, request.tenant.id, request.entity, request.field)
        # a promotion that stopped half-way is taken back as far as it came
        halfway = interrupted is not None and interrupted[1] == "promotion"
        number = interrupted[0] if interrupted and halfway else promotion_in_force(conn, request)
        if request.field == ROWS:
            row = conn.execute(
                query("promotion", "inserted_rows"), {"tenant": request.tenant.id, "id": number}
            ).fetchone()
            return Preview(request.label, None, changed=row[0] if row else 0)
        mapped = entity.field(request.field)
        rows = conn.execute(promotion_sql.preview_rollback(entity, mapped), {"taken_back": number}).fetchall()
    edited = [row for row in rows if row[4]]
    sample = [_difference(mapped, row) for row in (edited or rows)[:20]]
    return Preview(request.label, None, changed=len(rows) - len(edited), left_alone=len(edited), sample=sample)


@contextmanager
def _one_snapshot(platform: Platform, request: PromotionRequest) -> Iterator[Connection[Any]]:
    """Both tables at one moment. Raises Deferred where somebody holds one for longer than a promotion waits (F-13)."""
    wait = platform.settings.cut_over.lock_wait
    try:
        with platform.database.transaction(request.tenant.id, ROLE, one_snapshot=True, lock_timeout=wait) as conn:
            conn.execute(WHOLE_TABLES)
            yield conn
    except errors.LockNotAvailable:
        raise Deferred(
            f"somebody has held a lock on {request.entity} for over {wait:g} s; nothing was done, run the same command"
            " again"
        ) from None


def rows_left_alone(
    platform: Platform, tenant: Tenant, entity: str, field_name: str, number: int, limit: int = 20
) -> list[dict[str, Any]]:
    """Rows that somebody had changed when a promotion or rollback came by (F-19, CMP-15); personal ones masked."""
    personal = field_name != ROWS and mapped_entity(entity).field(field_name).personal
    values = {"tenant": tenant.id, "id": number, "limit": max(1, min(limit, 1000))}
    with platform.database.transaction(tenant.id, ROLE) as conn:
        rows = conn.execute(query("promotion", "left_alone"), values).fetchall()
    hidden = personal or field_name == ROWS  # of a row that was taken out whole only the key is shown
    return [
        {
            "key": shown_key(first, second),
            "found": masked(found) if hidden else found,
            "instead": masked(instead) if hidden else instead,
        }
        for first, second, found, instead in rows
    ]


def _difference(mapped: MappedField, row: tuple[Any, ...]) -> dict[str, Any]:
    before, after = (masked(value) if mapped.personal else value for value in (row[2], row[3]))
    return {"key": shown_key(row[0], row[1]), "before": before, "after": after, "changed_since": bool(row[4])}


def shown_key(first: str, second: str) -> str:
    """The key of a row as one text."""
    return f"{first}/{second}" if second else first
