-- name: lock_starts
-- Two starters of the same entities go one after another. The keys come sorted, so they cannot wait for each other.
select pg_advisory_xact_lock(hashtextextended(k.name, 0)) from unnest(%(keys)s::text[]) as k (name);

-- name: expire
-- Runs whose writer has not been heard of. A batch in flight holds its row: then this waits and sees the new lease.
update platform.sync_runs set
    state = 'failed',
    finished_at = clock_timestamp(),
    lease_until = null,
    error_class = 'LeaseExpired',
    error_message = 'its process stopped reporting; the next run goes on from the last committed batch'
where tenant_id = %(tenant_id)s and state = 'running' and lease_until < clock_timestamp()
  and (%(source)s::text is null or (source = %(source)s and entity = any (%(entities)s)))
returning id;

-- name: writer
select id, source, entity from platform.sync_runs
where tenant_id = %(tenant_id)s and source = %(source)s and entity = any (%(entities)s)
  and state = 'running' and kind <> 'dry_run'
order by id
limit 1;

-- name: start
insert into platform.sync_runs (
    tenant_id, parent_id, source, entity, kind, window_start, window_end, state, planned, started_at, lease_until, actor,
    dagster_run_id, request_id
)
values (
    %(tenant_id)s, %(parent_id)s, %(source)s, %(entity)s, %(kind)s, %(window_start)s, %(window_end)s, 'running',
    %(planned)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(lease_seconds)s), %(actor)s,
    %(dagster_run_id)s, %(request_id)s
)
returning id;

-- name: add_progress
-- No row: the run was cancelled or taken over. Calls are counts since the start of the run, and older ones change
-- nothing: the reader ahead may have counted more in the meantime (HTTP-11).
update platform.sync_runs r set
    stage = coalesce(%(stage)s, r.stage),
    done = r.done + %(done)s,
    planned = coalesce(%(planned)s, r.planned),
    fetched = r.fetched + %(fetched)s,
    inserted = r.inserted + %(inserted)s,
    updated = r.updated + %(updated)s,
    unchanged = r.unchanged + %(unchanged)s,
    stale = r.stale + %(stale)s,
    duplicate_in_batch = r.duplicate_in_batch + %(duplicate_in_batch)s,
    quarantined = r.quarantined + %(quarantined)s,
    deleted = r.deleted + %(deleted)s,
    revived = r.revived + %(revived)s,
    suppressed = r.suppressed + %(suppressed)s,
    calls = case when %(api_calls)s >= r.api_calls then %(calls)s else r.calls end,
    api_calls = greatest(r.api_calls, %(api_calls)s),
    bytes = greatest(r.bytes, %(bytes)s),
    lease_until = greatest(r.lease_until, clock_timestamp() + make_interval(secs => %(lease_seconds)s))
where r.tenant_id = %(tenant_id)s and r.id = %(run_id)s and r.state = 'running'
returning r.id;

-- name: count_calls
select platform.count_calls(%(tenant)s, %(run_id)s, %(api_calls)s, %(calls)s);

-- name: add_batch
-- No row: this batch is committed already, or the run was cancelled or taken over.
update platform.sync_runs set batches = %(batch)s
where tenant_id = %(tenant_id)s and id = %(run_id)s and state = 'running' and batches < %(batch)s
returning id;

-- name: batch_is_written
select 1 from platform.sync_runs where tenant_id = %(tenant_id)s and id = %(run_id)s and batches >= %(batch)s;

-- name: extend_lease
-- A row that a batch holds is skipped: the batch extends the lease itself.
with mine as (
    select id from platform.sync_runs
    where tenant_id = %(tenant_id)s and id = any (%(run_ids)s) and state = 'running'
    for update skip locked
)
update platform.sync_runs r
set lease_until = greatest(r.lease_until, clock_timestamp() + make_interval(secs => %(lease_seconds)s))
from mine
where r.tenant_id = %(tenant_id)s and r.id = mine.id;

-- name: still_running
select id from platform.sync_runs
where tenant_id = %(tenant_id)s and id = any (%(run_ids)s) and state = 'running'
order by id;

-- name: finish
-- SYS-11 is judged here, on what is stored, so that no caller can forget it.
update platform.sync_runs r set
    state = case when judged.balanced then %(state)s else 'failed' end,
    finished_at = clock_timestamp(),
    lease_until = null,
    error_class = case when judged.balanced then %(error_class)s else 'LedgerUnbalanced' end,
    error_message = case when judged.balanced then %(error_message)s else
        format(
            'fetched %%s, accounted for %%s; nothing may build on this run%%s',
            r.fetched, judged.accounted, coalesce('; before that: ' || left(%(error_message)s, 800), '')
        ) end,
    report = r.report || %(report)s
from (
    select s.id, f.accounted, s.fetched = f.accounted as balanced
    from platform.sync_runs s
    cross join lateral (
        select s.inserted + s.updated + s.unchanged + s.stale + s.duplicate_in_batch + s.quarantined as accounted
    ) f
    where s.tenant_id = %(tenant_id)s and s.id = %(run_id)s
) judged
where r.tenant_id = %(tenant_id)s and r.id = judged.id and r.state = 'running';

-- name: find
select
    tenant_id, id, parent_id, source, entity, kind, window_start, window_end, state, stage, done, planned, fetched,
    inserted, updated, unchanged, stale, duplicate_in_batch, quarantined, deleted, revived, suppressed, api_calls, bytes,
    calls, batches, started_at, finished_at, lease_until, actor, dagster_run_id, request_id,
    error_class, error_message, report
from platform.sync_runs
where tenant_id = %(tenant_id)s and id = %(run_id)s;

-- name: newest
select
    tenant_id, id, parent_id, source, entity, kind, window_start, window_end, state, stage, done, planned, fetched,
    inserted, updated, unchanged, stale, duplicate_in_batch, quarantined, deleted, revived, suppressed, api_calls, bytes,
    calls, batches, started_at, finished_at, lease_until, actor, dagster_run_id, request_id,
    error_class, error_message, report
from platform.sync_runs
where tenant_id = %(tenant_id)s
  and (%(source)s::text is null or source = %(source)s)
  and (%(entity)s::text is null or entity = %(entity)s)
  and (%(state)s::text is null or state = %(state)s)
order by started_at desc, id desc
limit %(limit)s;

-- name: cancel
-- Lines stop with their receipts: the whole family is cancelled, whichever member was named.
update platform.sync_runs r set
    state = 'cancelled', finished_at = clock_timestamp(), lease_until = null, error_class = 'Cancelled',
    error_message = %(reason)s
from platform.sync_runs named
where named.tenant_id = %(tenant_id)s and named.id = %(run_id)s
  and r.tenant_id = %(tenant_id)s and r.state in ('queued', 'running')
  and coalesce(r.parent_id, r.id) = coalesce(named.parent_id, named.id)
returning r.id;

-- name: page
-- Newest first: a run's number is given when it starts.
select
    tenant_id, id, parent_id, source, entity, kind, window_start, window_end, state, stage, done, planned, fetched,
    inserted, updated, unchanged, stale, duplicate_in_batch, quarantined, deleted, revived, suppressed, api_calls, bytes,
    calls, batches, started_at, finished_at, lease_until, actor, dagster_run_id, request_id,
    error_class, error_message, report
from platform.sync_runs
where tenant_id = %(tenant_id)s
  and (%(before)s::bigint is null or id < %(before)s)
  and (%(source)s::text is null or source = %(source)s)
  and (%(entity)s::text is null or entity = %(entity)s)
  and (%(kind)s::text is null or kind = %(kind)s)
  and (%(state)s::text is null or state = %(state)s)
order by id desc
limit %(limit)s;

-- name: read
select
    tenant_id, id, parent_id, source, entity, kind, window_start, window_end, state, stage, done, planned, fetched,
    inserted, updated, unchanged, stale, duplicate_in_batch, quarantined, deleted, revived, suppressed, api_calls, bytes,
    calls, batches, started_at, finished_at, lease_until, actor, dagster_run_id, request_id,
    error_class, error_message, report
from platform.sync_runs
where tenant_id = %(tenant_id)s and id = any (%(run_ids)s)
order by id;

-- name: last_packages
-- Of all profiles, not of one who refreshed the own or of whom an event told (API-10).
select
    tenant_id, id, parent_id, source, entity, kind, window_start, window_end, state, stage, done, planned, fetched,
    inserted, updated, unchanged, stale, duplicate_in_batch, quarantined, deleted, revived, suppressed, api_calls, bytes,
    calls, batches, started_at, finished_at, lease_until, actor, dagster_run_id, request_id,
    error_class, error_message, report
from platform.sync_runs
where tenant_id = %(tenant_id)s and source = 'crm' and entity = 'packages'
  and state in ('succeeded', 'partial', 'failed') and kind in ('scheduled', 'manual', 'backfill')
order by id desc
limit 1;
