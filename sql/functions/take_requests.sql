-- Up to p_count requests out of what "who" may make in a minute (API-09); none granted: wait_seconds says when one will
-- be. Counted per slot of five seconds, the oldest one whole, so no sixty seconds ever hold more than p_limit.
-- p_now is for tests.
create or replace function platform.take_requests(
    p_who text,
    p_count integer,
    p_limit integer,
    p_now timestamptz default null
) returns table (granted integer, wait_seconds double precision)
    language plpgsql
    set search_path = ''
    as $$
declare
    c_width constant integer := 5;
    c_slots constant integer := 13;  -- the minute, and the one that has begun
    v_time  double precision := extract(epoch from coalesce(p_now, pg_catalog.clock_timestamp()));
    v_slot  bigint := floor(v_time / c_width);
    v_slots integer[];
    v_last  bigint;
    v_moved integer;
    v_used  bigint;
    v_first integer;
begin
    select r.slots, r.last_slot into v_slots, v_last from platform.rate_counts r where r.who = p_who for update;
    if not found then
        insert into platform.rate_counts (who, slots, last_slot)
        values (p_who, pg_catalog.array_fill(0, array[c_slots]), v_slot) on conflict do nothing;
        select r.slots, r.last_slot into v_slots, v_last from platform.rate_counts r where r.who = p_who for update;
        if pg_catalog.random() < 0.01 then
            delete from platform.rate_counts r where r.last_slot < v_slot - c_slots;
        end if;
    end if;
    -- a clock that was put back counts on where it was
    v_moved := greatest(0, least(c_slots, v_slot - v_last));
    v_slots := v_slots[1 + v_moved : c_slots] || pg_catalog.array_fill(0, array[v_moved]);
    select sum(s.calls), min(s.place) filter (where s.calls > 0) into v_used, v_first
    from pg_catalog.unnest(v_slots) with ordinality as s (calls, place);
    granted := greatest(0, least(p_count, p_limit - v_used));
    wait_seconds := 0;
    if granted > 0 then
        v_slots[c_slots] := v_slots[c_slots] + granted;
        update platform.rate_counts r set slots = v_slots, last_slot = greatest(v_slot, v_last) where r.who = p_who;
    elsif v_first is not null then
        wait_seconds := greatest(0, (greatest(v_slot, v_last) + v_first) * c_width - v_time);
    end if;
    return next;
end
$$;

revoke all on function platform.take_requests(text, integer, integer, timestamptz) from public;
grant execute on function platform.take_requests(text, integer, integer, timestamptz) to sp_loader;
