-- What GET /metrics tells of a tenant (OPS-01): counts of rows, never what is in them.

-- name: edge
-- Ledger rows below this number do not change any more. Those of the last hour are counted anew: a row with a lower number
-- may be committed after one with a higher.
select coalesce(
    min(r.id) filter (where r.finished_at is null or r.started_at > clock_timestamp() - interval '1 hour'),
    max(r.id) + 1, %(after)s)
from platform.sync_runs r
where r.tenant_id = %(tenant)s and r.id >= %(after)s;

-- name: runs
-- Runs that ended, their records and their newest success; numbers from "after" up to below "until".
select r.source, r.entity, r.state, count(*) as runs, sum(r.inserted)::bigint as inserted, sum(r.updated)::bigint as updated,
       sum(r.unchanged)::bigint as unchanged, sum(r.stale)::bigint as stale,
       sum(r.duplicate_in_batch)::bigint as duplicate_in_batch, sum(r.quarantined)::bigint as quarantined,
       sum(r.deleted)::bigint as deleted, sum(r.revived)::bigint as revived,
       extract(epoch from max(r.finished_at) filter (where r.state = 'succeeded' and r.kind <> 'event'))::float8
           as newest_success
from platform.sync_runs r
where r.tenant_id = %(tenant)s and r.id >= %(after)s and (%(until)s::bigint is null or r.id < %(until)s)
  and r.kind <> 'dry_run' and r.finished_at is not null
group by r.source, r.entity, r.state;

-- name: calls
-- Calls by what was answered.
select r.source, s.key as status, sum(s.value::bigint)::bigint as calls
from platform.sync_runs r
cross join jsonb_each(r.calls) e
cross join jsonb_each_text(e.value) s
where r.tenant_id = %(tenant)s and r.id >= %(after)s and (%(until)s::bigint is null or r.id < %(until)s)
  and r.finished_at is not null
group by r.source, s.key;

-- name: now
-- How things are at this moment: name of the metric, its labels without the tenant, value.
with waiting as (
    select 'webhook_events' as queue, e.source as kind, e.received_at as since
    from platform.webhook_events e where e.tenant_id = %(tenant)s and e.state in ('new', 'failed')
    union all
    select 'requests', q.kind, q.created_at
    from platform.run_requests q where q.tenant_id = %(tenant)s and q.state = 'queued'
    union all
    select 'imports', '', b.created_at
    from purchases.bulk_import_batches b where b.tenant_id = %(tenant)s and b.state = 'pending'
    union all
    select 'outbox', o.topic, o.created_at
    from platform.outbox o where o.tenant_id = %(tenant)s and o.delivered_at is null
    union all
    select 'reviews', '', v.created_at
    from crm.match_reviews v where v.tenant_id = %(tenant)s and v.state = 'open'
    union all
    select 'retry_items', i.source, i.first_failed_at
    from platform.retry_items i where i.tenant_id = %(tenant)s and i.state = 'open'
)
select 'waiting' as name, array[w.queue, w.kind] as labels, count(*)::float8 as value
from waiting w group by w.queue, w.kind
union all
select 'oldest_waiting_seconds', array[w.queue],
       greatest(0, extract(epoch from clock_timestamp() - min(w.since)))::float8
from waiting w group by w.queue
union all
select 'quarantine_open', array[q.source, q.entity], count(*)::float8
from platform.quarantine q where q.tenant_id = %(tenant)s and q.state = 'open' group by q.source, q.entity
union all
select 'runs_running', array[r.source, r.entity], count(*)::float8
from platform.sync_runs r where r.tenant_id = %(tenant)s and r.state = 'running' group by r.source, r.entity
union all
select 'breaker_open', array[b.source], max(case when b.opened_at is null then 0 else 1 end)::float8
from platform.circuit_breakers b where b.tenant_id = %(tenant)s group by b.source
union all
select 'credentials_rejected', array[s.source],
       count(*) filter (where s.rejected_at is not null)::float8
from platform.tenant_sources s where s.tenant_id = %(tenant)s and s.active group by s.source;
