-- Gate, promotions and rollbacks (CMP-10 to CMP-17).

-- name: gate
-- Why a field may not replace production now; no reason, no objection (CMP-05, CMP-11). Asked for the asset checks, for
-- the dry run, and again in the transaction that starts a promotion. {staging} is counted now: a table that was emptied
-- since it was compared is no base for anything (F-84). Only a page that is shown may bring a count of a moment ago.
with newest as (
    select c.*, c.only_production + c.only_staging - c.historical as lonely,
           c.matched + c.only_production + c.only_staging - c.historical as keys
    from platform.comparisons c
    where c.tenant_id = %(tenant)s and c.entity = %(entity)s and c.first_day is null
    order by c.id desc limit 1
), staging as (
    select coalesce(%(staging_rows)s::bigint, (
        select count(*) from {staging} s where s.tenant_id = %(tenant)s and s.deleted_at is null
    )) as rows
), wanted as (
    select w.field, w.added, w.requires
    from jsonb_to_recordset(%(fields)s) as w (field text, added boolean, requires jsonb)
), judged as (
    select w.field, w.added, w.requires, f.field is not null as found, f.against,
           case when w.field = 'rows' then c.keys else f.compared end as compared,
           case when w.field = 'rows' then c.lonely else f.different + f.overwriting end as bad,
           case when w.field = 'rows' then %(threshold)s::numeric else f.threshold end as threshold
    from wanted w
    left join newest c on true
    left join platform.comparison_fields f
        on f.tenant_id = %(tenant)s and f.comparison_id = c.id and f.field = w.field
)
select j.field, c.id as comparison_id, c.snapshot_at, j.against, j.compared, j.bad, j.threshold, c.production_rows,
       s.rows as staging_rows,
       array_remove(array[
           case when c.id is null then 'not compared yet: run `sync-platform compare run`' end,
           case when c.snapshot_at < now() - %(max_age)s::interval
                then format('the comparison of %%s is too old: run `sync-platform compare run`',
                            to_char(c.snapshot_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) end,
           case when c.id is not null and j.compared is null then 'the comparison does not know this field: compare again' end,
           case when j.compared < %(min_rows)s and not (j.added and j.compared = 0)
                then format('not enough data: %%s rows compared, at least %%s are needed', j.compared, %(min_rows)s::integer) end,
           case when j.compared > 0 and not 100 * j.bad < j.threshold * j.compared
                then format('%%s of %%s differ (%%s %%%%), which is not under %%s %%%%', j.bad, j.compared,
                            trim_scale(round(100.0 * j.bad / j.compared, 4)), trim_scale(j.threshold)) end,
           case when j.field <> 'rows' and c.keys > 0 and not 100 * c.lonely < %(threshold)s * c.keys
                then format('%%s of %%s rows are on one side only (%%s %%%%), which is not under %%s %%%%', c.lonely, c.keys,
                            trim_scale(round(100.0 * c.lonely / c.keys, 4)), trim_scale(%(threshold)s::numeric)) end,
           case when c.id is not null and (s.rows = 0 or s.rows < 0.95 * c.staging_rows)
                then format('staging has %%s rows now and had %%s when it was compared', s.rows, c.staging_rows) end,
           (select format('open check: %%s', string_agg(format('%%s %%s', k.value, replace(k.key, '_', ' ')), ', '))
            from jsonb_each_text(c.consistency -> 'blaze') k
            where k.key = any(%(blocking)s) and k.value::bigint > 0 having count(*) > 0),
           (select format('first promote %%s', string_agg(r.field, ', ' order by r.field))
            from jsonb_array_elements_text(j.requires) r (field)
            where not exists (
                select from platform.promotions p
                where p.tenant_id = %(tenant)s and p.entity = %(entity)s and p.field = r.field
                  and p.kind = 'promotion' and p.state in ('active', 'finalized')) having count(*) > 0),
           (select format('%%s soaks until %%s', string_agg(p.field, ', ' order by p.field),
                          to_char(max(p.finished_at + %(soak)s::interval) at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
            from platform.promotions p
            where p.tenant_id = %(tenant)s and p.entity = %(entity)s and p.kind = 'promotion' and p.state = 'active'
              and p.field in (select jsonb_array_elements_text(j.requires))
              and p.finished_at + %(soak)s::interval > now() having count(*) > 0)
       ], null) as reasons
from judged j
left join newest c on true
cross join staging s;

-- name: lock
-- Whoever starts something with a field decides alone; told by the rows, held until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended(%(key)s, 0));

-- name: unfinished
select id, kind, actor, state, lease_until > clock_timestamp() as alive,
       ceil(extract(epoch from lease_until - clock_timestamp()))::integer as seconds_left
from platform.promotions
where tenant_id = %(tenant)s and entity = %(entity)s and field = %(field)s and state in ('running', 'deferred', 'failed');

-- name: active
select id, state from platform.promotions
where tenant_id = %(tenant)s and entity = %(entity)s and field = %(field)s and kind = 'promotion'
  and state in ('active', 'finalized')
order by id desc limit 1;

-- name: start
insert into platform.promotions (tenant_id, kind, entity, field, promotion_id, comparison_id, snapshot_at, changed_since,
    include_edited, override_reason, gate, actor, dagster_run_id, lease_until)
values (%(tenant)s, %(kind)s, %(entity)s, %(field)s, %(taken_back)s, %(comparison)s, %(snapshot_at)s, %(changed_since)s,
    %(include_edited)s, %(override_reason)s, %(gate)s, %(actor)s, %(dagster_run_id)s,
    clock_timestamp() + %(lease)s::interval)
returning id;

-- name: resume
update platform.promotions
set state = 'running', lease_until = clock_timestamp() + %(lease)s::interval, message = null
where tenant_id = %(tenant)s and id = %(id)s;

-- name: position
-- Where the next batch begins; nobody else takes one meanwhile.
select position_1, position_2, written, left_alone
from platform.promotions
where tenant_id = %(tenant)s and id = %(id)s and state = 'running'
for update;

-- name: advance
update platform.promotions
set position_1 = coalesce(%(after_1)s, position_1), position_2 = coalesce(%(after_2)s, position_2),
    written = written + %(written)s, left_alone = left_alone + %(left_alone)s,
    lease_until = clock_timestamp() + %(lease)s::interval
where tenant_id = %(tenant)s and id = %(id)s;

-- name: keep_lease
update platform.promotions set lease_until = clock_timestamp() + %(lease)s::interval
where tenant_id = %(tenant)s and id = %(id)s;

-- name: finish
-- A promotion that is done is followed from the comparison's moment on: what staging learned meanwhile comes next.
update platform.promotions
set state = %(state)s, finished_at = clock_timestamp(), message = %(message)s,
    followed_at = case when %(state)s = 'active' then started_at end
where tenant_id = %(tenant)s and id = %(id)s;

-- name: stop
update platform.promotions set state = %(state)s, message = %(message)s, lease_until = clock_timestamp()
where tenant_id = %(tenant)s and id = %(id)s and state = 'running';

-- name: taken_back
update platform.promotions set state = 'rolled_back' where tenant_id = %(tenant)s and id = %(id)s;

-- name: followed
select id, field, followed_at from platform.promotions
where tenant_id = %(tenant)s and entity = %(entity)s and kind = 'promotion' and state in ('active', 'finalized')
order by id;

-- name: followed_tables
-- Tables with a promoted field: asked after every sync.
select distinct entity from platform.promotions
where tenant_id = %(tenant)s and kind = 'promotion' and state in ('active', 'finalized')
order by entity;

-- name: still_followed
-- A promotion that is being taken back is not followed: what is written behind the rollback's position would stay.
select 1 from platform.promotions p
where p.tenant_id = %(tenant)s and p.id = %(id)s and p.state in ('active', 'finalized')
  and not exists (
      select from platform.promotions r
      where r.tenant_id = p.tenant_id and r.promotion_id = p.id and r.state in ('running', 'deferred', 'failed'));

-- name: set_followed
update platform.promotions set followed_at = %(followed_at)s, written = written + %(written)s
where tenant_id = %(tenant)s and id = %(id)s;

-- name: list
select id, kind, entity, field, state, promotion_id, comparison_id, changed_since, include_edited, override_reason,
       gate, written, left_alone, actor, started_at, finished_at, followed_at, message
from platform.promotions
where tenant_id = %(tenant)s and (%(entity)s::text is null or entity = %(entity)s)
  and (%(field)s::text is null or field = %(field)s)
  and (%(before)s::bigint is null or id < %(before)s)
  and (%(number)s::bigint is null or id = %(number)s)
order by id desc
limit %(limit)s;

-- name: left_alone
-- Rows that somebody had changed, of one promotion or rollback: 20 of them, and what was found there.
select key_1, key_2, before_value, after_value
from platform.promotion_rows
where tenant_id = %(tenant)s and promotion_id = %(id)s and fate = 'edited'
order by key_1, key_2
limit %(limit)s;

-- name: has_column
select exists (
    select from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass(%(table)s) and a.attname = %(column)s and not a.attisdropped) as found;

-- name: finalize
update platform.promotions set state = 'finalized'
where tenant_id = %(tenant)s and kind = 'promotion' and state = 'active';

-- name: uses_of_column
-- Views and functions that still name a column that is going to be dropped (CMP-17).
select distinct format('%%s %%s', case c.relkind when 'm' then 'materialized view' else 'view' end, c.oid::regclass) as used_by
from pg_catalog.pg_depend d
join pg_catalog.pg_rewrite w on w.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass
join pg_catalog.pg_class c on c.oid = w.ev_class
join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.refobjid = to_regclass(%(table)s) and a.attname = %(column)s and c.oid <> d.refobjid
union
select format('function %%s', p.oid::regprocedure)
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema')
  and (p.prosrc ~ ('\y' || %(column)s || '\y') or pg_catalog.pg_get_function_sqlbody(p.oid) ~ ('\y' || %(column)s || '\y'))
order by 1;

-- name: terms
select snapshot_at, include_edited from platform.promotions where tenant_id = %(tenant)s and id = %(id)s;

-- name: inserted_rows
select count(*) from platform.promotion_rows where tenant_id = %(tenant)s and promotion_id = %(id)s and fate = 'inserted';
