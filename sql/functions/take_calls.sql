-- Up to p_calls calls out of a credential's budget: at most p_limit in any p_period (HTTP-10), and for one caller not
-- more than its weight of that while others wait (HTTP-13). Where a credential is shared, a tenth is left to those that
-- use less than their part, so that a call now and then need not wait for a greedy one's period to pass.
-- Calls are counted per slot, and the oldest slot counts whole, so the limit is never exceeded. Nothing granted:
-- wait_seconds says when to ask again. used is what the period holds then. The lock lets one process at a time count,
-- for microseconds. The weight is the current tenant's setting. p_now is for tests.
drop function if exists platform.take_calls(text, integer, integer, interval);
create or replace function platform.take_calls(
    p_credential text,
    p_calls integer,
    p_limit integer,
    p_period interval,
    p_caller text default '',
    p_now timestamptz default null
) returns table (granted integer, wait_seconds double precision, used integer)
    language plpgsql
    set search_path = ''
    as $$
declare
    -- how long a caller that got less than it asked for is known to wait, once it may have asked again
    c_patience constant interval := interval '1 second';
    c_origin   constant timestamptz := timestamptz '2000-01-01 00:00Z';
    v_width    interval := greatest(interval '0.1 second', p_period / 300);
    v_now      timestamptz;
    v_slot     timestamptz;
    v_from     timestamptz;
    v_used     bigint;
    v_mine     bigint;
    v_weight   double precision;
    v_others   double precision;
    v_free     bigint;
    v_today    date;
    v_sharers  bigint;
begin
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('call_budget/' || p_credential, 0));
    v_now := coalesce(p_now, pg_catalog.clock_timestamp());
    v_slot := pg_catalog.date_bin(v_width, v_now, c_origin);
    v_from := pg_catalog.date_bin(v_width, v_now - p_period, c_origin);
    select coalesce(sum(b.calls), 0), coalesce(sum(b.calls) filter (where b.caller = p_caller), 0) into v_used, v_mine
    from platform.call_budget b where b.credential = p_credential and b.slot >= v_from;
    v_free := p_limit - v_used;
    v_today := (v_now at time zone 'UTC')::date;

    select count(distinct d.caller) into v_sharers
    from platform.call_days d
    where d.credential = p_credential and d.day >= v_today - 1 and d.caller <> p_caller;
    if v_sharers > 0 and v_mine * (v_sharers + 1) >= p_limit then
        v_free := least(v_free, p_limit - p_limit / 10 - v_used);
    end if;

    select sum(d.weight) into v_others
    from platform.call_demand d
    where d.credential = p_credential and d.caller <> p_caller and d.waits_until > v_now;
    if v_others is not null or v_free < p_calls then
        select coalesce((t.settings ->> 'call_weight')::double precision, 1) into v_weight
        from platform.tenants t where t.id = (select platform.current_tenant());
        v_weight := coalesce(v_weight, 1);
    end if;
    if v_others is not null then
        v_free := least(v_free, greatest(1, floor(p_limit * v_weight / (v_weight + v_others))::bigint) - v_mine);
    end if;
    granted := greatest(0, least(p_calls::bigint, v_free));
    used := v_used + granted;

    wait_seconds := 0;
    if granted = 0 then
        -- until the oldest slot leaves the period: anybody's, or mine where my share is used up
        select extract(epoch from min(b.slot) + v_width + p_period - v_now) into wait_seconds
        from platform.call_budget b
        where b.credential = p_credential and b.slot >= v_from and (v_used >= p_limit or b.caller = p_caller);
        -- others may stop waiting any time
        wait_seconds := greatest(0.02, least(wait_seconds, case when v_used < p_limit then 0.5 else 5 end));
    else
        insert into platform.call_budget as b (credential, slot, caller, calls)
        values (p_credential, v_slot, p_caller, granted)
        on conflict (credential, slot, caller) do update set calls = b.calls + excluded.calls;
        delete from platform.call_budget b
        where b.credential = p_credential and b.slot < v_from - interval '1 hour';

        update platform.call_days d set calls = d.calls + granted
        where d.credential = p_credential and d.caller = p_caller and d.day = v_today;
        if not found then
            insert into platform.call_days (credential, caller, day, calls)
            values (p_credential, p_caller, v_today, granted);
            delete from platform.call_days d
            where d.credential = p_credential and d.day < v_today - 35;
        end if;
    end if;

    if granted < p_calls then
        insert into platform.call_demand as d (credential, caller, weight, waits_until)
        values (p_credential, p_caller, v_weight, v_now + pg_catalog.make_interval(secs => wait_seconds) + c_patience)
        on conflict (credential, caller) do update set weight = excluded.weight, waits_until = excluded.waits_until;
    else
        -- served now, and still there for a moment: else a greedy one would take the rest before it asks again
        update platform.call_demand d set waits_until = least(d.waits_until, v_now + c_patience)
        where d.credential = p_credential and d.caller = p_caller and d.waits_until > v_now;
    end if;
    return next;
end
$$;

revoke all on function platform.take_calls(text, integer, integer, interval, text, timestamptz) from public;
grant execute on function platform.take_calls(text, integer, integer, interval, text, timestamptz) to sp_loader;
