-- Optional (OPS-05): lets a database with pg_cron and pg_net (Supabase has both) ask the service at fixed times. `db
-- upgrade` does not apply this file: run it yourself, as the administrator of that database, as often as you like.
-- Scheduling truth stays our own ledger: whether a request arrived and what became of it is read from
-- platform.run_requests, through the view below, never from what pg_net says.
--
-- First put two secrets into Supabase's vault. No job's command holds them, so cron.job and its history tell nothing:
--   select vault.create_secret('https://sync.example.org', 'sync_platform_url');
--   select vault.create_secret('spt_...', 'sync_platform_token_SLUG');   -- one per tenant
-- The token comes from `sync-platform token create`; give it no more scopes than the jobs need, such as sync.run and
-- crm.sync.any. pg_net keeps a request's header in net.http_request_queue until it is sent: leave the schema net to the
-- administrator. A new token is stored under the same name: select vault.update_secret(...).

create schema if not exists sync_cron;
revoke all on schema sync_cron from public;

-- What was asked, without secrets. request_id is X-Request-Id, by which the ledger knows it.
create table if not exists sync_cron.asked (
    request_id text        primary key,
    tenant     text        not null,                                  -- slug
    path       text        not null,
    body       jsonb       not null,
    asked_at   timestamptz not null default clock_timestamp()
);

create or replace function sync_cron.secret(p_name text) returns text
    language plpgsql
    stable
    set search_path = ''
    as $$
declare
    v_secret text;
begin
    select s.decrypted_secret into v_secret from vault.decrypted_secrets s where s.name = p_name;
    if v_secret is null or v_secret = '' then
        raise exception 'the vault has no secret named %', p_name using errcode = 'undefined_object';
    end if;
    return v_secret;
end
$$;

-- Asks the service for something on a tenant's behalf. Returns the id by which the ledger knows it.
create or replace function sync_cron.ask(p_tenant text, p_path text, p_body jsonb default '{}') returns text
    language plpgsql
    set search_path = ''
    as $$
declare
    v_url text := rtrim(sync_cron.secret('sync_platform_url'), '/');
    v_id  text := 'cron-' || pg_catalog.gen_random_uuid();
begin
    if p_tenant !~ '^[a-z0-9-]{2,40}$' or p_path !~ '^/api/[a-z/-]{1,80}$' then
        raise exception 'not a tenant''s slug, or not a path of the service' using errcode = 'invalid_parameter_value';
    end if;
    if v_url !~ '^https://[A-Za-z0-9.:-]+$' then
        raise exception 'the secret sync_platform_url has to be https:// and a host'
            using errcode = 'invalid_parameter_value';
    end if;
    perform net.http_post(
        url := v_url || p_path,
        body := p_body,
        headers := pg_catalog.jsonb_build_object(
            'Content-Type', 'application/json',
            'Authorization', 'Bearer ' || sync_cron.secret('sync_platform_token_' || p_tenant),
            'Idempotency-Key', v_id,
            'X-Request-Id', v_id),
        timeout_milliseconds := 10000);
    insert into sync_cron.asked (request_id, tenant, path, body) values (v_id, p_tenant, p_path, p_body);
    delete from sync_cron.asked a where a.asked_at < pg_catalog.clock_timestamp() - interval '90 days';
    return v_id;
end
$$;
revoke all on all functions in schema sync_cron from public;

-- What became of it, by the ledger. state is null: it never arrived. Read it as sp_readonly with app.tenant_id set: row
-- security shows a tenant its own.
create or replace view sync_cron.outcomes with (security_invoker = true) as
select a.asked_at, a.path, a.body, a.request_id, q.state, q.error_code, q.started_at, q.finished_at
from sync_cron.asked a
join platform.tenants t on t.slug = a.tenant
left join platform.run_requests q on q.tenant_id = t.id and q.origin = a.request_id;

grant usage on schema sync_cron to sp_readonly;
grant select on sync_cron.asked, sync_cron.outcomes to sp_readonly;

-- The jobs: an example for the tenant "alder". A job of the same name is replaced. Times are of UTC.
select cron.schedule('sync_platform_alder_packages', '0 10 * * *',
    $job$select sync_cron.ask('alder', '/api/crm/sync-packages')$job$);
select cron.schedule('sync_platform_alder_payments', '*/15 * * * *',
    $job$select sync_cron.ask('alder', '/api/sync/manual', '{"source": "mx_merchant", "entity": "payments"}')$job$);
