-- All tenants, in order of addition, for whoever has to work through them: the loader's schedules and commands.
-- SECURITY DEFINER because the registry itself shows a role its own tenant only; it returns no tenant's data (TEN-06).
create or replace function platform.tenant_directory()
    returns table (id uuid, slug text, name text, zone text, country text, state text)
    language sql
    stable
    security definer
    set search_path = ''
    begin atomic
        select t.id, t.slug, t.name, t.zone, t.country, t.state
        from platform.tenants t
        order by t."position";
    end;

revoke all on function platform.tenant_directory() from public;
grant execute on function platform.tenant_directory() to sp_loader;
