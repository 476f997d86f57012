"""The statements of a merge, built once per target from its description. Values are always bound."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import LiteralString

from psycopg import sql

from sync_platform.db.copy_text import OPTIONS
from sync_platform.db.target import Column, Target

_TENANT, _ZONE, _RUN = sql.Placeholder("tenant"), sql.Placeholder("zone"), sql.Placeholder("run_id")


@dataclass(frozen=True)
class MergeSql:
    """Statements of one target, in the order in which they run."""

    create: sql.Composed
    copy: sql.Composed
    analyze: sql.Composed
    look: sql.Composed
    sample: sql.Composed
    insert: sql.Composed
    merge: sql.Composed
    drop: sql.Composed


@cache
def merge_sql(target: Target) -> MergeSql:
    """The statements of a target. The staged table's name is the target's own with ``staged_`` before it."""
    stage = sql.Identifier("pg_temp", f"staged_{target.table}")
    table = sql.Identifier(target.schema, target.table)
    source = _source(target, stage)
    match = _and(
        sql.SQL("t.tenant_id = {}").format(_TENANT),
        *(sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in target.key),
    )
    key = sql.Identifier(target.key[0])
    fate = sql.SQL(
        "case when t.{key} is null then 'inserted' when s.source_modified_at < t.source_modified_at then 'stale'"
        " when {differs} then 'updated' else 'unchanged' end"
    ).format(key=key, differs=_differs(target))
    joined = sql.SQL("from ({}) s left join {} t on {}").format(source, table, match)
    return MergeSql(
        create=sql.SQL("create temporary table {} ({}) on commit drop").format(
            sql.Identifier(f"staged_{target.table}"),
            _comma(sql.SQL("{} {}").format(sql.Identifier(n), _text(t)) for n, t in target.staged),
        ),
        copy=sql.SQL("copy {} ({}) from stdin {}").format(
            stage, _comma(sql.Identifier(name) for name, _ in target.staged), sql.SQL(OPTIONS)
        ),
        # the key alone: nothing else is joined on, and statistics of every column cost as much as the write
        analyze=sql.SQL("analyze {} ({})").format(stage, _comma(sql.Identifier(name) for name in target.key)),
        look=_look(target, fate, joined, key),
        sample=_sample(target, fate, joined),
        insert=sql.SQL("insert into {} ({}) select {} from ({}) s").format(
            table, _comma(_inserted_names(target)), _comma(_inserted_values(target)), source
        ),
        merge=sql.SQL(
            "merge into {table} t using ({source}) s on {match}"
            " when matched and not coalesce(s.source_modified_at < t.source_modified_at, false) and {differs}"
            " then update set {updates}"
            " when not matched then insert ({names}) values ({values})"
        ).format(
            table=table,
            source=source,
            match=match,
            differs=_differs(target),
            updates=_comma(_updates(target)),
            names=_comma(_inserted_names(target)),
            values=_comma(_inserted_values(target)),
        ),
        drop=sql.SQL("drop table {}").format(stage),
    )


def _source(target: Target, stage: sql.Identifier) -> sql.Composed:
    """The staged rows in the types of the target."""
    parts: list[sql.Composable] = [_converted(column) for column in target.columns]
    if target.has_deleted:
        parts.append(sql.SQL("s.deleted"))
    if target.has_accept:
        parts.append(sql.SQL("s.explicit_nulls"))
    join: sql.Composable = sql.SQL("")
    if target.enrichment:
        parts += [
            sql.SQL("{} as {}").format(_text(expression), sql.Identifier(name))
            for name, expression in target.enrichment.columns
        ]
        join = sql.SQL(" {}").format(_text(target.enrichment.join))
    return sql.SQL("select {} from {} s{}").format(_comma(parts), stage, join)


def _converted(column: Column) -> sql.Composable:
    name = sql.Identifier(column.name)
    if column.kind not in ("time", "day"):
        return sql.SQL("s.{}").format(name)
    # whole seconds and the rest apart: exact for every millisecond from year 1 to 9999
    time = sql.SQL("to_timestamp(s.{0} / 1000) + mod(s.{0}, 1000) * interval '1 millisecond'").format(name)
    if column.kind == "day":
        return sql.SQL("(({}) at time zone {}::text)::date as {}").format(time, _ZONE, name)
    return sql.SQL("{} as {}").format(time, name)


def _names(target: Target) -> list[str]:
    """Data columns: the row's own and the enriched ones."""
    extra = [name for name, _ in target.enrichment.columns] if target.enrichment else []
    return [*target.names, *extra]


def _new_value(target: Target, name: str) -> sql.Composable:
    """What the column would hold after an update, by its null policy (SYS-07)."""
    column = next((c for c in target.columns if c.name == name), None)
    identifier = sql.Identifier(name)
    if column is None or column.policy == "always":
        return sql.SQL("s.{}").format(identifier)
    if column.policy == "keep":
        return sql.SQL("coalesce(s.{0}, t.{0})").format(identifier)
    return sql.SQL("case when {1} = any(s.explicit_nulls) then null else coalesce(s.{0}, t.{0}) end").format(
        identifier, sql.Literal(name)
    )


def _differs(target: Target) -> sql.Composed:
    ignored = {column.name for column in target.columns if not column.compared} | set(target.key)
    names = [name for name in _names(target) if name not in ignored]
    different = sql.SQL("(row({}) is distinct from row({})").format(
        _comma(_new_value(target, name) for name in names),
        _comma(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names),
    )
    return different + sql.SQL(" or (t.deleted_at is not null) is distinct from {})").format(_deleted(target))


def _deleted(target: Target) -> sql.SQL:
    return sql.SQL("coalesce(s.deleted, false)") if target.has_deleted else sql.SQL("false")


def _updates(target: Target) -> list[sql.Composable]:
    updates: list[sql.Composable] = [
        sql.SQL("{} = {}").format(sql.Identifier(name), _new_value(target, name))
        for name in _names(target)
        if name not in target.key
    ]
    deleted = sql.SQL("deleted_at = case when {} then coalesce(t.deleted_at, now()) end").format(_deleted(target))
    seen = sql.SQL("last_seen_at = now(), last_changed_at = now(), run_id = {}").format(_RUN)
    return [*updates, deleted, seen]


def _inserted_names(target: Target) -> list[sql.Composable]:
    fixed = "tenant_id deleted_at first_seen_at last_seen_at last_changed_at run_id".split()
    return [sql.Identifier(name) for name in (*_names(target), *fixed)]


def _inserted_values(target: Target) -> list[sql.Composable]:
    values: list[sql.Composable] = [sql.SQL("s.{}").format(sql.Identifier(name)) for name in _names(target)]
    deleted = sql.SQL("case when {} then now() end").format(_deleted(target))
    return [*values, _TENANT, deleted, *[sql.SQL("now()")] * 3, _RUN]


def _look(target: Target, fate: sql.Composed, joined: sql.Composed, key: sql.Identifier) -> sql.Composed:
    suppressed = [
        sql.SQL(
            "count(*) filter (where t.{key} is not null and s.{name} is null and t.{name} is not null"
            " and ({kept}) is not null) as {alias}"
        ).format(
            key=key,
            name=sql.Identifier(column.name),
            kept=_new_value(target, column.name),
            alias=sql.Identifier(f"suppressed_{n}"),
        )
        for n, column in enumerate(target.columns)
        if column.policy != "always"
    ]
    inner = sql.SQL(
        "select s.{key} as key, {fate} as fate, t.{key} is not null as existing,"
        " t.deleted_at is not null and not {deleted} as revived {joined}"
    ).format(key=key, fate=fate, deleted=_deleted(target), joined=joined)
    counts = sql.SQL(
        "select count(*) filter (where fate = 'inserted') as inserted,"
        " count(*) filter (where fate = 'updated') as updated,"
        " count(*) filter (where fate = 'unchanged') as unchanged,"
        " count(*) filter (where fate = 'stale') as stale,"
        " count(*) filter (where fate = 'updated' and revived) as revived,"
        " array_agg(key) filter (where existing) as existing,"
        " array_agg(key) filter (where fate = 'stale') as stale_keys from ({}) looked"
    ).format(inner)
    if not suppressed:
        return counts
    return sql.SQL("select * from ({}) counts cross join (select {} {}) kept").format(
        counts, _comma(suppressed), joined
    )


def _sample(target: Target, fate: sql.Composed, joined: sql.Composed) -> sql.Composed:
    new = _comma(sql.SQL("{}, {}").format(sql.Literal(name), _new_value(target, name)) for name in _names(target))
    old = _comma(sql.SQL("{}, t.{}").format(sql.Literal(name), sql.Identifier(name)) for name in _names(target))
    keys = _comma(sql.SQL("s.{}").format(sql.Identifier(name)) for name in target.key)
    return sql.SQL(
        "select * from (select concat_ws('/', {keys}) as key, {fate} as fate,"
        " case when t.tenant_id is not null then jsonb_build_object({old}) end as before,"
        " jsonb_build_object({new}) as after {joined}) differences"
        " where fate in ('inserted', 'updated') order by fate desc, key collate \"C\" limit {size}"
    ).format(keys=keys, fate=fate, old=old, new=new, joined=joined, size=sql.Placeholder("size"))


def _comma(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _and(*parts: sql.Composable) -> sql.Composed:
    return sql.SQL(" and ").join(parts)


def _text(text: LiteralString) -> sql.SQL:
    """SQL text out of our own descriptions of tables; never anything from outside."""
    return sql.SQL(text)
