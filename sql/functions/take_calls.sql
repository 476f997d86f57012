-- Up to p_calls calls out of a credential's budget: at most p_limit in any p_period (HTTP-10). Calls are counted per
-- second and the oldest second counts whole, so the limit is never exceeded. Nothing granted: wait_seconds says when
-- the next call may be asked for. The lock lets one process at a time count, for microseconds.
create or replace function platform.take_calls(
    p_credential text,
    p_calls integer,
    p_limit integer,
    p_period interval
) returns table (granted integer, wait_seconds double precision)
    language plpgsql
    set search_path = ''
    as $$
declare
    v_now  timestamptz;
    v_from timestamptz;
    v_used bigint;
begin
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('call_budget/' || p_credential, 0));
    v_now := pg_catalog.clock_timestamp();
    v_from := pg_catalog.date_trunc('second', v_now - p_period);
    select coalesce(sum(b.calls), 0) into v_used
    from platform.call_budget b where b.credential = p_credential and b.slot >= v_from;
    granted := greatest(0, least(p_calls::bigint, p_limit - v_used));
    if granted > 0 then
        insert into platform.call_budget as b (credential, slot, calls)
        values (p_credential, pg_catalog.date_trunc('second', v_now), granted)
        on conflict (credential, slot) do update set calls = b.calls + excluded.calls;
        delete from platform.call_budget b
        where b.credential = p_credential and b.slot < v_from - interval '1 hour';
        wait_seconds := 0;
    else
        select extract(epoch from min(b.slot) + p_period + interval '1 second' - v_now) into wait_seconds
        from platform.call_budget b
        where b.credential = p_credential and b.slot >= v_from;
        wait_seconds := greatest(0.05, least(wait_seconds, 5));
    end if;
    return next;
end
$$;

revoke all on function platform.take_calls(text, integer, integer, interval) from public;
grant execute on function platform.take_calls(text, integer, integer, interval) to sp_loader;
