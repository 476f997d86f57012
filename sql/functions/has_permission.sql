-- What a person may do with a tenant at this moment (TEN-24), asked by the service and by policies. A denial comes
-- before every grant; of several grants the widest counts. Without a tenant only platform grants count.
-- SECURITY DEFINER because a platform grant belongs to no tenant, and row security shows a role its tenant's rows only.

-- How much of it, as in the matrix of roles; null: nothing.
create or replace function platform.access_of(p_user uuid, p_tenant uuid, p_permission text) returns text
    language sql
    stable
    security definer
    set search_path = ''
    begin atomic
        with held as (
            select g.role, g.extra_permissions, g.denied_permissions
            from platform.user_tenant_permissions g
            where g.user_id = p_user and g.is_active and (g.expires_at is null or g.expires_at > now())
              and (g.tenant_id = p_tenant or g.tenant_id is null and (g.tenants is null or p_tenant = any (g.tenants)))
        )
        select given.how
        from (
            select m.how from held h
            join platform.role_permissions m on m.role = h.role and m.permission = p_permission
            union all
            select p.how from held h
            join platform.permissions p on p.permission = p_permission and p.permission = any (h.extra_permissions)
        ) as given
        where not exists (select from held h where p_permission = any (h.denied_permissions))
        order by array_position(array['all', 'staff', 'masked', 'rates', 'own', 'aggregates'], given.how)
        limit 1;
    end;

-- Whether it covers rows: the aggregates of an investor are none (TEN-27).
create or replace function platform.has_permission(p_user uuid, p_tenant uuid, p_permission text) returns boolean
    language sql
    stable
    set search_path = ''
    return coalesce(platform.access_of(p_user, p_tenant, p_permission) <> 'aggregates', false);

-- Whether somebody works at a tenant in any role that sees rows.
create or replace function platform.works_at(p_user uuid, p_tenant uuid) returns boolean
    language sql
    stable
    security definer
    set search_path = ''
    return exists (
        select from platform.user_tenant_permissions g
        where g.user_id = p_user and g.is_active and (g.expires_at is null or g.expires_at > now())
          and g.role <> 'investor' and (g.tenant_id = p_tenant or g.tenant_id is null));

-- The rank of a person's highest role at a tenant or on the platform; 0 for none (TEN-25).
create or replace function platform.rank_of(p_user uuid, p_tenant uuid) returns integer
    language sql
    stable
    security definer
    set search_path = ''
    begin atomic
        select coalesce(max(r.rank), 0)
        from platform.user_tenant_permissions g
        join platform.roles r on r.role = g.role
        where g.user_id = p_user and g.is_active and (g.expires_at is null or g.expires_at > now())
          and (g.tenant_id = p_tenant or g.tenant_id is null and (g.tenants is null or p_tenant = any (g.tenants)));
    end;

-- The tenants that a person has a grant for, in order of addition, with the highest role there.
create or replace function platform.tenants_of_user(p_user uuid)
    returns table (id uuid, slug text, name text, zone text, country text, state text, role text)
    language sql
    stable
    security definer
    set search_path = ''
    begin atomic
        select t.id, t.slug, t.name, t.zone, t.country, t.state, highest.role
        from platform.tenants t
        cross join lateral (
            select g.role
            from platform.user_tenant_permissions g
            join platform.roles r on r.role = g.role
            where g.user_id = p_user and g.is_active and (g.expires_at is null or g.expires_at > now())
              and (g.tenant_id = t.id or g.tenant_id is null and (g.tenants is null or t.id = any (g.tenants)))
            order by r.rank desc
            limit 1
        ) as highest
        order by t."position";
    end;

revoke all on function platform.access_of(uuid, uuid, text) from public;
revoke all on function platform.has_permission(uuid, uuid, text) from public;
revoke all on function platform.works_at(uuid, uuid) from public;
revoke all on function platform.rank_of(uuid, uuid) from public;
revoke all on function platform.tenants_of_user(uuid) from public;
grant execute on function platform.access_of(uuid, uuid, text) to sp_web, sp_loader;
grant execute on function platform.has_permission(uuid, uuid, text) to sp_web, sp_loader;
grant execute on function platform.works_at(uuid, uuid) to sp_web;
grant execute on function platform.rank_of(uuid, uuid) to sp_loader;
grant execute on function platform.tenants_of_user(uuid) to sp_web;
