-- Users and SKUs of a tenant (CSV-08): taken over in bulk, written only where something is different.

-- name: create_staging
create temporary table staged_references (
    reference_id text collate "C", name text, active boolean
) on commit drop;

-- name: copy
copy pg_temp.staged_references from stdin with (format csv, null 'null');

-- name: load_users
-- Of an id that is there twice, any one counts.
insert into purchases.users as u (tenant_id, user_id, name, active)
select distinct on (reference_id) %(tenant)s::uuid, reference_id, name, active from staged_references order by reference_id
on conflict (tenant_id, user_id) do update
    set name = excluded.name, active = excluded.active, updated_at = clock_timestamp()
    where (u.name, u.active) is distinct from (excluded.name, excluded.active);

-- name: load_skus
insert into purchases.skus as k (tenant_id, sku_id, name, active)
select distinct on (reference_id) %(tenant)s::uuid, reference_id, name, active from staged_references order by reference_id
on conflict (tenant_id, sku_id) do update
    set name = excluded.name, active = excluded.active, updated_at = clock_timestamp()
    where (k.name, k.active) is distinct from (excluded.name, excluded.active);

-- name: some_users
select user_id from purchases.users where tenant_id = %(tenant)s and active order by user_id limit %(limit)s;

-- name: some_skus
select sku_id from purchases.skus where tenant_id = %(tenant)s and active order by sku_id limit %(limit)s;

-- name: save_mapping
insert into purchases.column_mappings as m (tenant_id, header_hash, mapping, actor)
values (%(tenant)s, %(header_hash)s, %(mapping)s, %(actor)s)
on conflict (tenant_id, header_hash) do update
    set mapping = excluded.mapping, actor = excluded.actor, updated_at = clock_timestamp()
    where m.mapping is distinct from excluded.mapping;

-- name: find_mapping
select mapping from purchases.column_mappings where tenant_id = %(tenant)s and header_hash = %(header_hash)s;
