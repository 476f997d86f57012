-- Who may work on a request with an Idempotency-Key (API-05), decided in one statement. outcome: "claimed" - do it;
-- "answered" - here is what was answered; "running" - somebody works on it, ask again after wait_seconds; "other" - the
-- key belongs to another request. p_now is for tests.
create or replace function platform.claim_idempotency_key(
    p_tenant uuid,
    p_id text,
    p_fingerprint text,
    p_holder uuid,
    p_lease interval,
    p_keep interval,
    p_now timestamptz default null
) returns table (outcome text, status integer, answer text, wait_seconds double precision)
    language plpgsql
    set search_path = ''
    as $$
declare
    v_now timestamptz := coalesce(p_now, pg_catalog.clock_timestamp());
    v_row platform.idempotency_keys;
begin
    delete from platform.idempotency_keys k
    where k.tenant_id = p_tenant and k.id in (
        select old.id from platform.idempotency_keys old
        where old.tenant_id = p_tenant and old.expires_at <= v_now
        order by old.expires_at limit 100 for update skip locked);

    insert into platform.idempotency_keys as k
        (tenant_id, id, fingerprint, holder, lease_until, created_at, expires_at)
    values (p_tenant, p_id, p_fingerprint, p_holder, v_now + p_lease, v_now, v_now + p_keep)
    on conflict (tenant_id, id) do update
        set fingerprint = excluded.fingerprint, holder = excluded.holder, lease_until = excluded.lease_until,
            status = null, answer = null,
            created_at = case when k.expires_at <= v_now then excluded.created_at else k.created_at end,
            expires_at = case when k.expires_at <= v_now then excluded.expires_at else k.expires_at end
        where k.expires_at <= v_now
           or (k.status is null and k.lease_until <= v_now and k.fingerprint = excluded.fingerprint);
    if found then
        return query select 'claimed'::text, null::integer, null::text, 0::double precision;
        return;
    end if;

    select * into v_row from platform.idempotency_keys k where k.tenant_id = p_tenant and k.id = p_id;
    if v_row.fingerprint <> p_fingerprint then
        return query select 'other'::text, null::integer, null::text, 0::double precision;
    elsif v_row.status is not null then
        return query select 'answered'::text, v_row.status, v_row.answer, 0::double precision;
    else
        -- also when the row went away in between: its request was not carried out
        return query select 'running'::text, null::integer, null::text,
            greatest(1, extract(epoch from coalesce(v_row.lease_until, v_now) - v_now))::double precision;
    end if;
end
$$;

revoke all on function platform.claim_idempotency_key(uuid, text, text, uuid, interval, interval, timestamptz)
    from public;
grant execute on function platform.claim_idempotency_key(uuid, text, text, uuid, interval, interval, timestamptz)
    to sp_loader;
