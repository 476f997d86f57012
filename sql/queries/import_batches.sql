-- Batches of purchase imports: who works on which, and how each one ended (CSV-02, CSV-03, CSV-17).

-- name: lock_tenant
select pg_advisory_xact_lock(hashtextextended('import_batches/' || %(tenant)s::text, 0));

-- name: same_file
-- Of the files that were not refused the newest; a dry run counts while it is not over.
select id from purchases.bulk_import_batches
where tenant_id = %(tenant)s and sha256 = %(sha256)s and dry_run = %(dry_run)s
  and (state in ('pending', 'processing') or (state = 'completed' and not dry_run))
order by id desc
limit 1;

-- name: open
select count(*) from purchases.bulk_import_batches where tenant_id = %(tenant)s and state in ('pending', 'processing');

-- name: create
insert into purchases.bulk_import_batches (tenant_id, name, file_name, sha256, bytes, stored_as, mode, allow_returns,
    tolerance, dry_run, forced, options, uploader, arrival_day)
values (%(tenant)s, %(name)s, %(file_name)s, %(sha256)s, %(bytes)s, %(stored_as)s, %(mode)s, %(allow_returns)s,
    %(tolerance)s, %(dry_run)s, %(forced)s, %(options)s, %(uploader)s, %(arrival_day)s)
returning id;

-- name: lock_slots
select pg_advisory_xact_lock(hashtextextended('import_slots', 0));

-- name: free_slots
delete from platform.import_slots where lease_until < clock_timestamp();

-- name: give_up
-- Whatever ends each of its workers would end the next one too.
update purchases.bulk_import_batches set
    state = 'failed', claim = null, lease_until = null, finished_at = clock_timestamp(),
    problem = format('its worker died %%s times; look for what ended it, then import the file again', attempts)
where tenant_id = %(tenant)s and state = 'processing' and lease_until < clock_timestamp() and attempts >= %(tries)s;

-- name: claim
-- First a batch whose worker died, then the oldest that waits. A batch that is being finished right now is skipped.
with next as (
    select b.id
    from purchases.bulk_import_batches b
    where b.tenant_id = %(tenant)s
      and (b.state = 'pending' or (b.state = 'processing' and b.lease_until < clock_timestamp()))
      and (%(batch_id)s::bigint is null or b.id = %(batch_id)s)
      and (select count(*) from platform.import_slots) < %(parallel)s
      and (
          select count(*) from purchases.bulk_import_batches a
          where a.tenant_id = %(tenant)s and a.state = 'processing' and a.lease_until >= clock_timestamp()
      ) < %(tenant_parallel)s
    order by b.state = 'processing' desc, b.id
    limit 1
    for update skip locked
), slot as (
    insert into platform.import_slots (slot, holder, lease_until)
    select (select min(n) from generate_series(1, %(parallel)s) as n
            where not exists (select from platform.import_slots s where s.slot = n)),
        %(claim)s, clock_timestamp() + make_interval(secs => %(lease_seconds)s)
    from next
)
update purchases.bulk_import_batches b set
    state = 'processing', stage = 'parsing', done = 0, claim = %(claim)s, attempts = b.attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s),
    started_at = coalesce(b.started_at, clock_timestamp())
from next
where b.tenant_id = %(tenant)s and b.id = next.id
returning b.id;

-- name: progress
-- No row: the batch was cancelled, taken over or has ended.
with slot as (
    update platform.import_slots s
    set lease_until = greatest(s.lease_until, clock_timestamp() + make_interval(secs => %(lease_seconds)s))
    where s.holder = %(claim)s
)
update purchases.bulk_import_batches b set
    stage = coalesce(%(stage)s, b.stage), done = coalesce(%(done)s, b.done), rows = greatest(b.rows, %(rows)s),
    lease_until = greatest(b.lease_until, clock_timestamp() + make_interval(secs => %(lease_seconds)s))
where b.tenant_id = %(tenant)s and b.id = %(batch_id)s and b.claim = %(claim)s
returning b.id;

-- name: finish
-- No row: the batch was cancelled or taken over, and what this transaction wrote must not stay.
with slot as (
    delete from platform.import_slots s where s.holder = %(claim)s
)
update purchases.bulk_import_batches b set
    state = %(state)s, stage = %(stage)s, claim = null, lease_until = null, finished_at = clock_timestamp(),
    rows = %(rows)s, done = %(rows)s, purchases = %(purchases)s, items = %(items)s, updated = %(updated)s,
    unchanged = %(unchanged)s, skipped = %(skipped)s, errors = %(errors)s, error_summary = %(error_summary)s,
    warnings = %(warnings)s, problem = %(problem)s, report = %(report)s
where b.tenant_id = %(tenant)s and b.id = %(batch_id)s and b.claim = %(claim)s and b.state = 'processing'
returning b.id;

-- name: cancel
with batch as (
    select b.id, b.claim from purchases.bulk_import_batches b
    where b.tenant_id = %(tenant)s and b.id = %(batch_id)s and b.state in ('pending', 'processing')
    for update
), slot as (
    delete from platform.import_slots s using batch where s.holder = batch.claim
)
update purchases.bulk_import_batches b set
    state = 'cancelled', claim = null, lease_until = null, finished_at = clock_timestamp(), problem = %(reason)s
from batch
where b.tenant_id = %(tenant)s and b.id = batch.id
returning b.id;

-- name: release
-- The batch is taken over like that of a dead worker.
with slot as (
    delete from platform.import_slots s where s.holder = %(claim)s
)
update purchases.bulk_import_batches b set lease_until = clock_timestamp() - interval '1 second'
where b.tenant_id = %(tenant)s and b.id = %(batch_id)s and b.claim = %(claim)s;

-- name: stored_names
select stored_as from purchases.bulk_import_batches where tenant_id = %(tenant)s and stored_as is not null;

-- name: clean_up
-- After the end: the file is gone.
update purchases.bulk_import_batches set stage = 'cleanup', stored_as = null
where tenant_id = %(tenant)s and id = %(batch_id)s and finished_at is not null;

-- name: find
select
    tenant_id, id, name, file_name, sha256, bytes, stored_as, mode, allow_returns, tolerance, dry_run, forced, options,
    uploader, arrival_day, state, stage, done, rows, purchases, items, updated, unchanged, skipped, errors,
    error_summary, warnings, problem, report, attempts, claim, lease_until, created_at, started_at, finished_at, purged_at
from purchases.bulk_import_batches
where tenant_id = %(tenant)s and id = %(batch_id)s;

-- name: newest
select
    tenant_id, id, name, file_name, sha256, bytes, stored_as, mode, allow_returns, tolerance, dry_run, forced, options,
    uploader, arrival_day, state, stage, done, rows, purchases, items, updated, unchanged, skipped, errors,
    error_summary, warnings, problem, report, attempts, claim, lease_until, created_at, started_at, finished_at, purged_at
from purchases.bulk_import_batches
where tenant_id = %(tenant)s
  and (%(state)s::text is null or state = %(state)s)
  and (%(before)s::bigint is null or id < %(before)s)
order by id desc
limit %(limit)s;

-- name: waiting
-- Batches that a worker may take, and those that run.
select
    count(*) filter (where state = 'pending' or lease_until < clock_timestamp()),
    count(*) filter (where state = 'processing' and lease_until >= clock_timestamp())
from purchases.bulk_import_batches
where tenant_id = %(tenant)s and state in ('pending', 'processing');

-- name: with_files
-- Of batches that ended before that time: what is still stored of them (CSV-16).
select id, stored_as, state from purchases.bulk_import_batches
where tenant_id = %(tenant)s and stored_as is not null and finished_at < %(before)s
order by id;

-- name: add_errors
insert into purchases.bulk_import_errors (tenant_id, batch_id, position, line, column_name, code, message, raw)
select %(tenant)s, %(batch_id)s, e.n, e.line, e."column", e.code, e.message,
    case when e.raw is not null then array(select jsonb_array_elements_text(e.raw)) end
from rows from (jsonb_to_recordset(%(errors)s::jsonb) as (
    line bigint, "column" text, code text, message text, raw jsonb
)) with ordinality as e (line, "column", code, message, raw, n);

-- name: errors
select line, column_name as "column", code, message, raw
from purchases.bulk_import_errors
where tenant_id = %(tenant)s and batch_id = %(batch_id)s
order by position
limit %(limit)s;

-- name: errors_without_cells
select line, column_name as "column", code, message, null::text[] as raw
from purchases.bulk_import_errors
where tenant_id = %(tenant)s and batch_id = %(batch_id)s
order by position
limit %(limit)s;

-- name: purge_errors
-- The header stays (CSV-20).
with old as (
    update purchases.bulk_import_batches set purged_at = %(now)s
    where tenant_id = %(tenant)s and purged_at is null and finished_at < %(before)s
    returning id
)
delete from purchases.bulk_import_errors e using old where e.tenant_id = %(tenant)s and e.batch_id = old.id;
