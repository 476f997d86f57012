"""Rows that a complete pass over a collection no longer shows are gone at the source (SYS-15)."""

from collections.abc import Set
from typing import Any

from psycopg import Connection, sql

from sync_platform.core.counters import Counters
from sync_platform.core.errors import TooManyDeletes
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import SyncRequest
from sync_platform.sync.running import Run


def delete_absent(platform: Platform, request: SyncRequest, run: Run, entity: SourceEntity, seen: Set[str]) -> None:
    """Soft-delete live rows of the shops seen in this pass that the pass did not show.

    Only shops of which the pass showed something: a pass that came back empty says nothing about what is gone. Raises
    TooManyDeletes, deleting nothing, where more than the allowed share of the live rows would go.
    """
    if not seen:
        return
    table = sql.Identifier(entity.target.schema, entity.target.table)
    key = sql.Identifier(entity.target.key[0])
    shops = sql.SQL(
        "shop_id in (select distinct p.shop_id from {} p where p.tenant_id = {} and p.{} = any({}))"
    ).format(table, sql.Placeholder("tenant"), key, sql.Placeholder("seen"))
    live = sql.SQL(" from {} t where t.tenant_id = {} and t.deleted_at is null and t.{}").format(
        table, sql.Placeholder("tenant"), shops
    )
    absent = sql.SQL(" and not (t.{} = any({}))").format(key, sql.Placeholder("seen"))
    values = {"tenant": request.tenant.id, "seen": sorted(seen), "run_id": run.id}

    def delete(conn: Connection[Any]) -> None:
        counted = conn.execute(
            sql.SQL("select count(*), count(*) filter (where not (t.{} = any({})))").format(
                key, sql.Placeholder("seen")
            )
            + live,
            values,
        ).fetchone()
        rows, gone = counted if counted is not None else (0, 0)
        if gone > platform.settings.sync.max_delete_share * rows:
            raise TooManyDeletes(
                f"{gone} of {rows} {entity.name} are missing at the source; nothing was deleted. If that is right,"
                " raise SYNC_PLATFORM_SYNC__MAX_DELETE_SHARE for one run"
            )
        if gone and not request.dry_run:
            conn.execute(
                sql.SQL(
                    "update {} set deleted_at = now(), last_changed_at = now(), run_id = {} where {} in (select t.{}"
                ).format(table, sql.Placeholder("run_id"), key, key)
                + live
                + absent
                + sql.SQL(") and tenant_id = {}").format(sql.Placeholder("tenant")),
                values,
            )
        run.count(conn, "deleting", [Counters(deleted=gone)])

    run.write(delete)
