-- Service tokens as their tenant sees them (SEC-20).

-- name: valid_named
select count(*) from platform.service_tokens
where tenant_id = %(tenant)s and name = %(name)s and revoked_at is null and expires_at > now();

-- name: insert
insert into platform.service_tokens (tenant_id, name, token_hash, scopes, created_by, expires_at)
values (%(tenant)s, %(name)s, %(hash)s, %(scopes)s, %(actor)s, now() + make_interval(days => %(days)s))
returning id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at;

-- name: list
select id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at
from platform.service_tokens
where tenant_id = %(tenant)s and (%(id)s::bigint is null or id = %(id)s)
order by id desc;

-- name: revoke
update platform.service_tokens set revoked_at = now()
where tenant_id = %(tenant)s and id = %(id)s and revoked_at is null;
