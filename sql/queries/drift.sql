-- name: record
-- What is known is counted on; new observations stop at a bound, so that a source which invents names (identifiers used
-- as field names, say) cannot fill the table.
insert into platform.schema_drift as s (tenant_id, source, entity, path, kind, detail, count, sample_hash)
select %(tenant_id)s, %(source)s, %(entity)s, d.path, d.kind, d.detail, d.count, d.sample_hash
from unnest(
    %(paths)s::text[], %(kinds)s::text[], %(details)s::text[], %(counts)s::bigint[], %(sample_hashes)s::uuid[]
) with ordinality as d (path, kind, detail, count, sample_hash, place)
cross join (
    select count(*) as known from platform.schema_drift
    where tenant_id = %(tenant_id)s and source = %(source)s and entity = %(entity)s
) stored
where stored.known + d.place <= %(bound)s
   or exists (
       select from platform.schema_drift k
       where k.tenant_id = %(tenant_id)s and k.source = %(source)s and k.entity = %(entity)s
         and k.path = d.path and k.kind = d.kind and k.detail = d.detail
   )
on conflict (tenant_id, source, entity, path, kind, detail) do update set
    count = s.count + excluded.count,
    last_seen = now(),
    sample_hash = coalesce(excluded.sample_hash, s.sample_hash);

-- name: items
select tenant_id, source, entity, path, kind, detail, first_seen, last_seen, count, sample_hash
from platform.schema_drift
where tenant_id = %(tenant_id)s
  and (%(source)s::text is null or source = %(source)s)
  and (%(entity)s::text is null or entity = %(entity)s)
  and (%(kind)s::text is null or kind = %(kind)s)
order by last_seen desc, path, kind, detail
limit %(limit)s;
