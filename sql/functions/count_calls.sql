-- The calls of a run up to the one that is about to leave (HTTP-11). False: the run has ended, and it must not leave.
-- A function, because it runs with every call: its plan is kept.
create or replace function platform.count_calls(p_tenant uuid, p_run bigint, p_api_calls bigint, p_calls jsonb)
    returns boolean
    language plpgsql
    set search_path = ''
    as $$
begin
    update platform.sync_runs r set
        calls = case when p_api_calls >= r.api_calls then p_calls else r.calls end,
        api_calls = greatest(r.api_calls, p_api_calls)
    where r.tenant_id = p_tenant and r.id = p_run and r.state = 'running';
    return found;
end
$$;

revoke all on function platform.count_calls(uuid, bigint, bigint, jsonb) from public;
grant execute on function platform.count_calls(uuid, bigint, bigint, jsonb) to sp_loader;
