-- Tenants of which a worker may take a request now, those that run the fewest first, then those that wait the longest:
-- one tenant's queue does not hold up another's. With the rights of the caller, one tenant after the other: no policy
-- is passed by, and it is one call however many tenants there are.
create or replace function platform.waiting_requests(p_parallel integer)
    returns table (id uuid, slug text, name text, zone text, country text, state text)
    language plpgsql
    set search_path = ''
    as $$
declare
    t record;
    waiting timestamptz;
    running bigint;
    found_ids uuid[] := '{}';
    found_running bigint[] := '{}';
    found_waiting timestamptz[] := '{}';
    asked_for text := pg_catalog.current_setting('app.tenant_id', true);
begin
    for t in select d.id from platform.tenant_directory() d where d.state = 'active' loop
        perform pg_catalog.set_config('app.tenant_id', t.id::text, true);
        select pg_catalog.min(r.due_at) filter (where (r.state = 'queued' and r.due_at <= pg_catalog.clock_timestamp())
                                                or r.lease_until < pg_catalog.clock_timestamp()),
               pg_catalog.count(*) filter (where r.lease_until >= pg_catalog.clock_timestamp())
        into waiting, running
        from platform.run_requests r
        where r.tenant_id = t.id and r.state in ('queued', 'running');
        if waiting is not null and running < p_parallel then
            found_ids := found_ids || t.id;
            found_running := found_running || running;
            found_waiting := found_waiting || waiting;
        end if;
    end loop;
    perform pg_catalog.set_config('app.tenant_id', coalesce(asked_for, ''), true);
    return query
        select d.id, d.slug, d.name, d.zone, d.country, d.state
        from platform.tenant_directory() d
        join unnest(found_ids, found_running, found_waiting) as f (id, running, waiting) on f.id = d.id
        order by f.running, f.waiting;
end
$$;

revoke all on function platform.waiting_requests(integer) from public;
grant execute on function platform.waiting_requests(integer) to sp_loader;
