-- What `sync-platform db check` looks for, one query per rule: each row is a finding (object, detail), no row is well.
-- Own are the schemas that sp_owner owns and its tables elsewhere, so a new one is looked at without being listed here.

-- name: row_security
-- TEN-04: every tenant table has row security, forced, and one policy for all commands with USING and WITH CHECK.
select c.oid::regclass::text as object,
       case
           when not c.relrowsecurity then 'row security is off'
           when not c.relforcerowsecurity then 'row security is not forced: the owner sees all tenants'
           else 'no policy for all commands and roles compares the tenant in USING and in WITH CHECK'
       end as detail
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
where c.relkind in ('r', 'p')
  and (c.oid = to_regclass('platform.tenants') or exists (
      select from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
  and not (c.relrowsecurity and c.relforcerowsecurity and exists (
      select from pg_catalog.pg_policy p
      where p.polrelid = c.oid and p.polcmd = '*' and p.polpermissive and p.polroles = '{0}'
        and pg_catalog.pg_get_expr(p.polqual, p.polrelid) like '%current_tenant()%'
        and pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) like '%current_tenant()%'));

-- name: other_policies
-- TEN-04: permissive policies add up, so each one beside the isolation is a hole unless it is known.
select c.oid::regclass::text as object, format('policy %I lets more rows through', p.polname) as detail
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
where p.polpermissive
  and p.polname <> 'tenant_isolation'
  and not (c.oid in (to_regclass('platform.tenants'), to_regclass('platform.user_tenant_permissions'),
                     to_regclass('platform.service_tokens'), to_regclass('platform.invitations'))
           and p.polname = 'directory' and p.polcmd = 'r' and p.polroles = array[to_regrole('sp_owner')::oid])
  -- grants of the platform belong to no tenant
  and not (c.oid = to_regclass('platform.user_tenant_permissions') and p.polname = 'platform_grants'
           and p.polroles = array[to_regrole('sp_loader')::oid]
           and pg_catalog.pg_get_expr(p.polqual, p.polrelid) like '%tenant_id IS NULL%'
           and pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) like '%tenant_id IS NULL%');

-- name: keys
-- TEN-02: every key of a tenant table starts with tenant_id; tables without a primary key have no identity at all.
-- The registry's slug is unique over all tenants on purpose; grants of the platform have no tenant, and are numbered.
select c.oid::regclass::text as object,
       coalesce(format('unique index %s does not start with tenant_id', i.indexrelid::regclass), 'no primary key') as detail
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
left join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisunique and t.attnum is not null
    and i.indkey[0] <> t.attnum and i.indexrelid is distinct from to_regclass('platform.user_tenant_permissions_pkey')
where c.relkind in ('r', 'p')
  and (i.indexrelid is not null
       or not exists (select from pg_catalog.pg_index k where k.indrelid = c.oid and k.indisprimary));

-- name: nullable_tenant
-- TEN-02.
select c.oid::regclass::text as object, 'tenant_id may be null' as detail
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
where c.relkind in ('r', 'p') and not t.attnotnull
  and c.oid is distinct from to_regclass('platform.user_tenant_permissions');  -- null: a grant of the platform (TEN-20)

-- name: definer_functions
-- TEN-06: a function with its owner's rights is either one of these or a mistake.
select p.oid::regprocedure::text as object, 'runs with its owner''s rights and is not on the list' as detail
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspowner = to_regrole('sp_owner')
where p.prosecdef
  and p.oid <> all (array_remove(array[
      to_regprocedure('platform.tenant_directory()'),
      to_regprocedure('platform.append_audit()'),
      to_regprocedure('platform.access_of(uuid, uuid, text)'),
      to_regprocedure('platform.works_at(uuid, uuid)'),
      to_regprocedure('platform.rank_of(uuid, uuid)'),
      to_regprocedure('platform.tenants_of_user(uuid)'),
      to_regprocedure('platform.use_service_token(text[])'),
      to_regprocedure('platform.find_invitation(text[])')
  ]::oid[], null));

-- name: search_paths
-- TEN-06: a function that resolves names over the caller's path runs what the caller put there.
select p.oid::regprocedure::text as object, 'search_path is not pinned' as detail
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspowner = to_regrole('sp_owner')
where p.prokind in ('f', 'p')
  and not exists (select from unnest(p.proconfig) as setting where setting like 'search\_path=%');

-- name: views
-- TEN-06: views ask with the rights of whoever reads them; materialised ones cannot.
select c.oid::regclass::text as object,
       case c.relkind when 'm' then 'materialised views have no row security' else 'not security_invoker' end as detail
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
where c.relkind = 'm'
   or (c.relkind = 'v' and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], false));

-- name: owners
-- TEN-03: whoever owns a thing may change its rules.
select c.oid::regclass::text as object, format('belongs to %I instead of sp_owner', c.relowner::regrole) as detail
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relowner <> to_regrole('sp_owner');

-- name: roles
-- TEN-03: no role of the platform goes past row security or can make itself one that does.
select w.role as object,
       case
           when r.oid is null then 'does not exist'
           when r.rolsuper then 'is superuser'
           when r.rolbypassrls then 'has BYPASSRLS'
           when r.rolcreaterole or r.rolcreatedb or r.rolreplication then 'may create roles or databases, or replicate'
           else format('is a member of %s', (
               select string_agg(m.roleid::regrole::text, ', ') from pg_catalog.pg_auth_members m where m.member = r.oid))
       end as detail
from unnest(array['sp_owner', 'sp_loader', 'sp_promoter', 'sp_web', 'sp_readonly', 'sp_audit']) as w (role)
left join pg_catalog.pg_roles r on r.rolname = w.role
where r.oid is null or r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication
   or exists (select from pg_catalog.pg_auth_members m where m.member = r.oid);

-- name: dangerous_grants
-- TEN-07: TRUNCATE ignores row security, REFERENCES and TRIGGER look past it.
select c.oid::regclass::text as object,
       format('%s is granted to %s', a.privilege_type, case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
           as detail
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
cross join aclexplode(c.relacl) a
where a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER') and a.grantee <> c.relowner;

-- name: grants
-- Not a rule: all grants in own schemas as lines of text, to be compared with sql/inventory/grants.txt.
with acls as (
    select format('schema %s', n.oid::regnamespace) as object, null::name as part, n.nspowner as owner,
           coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
    from pg_catalog.pg_namespace n where n.nspowner = to_regrole('sp_owner')
    union all
    select format('%s.%s', n.nspname, c.relname), null, c.relowner,
           coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
    where c.relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select format('%s.%s', n.nspname, c.relname), t.attname, c.relowner, t.attacl
    from pg_catalog.pg_attribute t
    join pg_catalog.pg_class c on c.oid = t.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace and to_regrole('sp_owner') in (n.nspowner, c.relowner)
    where t.attacl is not null and not t.attisdropped
    union all
    select format('function %s.%s(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
           null, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspowner = to_regrole('sp_owner')
)
select format('%s: %s %s%s', object, grantee, string_agg(privilege, ' ' order by privilege),
              ' (' || parts || ')') as line
from (
    select x.object, case a.grantee when 0 then 'public' else a.grantee::regrole::text end as grantee,
           lower(a.privilege_type) || case when a.is_grantable then '*' else '' end as privilege,
           string_agg(x.part, ', ' order by x.part) as parts
    from acls x cross join aclexplode(x.acl) a
    where a.grantee <> x.owner
    group by 1, 2, 3
) as one
group by object, grantee, parts
order by (object || ' ' || grantee || ' ' || coalesce(parts, '')) collate "C";
