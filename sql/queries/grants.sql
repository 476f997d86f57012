-- Grants of people: at a tenant, or on the platform where there is no tenant (TEN-20, TEN-21).

-- name: list
select id, user_id, tenant_id, role, extra_permissions, denied_permissions, tenants, granted_by, granted_at, expires_at,
       is_active and (expires_at is null or expires_at > now()) as is_active
from platform.user_tenant_permissions
where tenant_id is not distinct from %(of)s::uuid and (%(id)s::bigint is null or id = %(id)s)
  and (%(ended)s or is_active)
order by id;

-- name: insert
insert into platform.user_tenant_permissions
    (user_id, tenant_id, role, extra_permissions, denied_permissions, tenants, granted_by, expires_at)
values (%(person)s, %(of)s, %(role)s, %(extra)s, %(denied)s, %(tenants)s, %(granted_by)s, %(expires_at)s)
returning id, user_id, tenant_id, role, extra_permissions, denied_permissions, tenants, granted_by, granted_at,
          expires_at, is_active;

-- name: end_role
-- The grant that a new one of the same role replaces.
update platform.user_tenant_permissions set is_active = false, updated_at = now()
where user_id = %(person)s and tenant_id is not distinct from %(of)s::uuid and role = %(role)s and is_active;

-- name: end
update platform.user_tenant_permissions set is_active = false, updated_at = now()
where id = %(id)s and tenant_id is not distinct from %(of)s::uuid and is_active;

-- name: other_owners
select count(*) from platform.user_tenant_permissions
where tenant_id = %(of)s and role = 'tenant_owner' and user_id <> %(person)s
  and is_active and (expires_at is null or expires_at > now());
