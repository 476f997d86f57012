"""After a promotion production follows staging: what a sync changed there arrives in the promoted fields (BLZ-10)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import sql

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db import promotion_sql
from sync_platform.db.comparison_sql import WHOLE_TABLES
from sync_platform.db.connect import refusal
from sync_platform.db.field_map import ROWS, MappedEntity, field_map
from sync_platform.db.promotions import lock_field
from sync_platform.db.queries import query
from sync_platform.sync.comparison import ROLE
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import LINES, Entity

# what a person bought decides values of the person: visits, lifetime value, risk
_AFFECTED: Mapping[Entity, tuple[str, ...]] = {
    "customers": ("customers",),
    "transactions": ("transactions", LINES, "customers"),
    "products": ("products",),
}

log = structlog.get_logger("sync_platform")


@dataclass(frozen=True)
class Followed:
    """One promoted field. ``left_alone`` rows hold what a person wrote; they stay and are seen by the comparison."""

    entity: str
    field: str
    written: int
    left_alone: int


def follow(platform: Platform, tenant: Tenant, entities: Sequence[str] = ()) -> list[Followed]:
    """Carry what changed in staging since the last time into the promoted fields of these tables (default: all).

    Idempotent, and may be interrupted at any moment: what is not yet carried over is found again. New rows come with
    the promotion of ``rows``.
    """
    done = []
    for name in entities or field_map():
        entity = field_map().get(name)
        if entity is not None:
            done += _follow_entity(platform, tenant, entity)
    return done


def follow_after_sync(platform: Platform, tenant: Tenant, synced: Iterable[Entity]) -> str | None:
    """Follow what a sync may have changed; one small query where nothing is promoted.

    Never fails the sync: returns what went wrong, in a sentence. The next sync carries over what this one left.
    """
    affected = {table for entity in synced for table in _AFFECTED.get(entity, ())}
    try:
        # as the loader: a login without the promoter's role syncs well where nothing is promoted
        with platform.database.transaction(tenant.id) as conn:
            rows = conn.execute(query("promotion", "followed_tables"), {"tenant": tenant.id}).fetchall()
        if promoted := [row[0] for row in rows if row[0] in affected]:
            follow(platform, tenant, promoted)
    except (SyncError, psycopg.Error) as error:
        reason = str(error) if isinstance(error, SyncError) else refusal(error)
        log.warning("following_failed", tenant=tenant.slug, reason=reason)
        return f"promoted fields do not follow yet, the next sync tries again: {reason}"
    return None


def _follow_entity(platform: Platform, tenant: Tenant, entity: MappedEntity) -> list[Followed]:
    with platform.database.transaction(tenant.id, ROLE) as conn:
        row = conn.execute("select clock_timestamp()").fetchone()
        promoted = conn.execute(query("promotion", "followed"), {"tenant": tenant.id, "entity": entity.name}).fetchall()
    assert row is not None
    return [
        _follow_field(platform, tenant, entity, field, number, since, row[0])
        for number, field, since in promoted
        if field == ROWS or field in entity.names
    ]


def _follow_field(
    platform: Platform, tenant: Tenant, entity: MappedEntity, field: str, number: int, since: datetime, now: datetime
) -> Followed:
    statement: sql.SQL
    if field == ROWS:
        statement = promotion_sql.insert_rows(entity)
    else:
        statement = promotion_sql.follow(entity, entity.field(field))
    size = platform.settings.cut_over.batch_rows
    this = {"tenant": tenant.id, "id": number}
    after: tuple[Any, Any] = ("", "")
    written = left_alone = 0
    while True:
        values = {"promotion": number, "since": since, "size": size, "after_1": after[0], "after_2": after[1]}
        with platform.database.transaction(tenant.id, ROLE, lock_timeout=platform.settings.cut_over.lock_slice) as conn:
            # until this batch is committed no rollback begins
            lock_field(conn, tenant.id, entity.name, field)
            if conn.execute(query("promotion", "still_followed"), this).fetchone() is None:
                return Followed(entity.name, field, written, left_alone)
            conn.execute(WHOLE_TABLES)
            row = conn.execute(statement, values).fetchone()
        assert row is not None
        looked_at, wrote, edited, *last = row
        written, left_alone = written + wrote, left_alone + edited
        if looked_at < size:
            break
        after = (last[0], last[1])
    with platform.database.transaction(tenant.id, ROLE) as conn:
        conn.execute(query("promotion", "set_followed"), {**this, "followed_at": now, "written": written})
    return Followed(entity.name, field, written, left_alone)
