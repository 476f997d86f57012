-- Items that a run could not fetch or find (MX-06, MX-12, CRM-15).

-- name: due
-- As often as runs come at first, then every few days.
select entity, item_key from platform.retry_items
where tenant_id = %(tenant)s and source = %(source)s and account = %(account)s and state = 'open'
  and (tries <= %(tries)s or last_failed_at <= %(now)s - %(pause)s::interval)
order by first_failed_at, item_key
limit %(limit)s;

-- name: failed
insert into platform.retry_items as r
    (tenant_id, source, account, entity, item_key, reason, first_failed_at, last_failed_at, run_id)
select %(tenant)s, %(source)s, %(account)s, f.entity, f.item_key, f.reason, %(now)s, %(now)s, %(run)s
from unnest(%(entities)s::text[], %(keys)s::text[], %(reasons)s::text[]) as f (entity, item_key, reason)
order by f.entity, f.item_key
on conflict (tenant_id, source, account, entity, item_key) do update set
    reason = excluded.reason,
    last_failed_at = excluded.last_failed_at,
    tries = case when r.state = 'done' then 1 else r.tries + 1 end,
    first_failed_at = case when r.state = 'done' then excluded.first_failed_at else r.first_failed_at end,
    state = case when r.state <> 'done' and r.tries + 1 >= %(review_after)s::integer then 'review' else 'open' end,
    run_id = excluded.run_id;

-- name: any_open
select 1 from platform.retry_items
where tenant_id = %(tenant)s and source = %(source)s and account = %(account)s and state <> 'done'
limit 1;

-- name: done
-- The keys are said twice: without the second time each open item may be compared with each of them.
update platform.retry_items r
set state = 'done', run_id = %(run)s
from unnest(%(entities)s::text[], %(keys)s::text[]) as d (entity, item_key)
where r.tenant_id = %(tenant)s and r.source = %(source)s and r.account = %(account)s and r.state <> 'done'
  and r.entity = d.entity and r.item_key = d.item_key and r.item_key = any (%(keys)s::text[]);

-- name: items
-- For people: those that wait for one first.
select account, entity, item_key, reason, tries, first_failed_at, last_failed_at, state
from platform.retry_items
where tenant_id = %(tenant)s and source = %(source)s and (%(open)s is not true or state <> 'done')
order by state desc, last_failed_at desc
limit %(limit)s;
