-- The queue of what was asked for over HTTP: who works on which request, and how each one ended (API-03).

-- name: lock_tenant
select pg_advisory_xact_lock(hashtextextended('run_requests/' || %(tenant)s::text, 0));

-- name: open
select count(*) from platform.run_requests where tenant_id = %(tenant)s and state in ('queued', 'running');

-- name: create
insert into platform.run_requests (tenant_id, id, kind, arguments, actor, origin)
values (%(tenant)s, %(id)s, %(kind)s, %(arguments)s, %(actor)s, %(origin)s);

-- name: waiting_tenants
select id, slug, name, zone as zone_name, country, state from platform.waiting_requests(%(parallel)s);

-- name: give_up
-- Whatever ended each of its workers would end the next one too.
update platform.run_requests set
    state = 'failed', claim = null, lease_until = null, finished_at = clock_timestamp(), error_code = 'WorkerDied',
    error_message = format('its worker died %%s times; look for what ended it, then ask again', attempts)
where tenant_id = %(tenant)s and state = 'running' and lease_until < clock_timestamp()
  and attempts >= case when kind = any (%(once)s) then 1 else %(tries)s end;

-- name: cancel_dead
-- Its worker died before it heard that it should stop.
update platform.run_requests set
    state = 'cancelled', claim = null, lease_until = null, finished_at = clock_timestamp(), error_code = 'Cancelled',
    error_message = cancel_reason
where tenant_id = %(tenant)s and state = 'running' and lease_until < clock_timestamp() and cancel_asked_at is not null;

-- name: claim
-- First a request whose worker died, then the one that waits the longest. One that is being finished is skipped.
with next as (
    select r.id
    from platform.run_requests r
    where r.tenant_id = %(tenant)s
      and ((r.state = 'queued' and r.due_at <= clock_timestamp())
           or (r.state = 'running' and r.lease_until < clock_timestamp()))
      and (
          select count(*) from platform.run_requests a
          where a.tenant_id = %(tenant)s and a.state = 'running' and a.lease_until >= clock_timestamp()
      ) < %(parallel)s
    order by r.state = 'running' desc, r.due_at
    limit 1
    for update skip locked
)
update platform.run_requests r set
    state = 'running', stage = 'starting', claim = %(claim)s, attempts = r.attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s),
    started_at = coalesce(r.started_at, clock_timestamp())
from next
where r.tenant_id = %(tenant)s and r.id = next.id
returning r.id;

-- name: beat
-- No row: it was taken over or has ended.
update platform.run_requests set
    stage = %(stage)s, done = %(done)s, planned = %(planned)s, records = greatest(records, %(records)s),
    lease_until = greatest(lease_until, clock_timestamp() + make_interval(secs => %(lease_seconds)s))
where tenant_id = %(tenant)s and id = %(id)s and claim = %(claim)s
returning cancel_asked_at is not null;

-- name: keep_part
update platform.run_requests set parts = parts || jsonb_build_object(%(part)s::text, %(result)s::jsonb)
where tenant_id = %(tenant)s and id = %(id)s and claim = %(claim)s
returning id;

-- name: wait
-- Back into the queue; a worker that waits for others has not died.
update platform.run_requests set
    state = 'queued', stage = %(stage)s, claim = null, lease_until = null, attempts = greatest(attempts - 1, 0),
    due_at = clock_timestamp() + make_interval(secs => %(seconds)s),
    error_code = %(error_code)s, error_message = %(error_message)s
where tenant_id = %(tenant)s and id = %(id)s and claim = %(claim)s and cancel_asked_at is null
  and (%(limit)s::float8 is null or started_at > clock_timestamp() - make_interval(secs => %(limit)s::float8))
returning id;

-- name: finish
-- Whatever went wrong after it was asked to stop: it was cancelled.
update platform.run_requests r set
    state = judged.state, stage = judged.state, claim = null, lease_until = null, finished_at = clock_timestamp(),
    done = %(done)s, planned = %(planned)s, records = greatest(r.records, %(records)s), result = %(result)s,
    error_code = case when judged.state = 'cancelled' then 'Cancelled' else %(error_code)s end,
    error_message = case when judged.state = 'cancelled' then coalesce(r.cancel_reason, %(error_message)s)
        else %(error_message)s end
from (
    select case when cancel_asked_at is not null and %(state)s = 'failed' then 'cancelled' else %(state)s end as state
    from platform.run_requests
    where tenant_id = %(tenant)s and id = %(id)s
) judged
where r.tenant_id = %(tenant)s and r.id = %(id)s and r.claim = %(claim)s
returning r.id;

-- name: cancel
-- One that waits ends at once; one that runs is asked to stop at its next page.
update platform.run_requests set
    state = case when state = 'queued' then 'cancelled' else state end,
    finished_at = case when state = 'queued' then clock_timestamp() end,
    error_code = case when state = 'queued' then 'Cancelled' else error_code end,
    error_message = case when state = 'queued' then %(reason)s else error_message end,
    cancel_asked_at = coalesce(cancel_asked_at, clock_timestamp()), cancel_reason = coalesce(cancel_reason, %(reason)s)
where tenant_id = %(tenant)s and id = %(id)s and state in ('queued', 'running')
returning id;

-- name: read
select
    tenant_id, id, kind, arguments, actor, origin, state, stage, done, planned, records, parts, result, error_code,
    error_message, attempts, claim, due_at, cancel_asked_at, cancel_reason, revision, created_at, started_at,
    finished_at
from platform.run_requests
where tenant_id = %(tenant)s and id = any (%(ids)s);

-- name: newest
select
    tenant_id, id, kind, arguments, actor, origin, state, stage, done, planned, records, parts, result, error_code,
    error_message, attempts, claim, due_at, cancel_asked_at, cancel_reason, revision, created_at, started_at,
    finished_at
from platform.run_requests
where tenant_id = %(tenant)s
  and (%(kind)s::text is null or kind = %(kind)s)
  and (%(state)s::text is null or state = %(state)s)
order by created_at desc, id desc
limit %(limit)s;

-- name: runs_of
-- Runs start after the request was made, so the index by time finds them.
select id from platform.sync_runs
where tenant_id = %(tenant)s and started_at >= %(since)s and request_id = %(id)s
order by id;

-- name: purge
with old as (
    select r.id from platform.run_requests r
    where r.tenant_id = %(tenant)s and r.finished_at < clock_timestamp() - make_interval(days => %(days)s)
    limit %(limit)s
)
delete from platform.run_requests r using old where r.tenant_id = %(tenant)s and r.id = old.id;
