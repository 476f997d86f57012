-- Row security on every tenant table (TEN-04, TEN-08): a row is seen and written by its own tenant only, by the owner
-- and the loader as well. Re-applied after every upgrade; a table that is missing here is found by `db check`.

do $$
declare
    t record;
begin
    for t in
        select c.oid::regclass as name, case when c.relname = 'tenants' then 'id' else 'tenant_id' end as tenant_column
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where (n.nspname in ('platform', 'blaze', 'mx_merchant', 'crm', 'purchases')
               or n.nspname = 'public'
               and c.relname in ('customers', 'transactions', 'transaction_items', 'products'))
          and c.relkind in ('r', 'p')
          and (c.relname = 'tenants' or exists (
              select from pg_catalog.pg_attribute a
              where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
    loop
        execute format('alter table %s enable row level security', t.name);
        execute format('alter table %s force row level security', t.name);
        execute format('drop policy if exists tenant_isolation on %s', t.name);
        execute format(
            'create policy tenant_isolation on %s for all using (%2$I = (select platform.current_tenant())) '
            'with check (%2$I = (select platform.current_tenant()))',
            t.name, t.tenant_column);
    end loop;
end
$$;

-- The directory function runs as the owner and reads slugs and names of all tenants, nothing else.
drop policy if exists directory on platform.tenants;
create policy directory on platform.tenants for select to sp_owner using (true);
