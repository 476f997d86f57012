-- The roles of the platform (TEN-03) and the schemas they work in. Roles belong to the whole server, so each
-- statement is safe where they exist already. No role can log in: a deployment grants them to its own login.
-- Runs as the connecting administrator (a superuser, or one with CREATEROLE and CREATE on the database); every later
-- file runs as sp_owner.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['sp_owner', 'sp_loader', 'sp_promoter', 'sp_web', 'sp_readonly', 'sp_audit'] loop
        if not exists (select from pg_catalog.pg_roles r where r.rolname = wanted) then
            begin
                execute format('create role %I nologin noinherit', wanted);
            exception
                when duplicate_object or unique_violation then null;  -- another database of this server made it
            end;
        end if;
        -- from 16 on, whoever makes a role may administer it, but neither use nor inherit it
        if current_setting('server_version_num')::integer >= 160000 then
            if not pg_has_role(current_user, wanted, 'set') then
                execute format('grant %I to %I with set true, inherit false', wanted, current_user);
            end if;
        elsif not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
end
$$;

-- Limits for a login that is one of these roles (DBM-06); the pool sets its own in every transaction. A role's
-- settings belong to the whole server: they are written once, and not at all by who may not.
do $$
declare
    limits record;
begin
    for limits in
        select r.rolname, w.statement, w.lock, w.idle
        from (values
            ('sp_loader', '300s', '10s', '300s'), ('sp_promoter', '300s', '10s', '300s'),
            ('sp_web', '10s', '2s', '30s'), ('sp_readonly', '60s', '2s', '60s'), ('sp_audit', '60s', '2s', '60s')
        ) as w (role, statement, lock, idle)
        join pg_catalog.pg_roles r on r.rolname = w.role
        where r.rolconfig is null
    loop
        begin
            execute format('alter role %I set statement_timeout = %L', limits.rolname, limits.statement);
            execute format('alter role %I set lock_timeout = %L', limits.rolname, limits.lock);
            execute format(
                'alter role %I set idle_in_transaction_session_timeout = %L', limits.rolname, limits.idle);
        exception
            when insufficient_privilege then null;
        end;
    end loop;
end
$$;

create schema if not exists platform authorization sp_owner;
create schema if not exists blaze authorization sp_owner;

-- What has been applied here: one row in "version", and the content of every file. The runner made both; from now on
-- they belong to the owner. A login that may become the owner without inheriting from it needs this order.
do $$
begin
    if exists (
        select from pg_catalog.pg_namespace n
        where n.nspname = 'platform_migrations' and n.nspowner <> 'sp_owner'::regrole
    ) then
        grant usage, create on schema platform_migrations to sp_owner;
        alter table platform_migrations.version owner to sp_owner;
        alter schema platform_migrations owner to sp_owner;
    end if;
end
$$;

set local role sp_owner;

grant usage on schema platform to sp_loader, sp_promoter, sp_web, sp_readonly, sp_audit;
grant usage on schema blaze to sp_loader, sp_promoter, sp_web, sp_readonly;
grant usage on schema platform_migrations to sp_loader, sp_promoter, sp_web, sp_readonly, sp_audit;

create table if not exists platform_migrations.files (
    name       text        primary key,                           -- functions/take_calls.sql
    checksum   text        not null,
    revision   text        not null,                              -- the version it was last applied at
    applied_at timestamptz not null default now()
);
grant select on platform_migrations.version, platform_migrations.files
    to sp_loader, sp_promoter, sp_web, sp_readonly, sp_audit;
