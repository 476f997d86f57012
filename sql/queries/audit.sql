-- The audit log (SEC-30). The trigger of the table gives an entry its number, time and hashes.

-- name: append
insert into platform.audit_log
    (tenant_id, actor, action, subject, detail, request_id, address, before_hash, after_hash)
values (%(tenant)s, %(actor)s, %(action)s, %(subject)s, %(detail)s, %(request_id)s, %(address)s, %(before_hash)s,
        %(after_hash)s);

-- name: page
select e.id, e.at, e.actor, e.action, e.subject, e.detail, e.request_id, e.address,
       encode(e.before_hash, 'hex') as before_hash, encode(e.after_hash, 'hex') as after_hash,
       encode(e.hash, 'hex') as hash
from platform.audit_log e
where e.tenant_id = %(tenant)s
  and (%(before_id)s::bigint is null or e.id < %(before_id)s)
  and (%(actor)s::text is null or e.actor = %(actor)s)
  and (%(action)s::text is null or starts_with(e.action, %(action)s))
  and (%(since)s::timestamptz is null or e.at >= %(since)s)
  and (%(until)s::timestamptz is null or e.at < %(until)s)
order by e.id desc
limit %(limit)s;

-- name: anchor
-- The newest entry of a chain, once a day.
insert into platform.audit_anchors (tenant_id, day, last_id, hash)
select e.tenant_id, %(day)s, e.id, e.hash
from platform.audit_log e
where e.tenant_id = %(tenant)s
order by e.id desc
limit 1
on conflict do nothing;

-- name: anchors
select a.tenant_id, a.day, a.last_id, encode(a.hash, 'hex') as hash
from platform.audit_anchors a
where a.tenant_id = %(tenant)s and (%(day)s::date is null or a.day = %(day)s)
order by a.day;

-- name: verify
-- How many entries and anchors a chain has, and the first place where it does not hold. An entry that was changed with
-- its own hash is told from one whose idea of the entry before was changed by the entry after it: that one agrees with
-- the second, and not with the first. After the newest entry comes the head. Anchors tell of nothing before all else
-- holds: they know that entries up to theirs are others, not which. Where file and table differ, the file is right.
with filed as (
    select f.day, f.last_id, decode(f.hash, 'hex') as hash
    from jsonb_to_recordset(%(filed)s) as f (day date, last_id bigint, hash text)
), kept as (
    select a.day, a.last_id, a.hash from platform.audit_anchors a where a.tenant_id = %(tenant)s
), head as (
    select h.entries, h.hash from platform.audit_heads h where h.tenant_id = %(tenant)s
), chain as materialized (
    select e.id, e.hash, e.prev_hash, row_number() over by_id as place,
           lag(e.hash) over by_id as before,
           case when lead(e.id) over by_id is null then (select h.hash from head h)
                else lead(e.prev_hash) over by_id end as said_after,
           e.hash is not distinct from platform.audit_hash(e) as sound
    from platform.audit_log e
    where e.tenant_id = %(tenant)s
    window by_id as (order by e.id)
), ends as (
    select count(*) as entries, coalesce(max(c.id), 0) as last_id from chain c
), anchors as (
    select a.day, a.last_id, a.hash is not distinct from c.hash as holds, c.id is not null as found
    from (
        select * from filed
        union all
        select k.* from kept k where not exists (select from filed f where f.day = k.day)
    ) a
    left join chain c on c.id = a.last_id
), findings as (
    select 1 as class, case when c.id < c.place then c.id else c.place end as place,
           case when c.id = c.place then 'changed' when c.id < c.place then 'inserted' else 'missing' end as kind,
           null::bigint as up_to, null::date as day
    from chain c
    where c.id is distinct from c.place or not c.sound
    union all
    select 1, case when c.place = 1 or c.said_after is distinct from c.hash then c.id else c.id - 1 end, 'changed',
           null, null
    from chain c
    where c.id = c.place and c.sound and c.prev_hash is distinct from c.before
    union all
    select 1, ends.last_id + 1, 'missing', null, null
    from ends
    where greatest((select max(a.last_id) from anchors a), (select h.entries from head h)) > ends.last_id
    union all
    select 1, head.entries + 1, 'inserted', null, null from ends, head where head.entries < ends.last_id
    union all
    select 1, c.id, 'changed', null, null
    from ends join chain c on c.id = ends.last_id join head on head.entries = c.id
    where c.hash is distinct from head.hash
    union all
    select 2, 1 + coalesce((select max(b.last_id) from anchors b where b.holds and b.last_id < a.last_id), 0),
           'rewritten', a.last_id, a.day
    from anchors a
    where a.found and not a.holds
    union all
    select 3, coalesce(k.last_id, f.last_id), 'anchor', null, f.day
    from filed f left join kept k on k.day = f.day
    where (k.last_id, k.hash) is distinct from (f.last_id, f.hash)
    union all
    select 3, ends.last_id, 'head', null, null from ends where ends.entries > 0 and not exists (select from head)
)
select ends.entries, (select count(*) from anchors) as anchors, f.place, f.kind, f.up_to, f.day
from ends
left join (select * from findings order by class, place, kind limit 1) f on true;
