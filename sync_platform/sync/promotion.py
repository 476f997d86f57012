"""Promote one field of one tenant into production, take it back, follow staging afterwards (CMP-10 to CMP-16)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection, errors, sql

from sync_platform.core.errors import Cancelled, InvalidRequest, Refused, SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db import promotion_sql
from sync_platform.db.connect import refusal
from sync_platform.db.field_map import ROWS, MappedEntity, mapped_entity
from sync_platform.db.gate import ask_gate
from sync_platform.db.promotions import (
    PromotionRow,
    PromotionStart,
    Step,
    active_promotion,
    find_promotion,
    finish_promotion,
    has_column,
    lock_field,
    resume_promotion,
    start_promotion,
    step,
    stop_promotion,
    unfinished,
)
from sync_platform.db.queries import query
from sync_platform.sync.comparison import ROLE, gate_rules
from sync_platform.sync.platform import Platform

OnProgress = Callable[[int], None]
_EPOCH = "-infinity"


class Deferred(SyncError):
    """A lock was not granted within the limit: what is done stays, the same command goes on from there (F-13)."""


@dataclass(frozen=True)
class PromotionRequest:
    """``changed_since``, for a rollback: ``restore`` or ``keep`` what changed after the promotion."""

    tenant: Tenant
    entity: str
    field: str
    actor: str
    override_reason: str | None = None
    include_edited: bool = False
    changed_since: str = "restore"
    dagster_run_id: str | None = None

    @property
    def label(self) -> str:
        """``customers.phone``."""
        return f"{self.entity}.{self.field}"


def promote(platform: Platform, request: PromotionRequest, on_progress: OnProgress | None = None) -> PromotionRow:
    """Replace one field of production by what staging says, in batches; or go on with a promotion that stopped.

    Raises Refused where the gate is closed and there is no ``override_reason``, where the field is promoted already, or
    where somebody else is at it; Deferred where a lock was not granted in time.
    """
    entity = mapped_entity(request.entity)
    rules = platform.settings.cut_over
    lease = timedelta(seconds=rules.lease_seconds)
    with platform.database.transaction(request.tenant.id, ROLE) as conn:
        lock_field(conn, request.tenant.id, request.entity, request.field)
        interrupted = unfinished(conn, request.tenant.id, request.entity, request.field)
        if interrupted is not None:
            number, kind = interrupted
            if kind != "promotion":
                raise Refused(f"rollback {number} of {request.label} is not finished: finish it first with `rollback`")
            resume_promotion(conn, request.tenant.id, number, lease)
        else:
            number = _start(conn, platform, request, entity, lease)
        old = _keeps_old(conn, entity, request.field)
        snapshot_at, include_edited = _terms(conn, request.tenant, number)
    if request.field == ROWS:
        statement = promotion_sql.insert_rows(entity)
    else:
        statement = promotion_sql.promote(entity, entity.field(request.field), with_old=old)
    values = {"snapshot_at": snapshot_at, "include_edited": include_edited}
    return _work(platform, request, number, statement, values, "active", on_progress)


def roll_back(platform: Platform, request: PromotionRequest, on_progress: OnProgress | None = None) -> PromotionRow:
    """Restore what the promotion of a field replaced, in batches; or go on with a rollback that stopped (CMP-15).

    Rows that changed since, by later syncs or people, are restored as well, or keep the newer value, as
    ``changed_since`` says; either way they are listed, and the value that was replaced is kept with the rollback.
    """
    entity = mapped_entity(request.entity)
    lease = timedelta(seconds=platform.settings.cut_over.lease_seconds)
    if request.changed_since not in ("restore", "keep"):
        raise InvalidRequest("what changed since the promotion is either restored or kept")
    with platform.database.transaction(request.tenant.id, ROLE) as conn:
        lock_field(conn, request.tenant.id, request.entity, request.field)
        interrupted = unfinished(conn, request.tenant.id, request.entity, request.field)
        if interrupted is not None and interrupted[1] == "rollback":
            number = interrupted[0]
            resume_promotion(conn, request.tenant.id, number, lease)
        else:
            taken_back = interrupted[0] if interrupted else promotion_in_force(conn, request)
            if interrupted is not None:  # a promotion that stopped half-way is taken back as far as it came
                finish_promotion(conn, request.tenant.id, taken_back, "active", "stopped half-way, taken back")
            start = PromotionStart(
                "rollback",
                request.entity,
                request.field,
                request.actor,
                taken_back=taken_back,
                changed_since=request.changed_since,
                dagster_run_id=request.dagster_run_id,
            )
            number = start_promotion(conn, request.tenant.id, start, lease)
        old = _keeps_old(conn, entity, request.field)
    row = find_promotion(platform.database, request.tenant.id, number)
    if request.field == ROWS:
        statement = promotion_sql.remove_rows(entity)
    else:
        statement = promotion_sql.roll_back(entity, entity.field(request.field), with_old=old)
    values = {"taken_back": row.promotion_id, "restore": row.changed_since == "restore"}
    return _work(platform, request, number, statement, values, "done", on_progress, taken_back=row.promotion_id)


def _start(
    conn: Connection[Any], platform: Platform, request: PromotionRequest, entity: MappedEntity, lease: timedelta
) -> int:
    if (active := active_promotion(conn, request.tenant.id, request.entity, request.field)) is not None:
        raise Refused(f"{request.label} is promoted already (promotion {active[0]}); production follows staging")
    (verdict,) = ask_gate(conn, request.tenant.id, entity, gate_rules(platform), [request.field])
    if verdict.snapshot_at is None:
        raise Refused(f"the gate of {request.label} is closed: {'; '.join(verdict.reasons)}")
    if verdict.reasons and not request.override_reason:
        raise Refused(f"the gate of {request.label} is closed: {'; '.join(verdict.reasons)}")
    start = PromotionStart(
        "promotion",
        request.entity,
        request.field,
        request.actor,
        comparison=verdict.comparison_id,
        snapshot_at=verdict.snapshot_at,
        include_edited=request.include_edited,
        override_reason=request.override_reason if verdict.reasons else None,
        gate=verdict.reasons,
        dagster_run_id=request.dagster_run_id,
    )
    return start_promotion(conn, request.tenant.id, start, lease)


def promotion_in_force(conn: Connection[Any], request: PromotionRequest) -> int:
    active = active_promotion(conn, request.tenant.id, request.entity, request.field)
    if active is None:
        raise Refused(f"{request.label} is not promoted; there is nothing to take back")
    if active[1] == "finalized":
        raise Refused(f"{request.label} is finalized and cannot be taken back any more")
    return active[0]


def _work(
    platform: Platform,
    request: PromotionRequest,
    number: int,
    statement: sql.SQL,
    values: dict[str, Any],
    final: str,
    on_progress: OnProgress | None,
    taken_back: int | None = None,
) -> PromotionRow:
    """Batch after batch until there is none left; each commits its rows, its ledger and its position together."""
    rules = platform.settings.cut_over
    tenant_id = request.tenant.id
    lease = timedelta(seconds=rules.lease_seconds)
    done = 0
    try:
        while True:
            found = _one_batch(platform, request, number, statement, values, lease)
            done += found.looked_at
            if on_progress is not None:
                on_progress(done)
            if found.last:
                break
    except Deferred as error:
        stop_promotion(platform.database, tenant_id, number, "deferred", str(error))
        raise
    except BaseException as error:
        text = refusal(error) if isinstance(error, psycopg.Error) else f"{type(error).__name__}: {error}"
        stop_promotion(platform.database, tenant_id, number, "failed", text)
        raise
    with platform.database.transaction(tenant_id, ROLE) as conn:
        if conn.execute(query("promotion", "position"), {"tenant": tenant_id, "id": number}).fetchone() is None:
            raise Refused(f"promotion {number} was finished by somebody else; `sync-platform promote list` shows it")
        finish_promotion(conn, tenant_id, number, final)
        if taken_back is not None:
            conn.execute(query("promotion", "taken_back"), {"tenant": tenant_id, "id": taken_back})
    return find_promotion(platform.database, tenant_id, number)


def _one_batch(
    platform: Platform,
    request: PromotionRequest,
    number: int,
    statement: sql.SQL,
    values: dict[str, Any],
    lease: timedelta,
) -> Step:
    """Wait for locks in slices, so that nobody queues behind us, and give up after the limit (F-13)."""
    rules = platform.settings.cut_over
    tenant_id = request.tenant.id
    mapped = None if request.field == ROWS else mapped_entity(request.entity).field(request.field)
    gives_up = time.monotonic() + rules.lock_wait
    while True:
        if platform.stopping.is_set():
            raise Cancelled(f"promotion {number} was stopped; the same command goes on from the last batch")
        try:
            with platform.database.transaction(tenant_id, ROLE, lock_timeout=rules.lock_slice) as conn:
                conn.execute(promotion_sql.planned(mapped))
                return step(conn, tenant_id, number, statement, values, rules.batch_rows, lease)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            if time.monotonic() >= gives_up:
                raise Deferred(
                    f"somebody has held a lock on {request.entity} for over {rules.lock_wait:g} s; what is done stays,"
                    " run the same command again to go on"
                ) from None
            with platform.database.transaction(tenant_id, ROLE) as conn:
                conn.execute(query("promotion", "keep_lease"), {"tenant": tenant_id, "id": number, "lease": lease})


def _terms(conn: Connection[Any], tenant: Tenant, number: int) -> tuple[Any, bool]:
    row = conn.execute(query("promotion", "terms"), {"tenant": tenant.id, "id": number}).fetchone()
    assert row is not None
    return row[0], row[1]


def _keeps_old(conn: Connection[Any], entity: MappedEntity, name: str) -> bool:
    """Whether replaced values go to a column beside as well (CMP-12): until `finalize` has dropped it."""
    return name != ROWS and entity.field(name).old and has_column(conn, entity.table, f"{name}_old")
