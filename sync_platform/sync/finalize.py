"""The end of a cut-over: nothing is taken back any more, and the columns with replaced values go (CMP-17)."""

import time
from dataclasses import dataclass

from psycopg import errors, sql

from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.field_map import SCHEMA, MappedEntity, field_map
from sync_platform.db.promotions import has_column, list_promotions
from sync_platform.db.queries import query
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.comparison import ROLE, gate_rules
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import Deferred

# for so long a reader waits behind us at most, while the table is locked to drop a column (CMP-12)
_SLICE = 0.08
_PAUSE = 0.5


@dataclass(frozen=True)
class FinalReport:
    """``open`` are fields of a group that are not promoted or still soak; ``used_by`` names views and functions.

    ``dropped`` are columns; ``kept_for`` counts the other tenants of this database who still need them.
    """

    open: tuple[str, ...]
    used_by: tuple[str, ...]
    columns: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    kept_for: int = 0


def look_at_the_end(platform: Platform, tenant: Tenant) -> FinalReport:
    """What `finalize` would do and what stands against it. Writes nothing."""
    soak = gate_rules(platform).soak
    with platform.database.transaction(tenant.id, ROLE) as conn:
        row = conn.execute("select now()").fetchone()
        assert row is not None
        columns, used_by = [], []
        for entity, column in _old_columns():
            if has_column(conn, entity.table, column):
                columns.append(f"{entity.table}.{column}")
                values = {"table": entity.table, "column": column}
                used_by += [found[0] for found in conn.execute(query("promotion", "uses_of_column"), values)]
    ledger = list_promotions(platform.database, tenant.id, limit=1000)
    promoted = {
        (found.entity, found.field): found
        for found in reversed(ledger)
        if found.kind == "promotion" and found.state in ("active", "finalized")
    }
    missing = [
        f"{found.kind} {found.id} of {found.entity}.{found.field} is not finished"
        for found in ledger
        if found.state in ("running", "deferred", "failed")
    ]
    for entity in field_map().values():
        for field in entity.fields:
            if field.group is None:
                continue
            found = promoted.get((entity.name, field.name))
            if found is None or found.finished_at is None:
                missing.append(f"{entity.name}.{field.name} is not promoted")
            elif found.finished_at + soak > row[0]:
                missing.append(f"{entity.name}.{field.name} soaks until {found.finished_at + soak:%Y-%m-%d %H:%M} UTC")
    return FinalReport(tuple(missing), tuple(sorted(set(used_by))), tuple(columns))


def finalize(platform: Platform, tenant: Tenant, actor: str) -> FinalReport:
    """Accept all promotions of a tenant for good. Raises Refused where something still stands against it.

    The columns are shared by the tenants of a database: they are emptied for this one, and dropped with the last.
    Staging stays, and so does the promotion ledger.
    """
    found = look_at_the_end(platform, tenant)
    if found.open:
        raise Refused(f"not finished yet: {'; '.join(found.open)}")
    if found.used_by:
        raise Refused(f"the columns that would go are still used by {', '.join(found.used_by)}; change those first")
    old = [(entity, column) for entity, column in _old_columns() if f"{entity.table}.{column}" in found.columns]
    with platform.database.transaction(tenant.id, ROLE) as conn:
        for entity, column in old:
            conn.execute(
                sql.SQL("update {0} set {1} = null where tenant_id = %s and {1} is not null").format(
                    sql.Identifier(SCHEMA, entity.name), sql.Identifier(column)
                ),
                (tenant.id,),
            )
        conn.execute(query("promotion", "finalize"), {"tenant": tenant.id})
        audit(conn, tenant.id, actor, "finalize", "", {"columns": list(found.columns)})
    waiting = sum(_needs(platform, other, old) for other in directory(platform.database, states=ALL_STATES))
    if waiting == 0:
        for entity, column in old:
            _drop(platform, entity, column)
    return FinalReport((), (), found.columns, found.columns if waiting == 0 else (), waiting)


def _old_columns() -> list[tuple[MappedEntity, str]]:
    return [(entity, f"{field.name}_old") for entity in field_map().values() for field in entity.fields if field.old]


def _needs(platform: Platform, tenant: Tenant, old: list[tuple[MappedEntity, str]]) -> bool:
    with platform.database.transaction(tenant.id, ROLE) as conn:
        for entity, column in old:
            statement = sql.SQL("select exists (select from {} where tenant_id = %s and {} is not null)").format(
                sql.Identifier(SCHEMA, entity.name), sql.Identifier(column)
            )
            row = conn.execute(statement, (tenant.id,)).fetchone()
            if row and row[0]:
                return True
    return False


def _drop(platform: Platform, entity: MappedEntity, column: str) -> None:
    """As the owner, in short tries: whoever waits for this lock makes every reader wait behind it (F-13)."""
    statement = sql.SQL("alter table {} drop column if exists {}").format(
        sql.Identifier(SCHEMA, entity.name), sql.Identifier(column)
    )
    gives_up = time.monotonic() + platform.settings.cut_over.lock_wait
    while True:
        try:
            with platform.database.transaction(role="sp_owner", lock_timeout=_SLICE) as conn:
                conn.execute(statement)
                return
        except errors.LockNotAvailable:
            if time.monotonic() >= gives_up:
                raise Deferred(
                    f"{entity.table} is in use all the time; run `finalize` again to drop {column}, the rest is done"
                ) from None
            time.sleep(_PAUSE)
