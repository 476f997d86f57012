-- The tenant of this transaction (TEN-05). Unset or malformed is no tenant at all, and then no policy lets a row through.
create or replace function platform.current_tenant() returns uuid
    language sql
    stable
    parallel safe
    set search_path = ''
    return case
        when pg_catalog.current_setting('app.tenant_id', true)
             ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        then pg_catalog.current_setting('app.tenant_id', true)::uuid
    end;

revoke all on function platform.current_tenant() from public;
grant execute on function platform.current_tenant() to sp_owner, sp_loader, sp_promoter, sp_web, sp_readonly, sp_audit;
