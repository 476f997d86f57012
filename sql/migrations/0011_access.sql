-- Who may do what (TEN-20 to TEN-29, SEC-20). Roles and what they may are rows, written by functions/role_matrix.sql; a
-- grant gives a person a role at a tenant, or on the platform where tenant_id is null.

create table platform.roles (
    role     text    primary key check (role ~ '^[a-z_]{2,40}$'),
    rank     integer not null unique,                             -- nobody gives a role above the own (TEN-25)
    platform boolean not null                                     -- granted without a tenant
);

-- What a permission gives where it is granted by name, beside a role.
create table platform.permissions (
    permission text    primary key check (permission ~ '^[a-z_.]{2,60}$'),
    position   integer not null,
    how        text    not null check (how in ('all', 'own'))
);

create table platform.role_permissions (
    role       text not null references platform.roles (role),
    permission text not null references platform.permissions (permission),
    how        text not null check (how in ('all', 'own', 'rates', 'aggregates', 'masked', 'staff')),
    primary key (role, permission)
);

create table platform.user_tenant_permissions (
    id                 bigint      generated always as identity primary key,
    user_id            uuid        not null,                      -- of the identity provider
    tenant_id          uuid        references platform.tenants (id),
    role               text        not null references platform.roles (role),
    extra_permissions  text[]      not null default '{}',
    denied_permissions text[]      not null default '{}',         -- they come before everything that is granted
    tenants            uuid[],                                    -- of an investor; null: all of them
    granted_by         text        not null check (length(granted_by) between 1 and 200),
    granted_at         timestamptz not null default now(),
    expires_at         timestamptz,
    is_active          boolean     not null default true,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    check ((tenant_id is null) = (role in ('super_admin', 'investor'))),
    check (tenants is null or role = 'investor'),
    check (role <> 'investor' or extra_permissions = '{}')        -- aggregates and nothing else (TEN-27)
);
create unique index user_tenant_permissions_active
    on platform.user_tenant_permissions (tenant_id, user_id, role) nulls not distinct where is_active;
create index user_tenant_permissions_user on platform.user_tenant_permissions (user_id) where is_active;

-- 256 random bits that are shown once; kept is a hash under a key that is not in the database (SEC-20).
create table platform.service_tokens (
    tenant_id    uuid        not null references platform.tenants (id),
    id           bigint      generated always as identity,
    name         text        not null check (length(name) between 1 and 100),
    token_hash   text        not null check (token_hash ~ '^[0-9a-f]{64}$'),
    scopes       text[]      not null check (cardinality(scopes) between 1 and 100),
    created_by   text        not null check (length(created_by) between 1 and 200),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    last_used_at timestamptz,                                     -- to the minute
    revoked_at   timestamptz,
    primary key (tenant_id, id),
    check (expires_at <= created_at + interval '180 days')
);
create index service_tokens_hash on platform.service_tokens (token_hash);

-- Taken up once, within 7 days (TEN-25). With an address only by the person whose provider vouches for it.
create table platform.invitations (
    tenant_id          uuid        not null references platform.tenants (id),
    id                 bigint      generated always as identity,
    token_hash         text        not null check (token_hash ~ '^[0-9a-f]{64}$'),
    email              text        check (length(email) between 3 and 320),
    role               text        not null references platform.roles (role),
    extra_permissions  text[]      not null default '{}',
    denied_permissions text[]      not null default '{}',
    grant_expires_at   timestamptz,
    invited_by         text        not null check (length(invited_by) between 1 and 200),
    inviter            uuid,                                      -- null: on the command line
    created_at         timestamptz not null default now(),
    expires_at         timestamptz not null,
    accepted_at        timestamptz,
    accepted_by        uuid,
    revoked_at         timestamptz,
    primary key (tenant_id, id),
    check (expires_at <= created_at + interval '7 days'),
    check ((accepted_at is null) = (accepted_by is null))
);
create index invitations_hash on platform.invitations (token_hash);

-- Names that no permission has are refused, in lists too (TEN-21).
create function platform.check_permission_names() returns trigger
    language plpgsql
    set search_path = ''
    as $$
declare
    v_unknown text;
begin
    select name into v_unknown
    from unnest(new.extra_permissions || new.denied_permissions) as name
    where name not in (select p.permission from platform.permissions p)
    limit 1;
    if found then
        raise exception 'there is no permission %', v_unknown using errcode = 'check_violation';
    end if;
    return new;
end
$$;
revoke all on function platform.check_permission_names() from public;

create trigger check_permission_names
    before insert or update of extra_permissions, denied_permissions on platform.user_tenant_permissions
    for each row execute function platform.check_permission_names();
create trigger check_permission_names
    before insert or update of extra_permissions, denied_permissions on platform.invitations
    for each row execute function platform.check_permission_names();

-- When the documents of an invoice were sent, and by whom: the one thing that a nurse notes (TEN-26).
alter table mx_merchant.invoices
    add column data_sent_at timestamptz,
    add column data_sent_by uuid;

grant select on platform.roles, platform.permissions, platform.role_permissions
    to sp_loader, sp_promoter, sp_web, sp_readonly, sp_audit;
grant select, insert, update on
    platform.user_tenant_permissions, platform.service_tokens, platform.invitations to sp_loader;
grant select on platform.user_tenant_permissions to sp_web, sp_audit;
grant select (tenant_id, id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at)
    on platform.service_tokens to sp_web, sp_audit;
grant select (tenant_id, id, email, role, extra_permissions, denied_permissions, grant_expires_at, invited_by,
    created_at, expires_at, accepted_at, accepted_by, revoked_at) on platform.invitations to sp_web;
grant update (data_sent_at, data_sent_by) on mx_merchant.invoices to sp_web;

-- Who may read payments and invoices need not be one who may read names: the service has no right to those columns.
do $$
declare
    t record;
begin
    for t in
        select c.oid::regclass as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as shown
        from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.oid in ('mx_merchant.payments'::regclass, 'mx_merchant.invoices'::regclass,
                        'purchases.bulk_import_errors'::regclass)
          and a.attname not in ('card_last4', 'customer_code', 'customer_name', 'customer_number', 'memo', 'raw_data',
                                'raw')
        group by c.oid
    loop
        execute format('revoke select on %s from sp_web', t.name);
        execute format('grant select (%s) on %s to sp_web', t.shown, t.name);
    end loop;
end
$$;
