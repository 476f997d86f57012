-- Service tokens (SEC-20). A token is known by its keyed hash, under each key of the ring, before its tenant is known:
-- SECURITY DEFINER, and nothing is told of a token whose hash is not given.

-- The valid token with one of these hashes, and its tenant; the first hash is that of the newest key. Notes the use at
-- most once a minute, and keeps the newest hash then, so that a ring can be turned over while tokens are in use.
create or replace function platform.use_service_token(p_hashes text[])
    returns table (
        id bigint, scopes text[], expires_at timestamptz,
        tenant_id uuid, slug text, name text, zone text, country text, state text)
    language plpgsql
    security definer
    set search_path = ''
    as $$
declare
    v_before text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    v_found  platform.service_tokens;
begin
    select t.* into v_found
    from platform.service_tokens t
    where t.token_hash = any (p_hashes) and t.revoked_at is null and t.expires_at > now();
    if not found then
        return;
    end if;
    if v_found.last_used_at is null or v_found.last_used_at <= now() - interval '1 minute' then
        perform pg_catalog.set_config('app.tenant_id', v_found.tenant_id::text, true);
        update platform.service_tokens t set last_used_at = now(), token_hash = p_hashes[1]
        where (t.tenant_id, t.id) in (
            select o.tenant_id, o.id from platform.service_tokens o
            where o.tenant_id = v_found.tenant_id and o.id = v_found.id
            for update skip locked);  -- whoever has it notes the use
        perform pg_catalog.set_config('app.tenant_id', v_before, true);
    end if;
    return query
    select v_found.id, v_found.scopes, v_found.expires_at, o.id, o.slug, o.name, o.zone, o.country, o.state
    from platform.tenants o where o.id = v_found.tenant_id;
end
$$;

-- Whether a token of this tenant is valid at this moment and, with a scope, has it.
create or replace function platform.token_allows(p_tenant uuid, p_token bigint, p_scope text) returns boolean
    language sql
    stable
    set search_path = ''
    return exists (
        select from platform.service_tokens t
        where t.tenant_id = p_tenant and t.id = p_token and t.revoked_at is null and t.expires_at > now()
          and (p_scope is null or p_scope = any (t.scopes)));

revoke all on function platform.use_service_token(text[]) from public;
revoke all on function platform.token_allows(uuid, bigint, text) from public;
grant execute on function platform.use_service_token(text[]) to sp_web;
grant execute on function platform.token_allows(uuid, bigint, text) to sp_web;
