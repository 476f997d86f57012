-- What somebody may do: read by the service as sp_web, in one round trip each (TEN-24).

-- name: person
-- The second column is how much of it; false and "aggregates" is what an investor has.
select platform.has_permission(%(person)s::uuid, %(of)s::uuid, %(permission)s),
       platform.access_of(%(person)s::uuid, %(of)s::uuid, %(permission)s);

-- name: token
select platform.token_allows(platform.current_tenant(), platform.current_token_id(), %(permission)s);

-- name: tenants_of_person
select coalesce(jsonb_agg(to_jsonb(t)), '[]')
from platform.tenants_of_user(%(person)s::uuid) with ordinality
    as t (id, slug, name, zone_name, country, state, role, place);

-- name: use_token
select t.id, t.scopes, t.expires_at, t.tenant_id, t.slug, t.name, t.zone as zone_name, t.country, t.state
from platform.use_service_token(%(hashes)s) t;

-- name: lock_grants
-- Whoever changes grants, tokens or invitations of a tenant waits for the one before, and sees what that one did.
select pg_advisory_xact_lock(hashtextextended('grants/' || %(of)s::text, 0));

-- name: all_of_person
select p.permission, a.how
from platform.permissions p
cross join lateral platform.access_of(%(person)s::uuid, %(of)s::uuid, p.permission) as a (how)
where a.how is not null;

-- name: rank_of
select platform.rank_of(%(person)s::uuid, %(of)s::uuid);

-- name: role
select r.rank, r.platform from platform.roles r where r.role = %(role)s;

-- name: role_permissions
select m.permission, m.how from platform.role_permissions m where m.role = %(role)s;

-- name: named_permissions
select p.permission, p.how from platform.permissions p where p.permission = any (%(names)s);

-- name: matrix
select p.permission, r.role, m.how
from platform.permissions p
cross join platform.roles r
left join platform.role_permissions m on m.role = r.role and m.permission = p.permission
order by p."position", r.rank desc;
