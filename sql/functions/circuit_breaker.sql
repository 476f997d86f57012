-- The circuit breaker of a tenant's source, shared by all processes (HTTP-07). Works on the current tenant's row only.

-- Whether a call may start now: closed, or half-open and this caller is the one probe.
create or replace function platform.breaker_allows(p_source text, p_open_for interval) returns boolean
    language plpgsql
    set search_path = ''
    as $$
declare
    v_row platform.circuit_breakers;
begin
    select * into v_row from platform.circuit_breakers b
    where b.tenant_id = (select platform.current_tenant()) and b.source = p_source;
    if not found or v_row.opened_at is null then
        return true;
    end if;
    -- one probe at a time; a probe that never reported back is forgotten after the same pause
    update platform.circuit_breakers b set probe_at = pg_catalog.clock_timestamp()
    where b.tenant_id = (select platform.current_tenant()) and b.source = p_source
      and b.opened_at <= pg_catalog.clock_timestamp() - p_open_for
      and (b.probe_at is null or b.probe_at <= pg_catalog.clock_timestamp() - p_open_for);
    return found;
end
$$;

-- Report how a call ended. Returns whether the breaker is open afterwards.
create or replace function platform.breaker_report(p_source text, p_success boolean, p_threshold integer) returns boolean
    language plpgsql
    set search_path = ''
    as $$
declare
    v_open boolean;
begin
    insert into platform.circuit_breakers as b (tenant_id, source, failures, opened_at)
    values (
        (select platform.current_tenant()),
        p_source,
        case when p_success then 0 else 1 end,
        case when not p_success and p_threshold <= 1 then pg_catalog.clock_timestamp() end
    )
    on conflict (tenant_id, source) do update set
        failures = case when p_success then 0 else b.failures + 1 end,
        opened_at = case
            when p_success then null
            when b.failures + 1 >= p_threshold then pg_catalog.clock_timestamp()
        end,
        probe_at = null
    returning b.opened_at is not null into v_open;
    return v_open;
end
$$;

revoke all on function platform.breaker_allows(text, interval) from public;
revoke all on function platform.breaker_report(text, boolean, integer) from public;
grant execute on function platform.breaker_allows(text, interval) to sp_loader;
grant execute on function platform.breaker_report(text, boolean, integer) to sp_loader;
