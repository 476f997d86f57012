-- Which of these tenants have an active account at a source, and the events of theirs that are due: how many, the
-- newest one, and their tries. No events where the source refused the tenant's keys: they wait for new ones (HTTP-04).
-- One statement for all tenants instead of a transaction for each. It looks as each tenant in turn, with the caller's
-- own rights, so row security is in force as ever. Afterwards, after an error too, the caller is who it was (TEN-05).
create or replace function platform.accounts_at(p_source text, p_tenants uuid[], p_now timestamptz)
    returns table (tenant_id uuid, events bigint, newest bigint, tries bigint)
    language plpgsql
    set search_path = ''
    as $$
declare
    v_before  text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    v_active  bigint;
    v_refused bigint;
begin
    foreach tenant_id in array p_tenants loop
        perform pg_catalog.set_config('app.tenant_id', tenant_id::text, true);
        select count(*), count(s.rejected_at) into v_active, v_refused
        from platform.tenant_sources s
        where s.tenant_id = accounts_at.tenant_id and s.source = p_source and s.active;
        continue when v_active = 0;
        events := 0;
        newest := null;
        tries := null;
        if v_refused = 0 then
            select count(*), max(e.id), sum(e.tries) into events, newest, tries
            from platform.webhook_events e
            where e.tenant_id = accounts_at.tenant_id and e.source = p_source
              and e.state in ('new', 'failed') and e.due_at <= p_now;
        end if;
        return next;
    end loop;
    perform pg_catalog.set_config('app.tenant_id', v_before, true);
end
$$;

revoke all on function platform.accounts_at(text, uuid[], timestamptz) from public;
grant execute on function platform.accounts_at(text, uuid[], timestamptz) to sp_loader;
