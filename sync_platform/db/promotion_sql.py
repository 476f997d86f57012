"""The statements of a promotion and of its rollback, built from the field map. Values are always bound.

Each is one batch: what it looked at, what it wrote and its ledger are one statement, so one commit. Rows are taken
in the order of their keys and locked as they are read: what somebody writes at the same moment is seen, not lost.
"""

from psycopg import sql

from sync_platform.db.comparison_sql import WHOLE_TABLES, text
from sync_platform.db.comparison_views import staged_field, staging_side
from sync_platform.db.field_map import MappedEntity, MappedField

_TENANT = "(select platform.current_tenant())"


#: A batch reads both tables from its position on, by their keys, and stops when it is full. Of a tenant who is new in a
#: table the planner expects a handful of rows and would sort or hash all of them, once per batch.
_IN_KEY_ORDER = sql.SQL(
    "select set_config('enable_hashjoin', 'off', true), set_config('enable_seqscan', 'off', true),"
    " set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),"
    " set_config('jit', 'off', true)"
)


def planned(field: MappedField | None) -> sql.SQL:
    """Settings for the batches of a field. A derived one is worked out from all receipts, whatever the batch."""
    return WHOLE_TABLES if field is None or field.derived else _IN_KEY_ORDER


def new_value(field: MappedField) -> str:
    """What production would hold afterwards (SYS-07): nothing is overwritten by a missing value unless it may be."""
    existing = f"nullif(p.{field.name}, '')" if field.type == "text" else f"p.{field.name}"
    if field.policy == "always":
        return f"s.{field.name}"
    return (
        f"coalesce({existing}, s.{field.name})"
        if field.policy == "fill"
        else f"coalesce(s.{field.name}, p.{field.name})"
    )


def promote(entity: MappedEntity, field: MappedField, *, with_old: bool) -> sql.SQL:
    """One batch. Rows that somebody changed since the comparison are written down and left alone (F-19)."""
    old = f", {field.name}_old = t.before" if with_old else ""
    return text(
        f"with batch as materialized ({_batch(entity, field)} limit %(size)s for update of p),"
        " touched as (select * from batch where not edited or %(include_edited)s),"
        f" ledger as (insert into platform.promotion_rows {_LEDGER} select {_TENANT}, %(promotion)s, key_1, key_2,"
        " before::text, after::text, case when edited and not %(include_edited)s then 'edited' else 'written' end"
        " from batch),"
        f" written as (update {entity.table} p set {field.name} = t.after{old} from touched t"
        f" where p.tenant_id = {_TENANT} and {_same(entity, 't')} returning 1)"
        f" {_OUTCOME} from batch"
    )


def follow(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """One batch of what changed in staging since it was followed last; before-values stay those of the promotion.

    A value that is not the one written last was changed by a person, and stays (F-19).
    """
    changed = "true" if field.derived else "s.last_changed_at > %(since)s"
    edited = f"(r.key_1 is not null and p.{field.name} is distinct from r.after_value::{field.type})"
    edited += " or (r.key_1 is null and p.last_changed_at > %(since)s)"
    batch = (
        f"select {_keys(entity)}, p.{field.name} as before, {new_value(field)} as after, {edited} as edited"
        f" {_joined(entity, field)} left join platform.promotion_rows r on r.tenant_id = {_TENANT}"
        f" and r.promotion_id = %(promotion)s and r.key_1 = p.{entity.key[0]} and r.key_2 = {_second(entity, 'p')}"
        f" where {changed} and p.{field.name} is distinct from {new_value(field)} order by 1, 2"
    )
    return text(
        f"with batch as materialized ({batch} limit %(size)s for update of p),"
        " touched as (select * from batch where not edited),"
        f" ledger as (insert into platform.promotion_rows {_LEDGER} select {_TENANT}, %(promotion)s, key_1, key_2,"
        " before::text, after::text, 'followed' from touched on conflict (tenant_id, promotion_id, key_1, key_2)"
        " do update set after_value = excluded.after_value, fate = 'followed'),"
        f" written as (update {entity.table} p set {field.name} = t.after from touched t"
        f" where p.tenant_id = {_TENANT} and {_same(entity, 't')} returning 1)"
        f" {_OUTCOME} from batch"
    )


def insert_rows(entity: MappedEntity) -> sql.SQL:
    """One batch of rows that only staging has, with all their fields."""
    names = ", ".join((*entity.key, *entity.names))
    missing = " and ".join(f"p.{name} = s.{name}" for name in entity.key)
    return text(
        f"with batch as materialized (select s.* from ({staging_side(entity, _after(entity, 's'))}) s where not exists"
        f" (select from {entity.table} p where p.tenant_id = {_TENANT} and {missing})"
        f" order by {', '.join(f's.{name}' for name in entity.key)} limit %(size)s),"
        f" written as (insert into {entity.table} (tenant_id, {names}, origin) select {_TENANT}, {names}, 'blaze'"
        f" from batch on conflict do nothing returning {_keys(entity, '')}),"
        f" ledger as (insert into platform.promotion_rows {_LEDGER} select {_TENANT}, %(promotion)s, key_1, key_2,"
        " null, null, 'inserted' from written on conflict (tenant_id, promotion_id, key_1, key_2) do nothing)"
        " select count(*), (select count(*) from written), 0,"
        f" {_last(entity)} from batch"
    )


def roll_back(entity: MappedEntity, field: MappedField, *, with_old: bool) -> sql.SQL:
    """One batch of before-values. What changed since is written down, and restored as well or kept (CMP-15)."""
    old = f", {field.name}_old = null" if with_old else ""
    batch = (
        f"select r.key_1, r.key_2, r.before_value::{field.type} as before, p.{field.name} as current,"
        f" r.fate = 'followed' or p.{field.name} is distinct from r.after_value::{field.type} as edited"
        f" from platform.promotion_rows r join {entity.table} p on p.tenant_id = r.tenant_id and {_same(entity, 'r')}"
        f" where r.tenant_id = {_TENANT} and r.promotion_id = %(taken_back)s and r.fate in ('written', 'followed')"
        " and (r.key_1, r.key_2) > (%(after_1)s, %(after_2)s) order by r.key_1, r.key_2"
    )
    return text(
        f"with batch as materialized ({batch} limit %(size)s for update of p),"
        " touched as (select * from batch where not edited or %(restore)s),"
        f" ledger as (insert into platform.promotion_rows {_LEDGER} select {_TENANT}, %(promotion)s, key_1, key_2,"
        " current::text, before::text, case when edited then 'edited' else 'written' end from batch),"
        f" written as (update {entity.table} p set {field.name} = t.before{old} from touched t"
        f" where p.tenant_id = {_TENANT} and {_same(entity, 't')} returning 1)"
        f" {_OUTCOME} from batch"
    )


def remove_rows(entity: MappedEntity) -> sql.SQL:
    """One batch of inserted rows taken back; each is kept whole in the ledger."""
    batch = (
        "select r.key_1, r.key_2, to_jsonb(p)::text as before, p.last_changed_at > p.first_seen_at as edited"
        f" from platform.promotion_rows r join {entity.table} p on p.tenant_id = r.tenant_id and {_same(entity, 'r')}"
        f" where r.tenant_id = {_TENANT} and r.promotion_id = %(taken_back)s and r.fate = 'inserted'"
        " and (r.key_1, r.key_2) > (%(after_1)s, %(after_2)s) order by r.key_1, r.key_2"
    )
    return text(
        f"with batch as materialized ({batch} limit %(size)s for update of p),"
        " touched as (select * from batch where not edited or %(restore)s),"
        f" ledger as (insert into platform.promotion_rows {_LEDGER} select {_TENANT}, %(promotion)s, key_1, key_2,"
        " before, null, case when edited then 'edited' else 'written' end from batch),"
        f" written as (delete from {entity.table} p using touched t"
        f" where p.tenant_id = {_TENANT} and {_same(entity, 't')} returning 1)"
        f" {_OUTCOME} from batch"
    )


def preview(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """What a promotion would do, counted: filled, changed, and left alone because somebody changed the row since."""
    return text(
        "select count(*) filter (where not edited and before is null), count(*) filter (where not edited and before is"
        f" not null), count(*) filter (where edited) from ({_batch(entity, field, bounded=False)}) rows"
    )


def sample(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """20 rows that a promotion would change, spread over the keys by a hash, always the same ones (SYS-20)."""
    return text(
        "select key_1, key_2, before::text, after::text, edited from"
        f" ({_batch(entity, field, bounded=False)}) rows order by hashtext(key_1 || key_2), key_1, key_2 limit 20"
    )


def preview_rows(entity: MappedEntity) -> sql.SQL:
    """Rows that only staging has: how many, and 20 of their keys."""
    missing = " and ".join(f"p.{name} = s.{name}" for name in entity.key)
    keys = f"s.{entity.key[0]} as key_1, {_second(entity, 's')} as key_2"
    return text(
        f"select key_1, key_2, count(*) over () from (select {keys} from ({staging_side(entity)}) s where not exists"
        f" (select from {entity.table} p where p.tenant_id = {_TENANT} and {missing})) rows"
        " order by key_1, key_2 limit 20"
    )


def preview_rollback(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """What a rollback would find: rows as the promotion left them, and those that changed since."""
    return text(
        f"select r.key_1, r.key_2, p.{field.name}::text as before, r.before_value as after,"
        f" r.fate = 'followed' or p.{field.name} is distinct from r.after_value::{field.type} as edited"
        f" from platform.promotion_rows r join {entity.table} p on p.tenant_id = r.tenant_id and {_same(entity, 'r')}"
        f" where r.tenant_id = {_TENANT} and r.promotion_id = %(taken_back)s and r.fate in ('written', 'followed')"
    )


_LEDGER = "(tenant_id, promotion_id, key_1, key_2, before_value, after_value, fate)"
# rows looked at, rows written, rows left alone, and the last key
_OUTCOME = (
    "select count(*), (select count(*) from written), count(*) filter (where edited),"
    " (array_agg(key_1 order by key_1 desc, key_2 desc))[1], (array_agg(key_2 order by key_1 desc, key_2 desc))[1]"
)


def _batch(entity: MappedEntity, field: MappedField, *, bounded: bool = True) -> str:
    new = new_value(field)
    return (
        f"select {_keys(entity)}, p.{field.name} as before, {new} as after,"
        f" p.last_changed_at > %(snapshot_at)s as edited {_joined(entity, field, bounded=bounded)}"
        f" where p.{field.name} is distinct from {new} order by 1, 2"
    )


def _joined(entity: MappedEntity, field: MappedField, *, bounded: bool = True) -> str:
    existing, staged = (_after(entity, "p"), _after(entity, "s")) if bounded else ("", "")
    on = " and ".join(f"p.{name} = s.{name}" for name in entity.key)
    return (
        f"from (select * from {entity.table} p where p.tenant_id = {_TENANT}{existing}) p"
        f" join ({staged_field(entity, field, staged)}) s on {on}"
    )


def _after(entity: MappedEntity, side: str) -> str:
    keys = ", ".join(f"{side}.{name}" for name in entity.key)
    bound = "%(after_1)s, %(after_2)s" if len(entity.key) > 1 else "%(after_1)s"
    return f" and ({keys}) > ({bound})"


def _keys(entity: MappedEntity, side: str = "p.") -> str:
    second = f"{side}{entity.key[1]}" if len(entity.key) > 1 else "''::text"
    return f"{side}{entity.key[0]} as key_1, {second} as key_2"


def _second(entity: MappedEntity, side: str) -> str:
    return f"{side}.{entity.key[1]}" if len(entity.key) > 1 else "''::text"


def _same(entity: MappedEntity, other: str) -> str:
    return " and ".join(f"p.{name} = {other}.key_{n}" for n, name in enumerate(entity.key, 1))


def _last(entity: MappedEntity) -> str:
    order = ", ".join(f"{name} desc" for name in entity.key)
    parts = [f"(array_agg({name} order by {order}))[1]" for name in entity.key]
    return ", ".join(parts if len(parts) > 1 else [*parts, "''"])
