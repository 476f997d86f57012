-- name: store
insert into platform.quarantine as q (
    tenant_id, source, entity, record_key, source_id, reason, field_path, detail, raw, raw_hash, run_id
)
select %(tenant_id)s, %(source)s, %(entity)s, r.record_key, r.source_id, r.reason, r.field_path, r.detail, r.raw::jsonb,
       r.raw_hash, %(run_id)s
from unnest(
    %(record_keys)s::text[], %(source_ids)s::text[], %(reasons)s::text[], %(field_paths)s::text[], %(details)s::text[],
    %(raws)s::text[], %(raw_hashes)s::uuid[]
) as r (record_key, source_id, reason, field_path, detail, raw, raw_hash)
on conflict (tenant_id, source, entity, record_key) do update set
    source_id = excluded.source_id,
    reason = excluded.reason,
    field_path = excluded.field_path,
    detail = excluded.detail,
    raw = excluded.raw,
    raw_hash = excluded.raw_hash,
    run_id = excluded.run_id,
    last_seen = now(),
    tries = q.tries + 1,
    state = 'open',
    closed_at = null;

-- name: any_open
select 1 from platform.quarantine
where tenant_id = %(tenant_id)s and source = %(source)s and entity = %(entity)s and state = 'open'
limit 1;

-- name: close_replayed
update platform.quarantine set state = 'replayed', closed_at = now()
where tenant_id = %(tenant_id)s and source = %(source)s and entity = %(entity)s and state = 'open'
  and record_key = any (%(record_keys)s);

-- name: items
select
    tenant_id, id, source, entity, record_key, source_id, reason, field_path, detail, raw, raw_hash, run_id, first_seen,
    last_seen, tries, state, closed_at
from platform.quarantine
where tenant_id = %(tenant_id)s
  and (%(state)s::text is null or state = %(state)s)
  and (%(source)s::text is null or source = %(source)s)
  and (%(entity)s::text is null or entity = %(entity)s)
  and (%(reason)s::text is null or reason = %(reason)s)
order by last_seen desc, id desc
limit %(limit)s;

-- name: page
-- Newest number first, without what was kept of the records: for those who only look, and not by when items were last
-- seen, which changes while somebody turns the pages.
select
    id, source, entity, record_key, source_id, reason, field_path, run_id, first_seen, last_seen, tries, state, closed_at
from platform.quarantine
where tenant_id = %(tenant_id)s
  and (%(state)s::text is null or state = %(state)s)
  and (%(source)s::text is null or source = %(source)s)
  and (%(entity)s::text is null or entity = %(entity)s)
  and (%(reason)s::text is null or reason = %(reason)s)
  and (%(before)s::bigint is null or id < %(before)s)
  and (%(number)s::bigint is null or id = %(number)s)
order by id desc
limit %(limit)s;

-- name: item
select
    tenant_id, id, source, entity, record_key, source_id, reason, field_path, detail, raw, raw_hash, run_id, first_seen,
    last_seen, tries, state, closed_at
from platform.quarantine
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: dismiss
update platform.quarantine set state = 'dismissed', closed_at = now()
where tenant_id = %(tenant_id)s and id = %(id)s and state = 'open'
returning id;
