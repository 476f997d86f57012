-- Who asks in this transaction, for the policies of sp_web: a person, a service token, or nobody. Malformed is somebody
-- who may do nothing, not nobody.

create or replace function platform.current_user_id() returns uuid
    language sql
    stable
    set search_path = ''
    return case
        when pg_catalog.current_setting('app.user_id', true)
             ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        then pg_catalog.current_setting('app.user_id', true)::uuid
    end;

create or replace function platform.current_token_id() returns bigint
    language sql
    stable
    set search_path = ''
    return case
        when pg_catalog.current_setting('app.token_id', true) ~ '^[0-9]{1,18}$'
        then pg_catalog.current_setting('app.token_id', true)::bigint
    end;

-- The service itself, for nobody: it stores notifications and events, and reads no business data.
create or replace function platform.nobody_asks() returns boolean
    language sql
    stable
    set search_path = ''
    return coalesce(pg_catalog.current_setting('app.user_id', true), '') = ''
       and coalesce(pg_catalog.current_setting('app.token_id', true), '') = '';

-- Whether who asks may, at the tenant of this transaction; p_how: only if that is how much of it.
create or replace function platform.may(p_permission text, p_how text default null) returns boolean
    language sql
    stable
    set search_path = ''
    return case
        when coalesce(pg_catalog.current_setting('app.user_id', true), '') <> '' then
            platform.has_permission(platform.current_user_id(), platform.current_tenant(), p_permission)
            and (p_how is null
                 or platform.access_of(platform.current_user_id(), platform.current_tenant(), p_permission) = p_how)
        else platform.token_allows(platform.current_tenant(), platform.current_token_id(), p_permission)
    end;

-- Whether who asks has to do with imports: a token may bring files or cancel them without reading the others.
create or replace function platform.may_import() returns boolean
    language sql
    stable
    set search_path = ''
    return platform.may('imports.read') or platform.may('imports.create') or platform.may('imports.cancel');

-- Whether who asks works at the tenant of this transaction, in whatever role that sees rows; or nobody asks.
create or replace function platform.belongs_here() returns boolean
    language sql
    stable
    set search_path = ''
    return case
        when platform.nobody_asks() then true
        when coalesce(pg_catalog.current_setting('app.user_id', true), '') <> '' then
            platform.works_at(platform.current_user_id(), platform.current_tenant())
        else platform.token_allows(platform.current_tenant(), platform.current_token_id(), null)
    end;

revoke all on function platform.current_user_id() from public;
revoke all on function platform.current_token_id() from public;
revoke all on function platform.nobody_asks() from public;
revoke all on function platform.may(text, text) from public;
revoke all on function platform.may_import() from public;
revoke all on function platform.belongs_here() from public;
grant execute on function platform.current_user_id() to sp_web;
grant execute on function platform.current_token_id() to sp_web;
grant execute on function platform.nobody_asks() to sp_web;
grant execute on function platform.may(text, text) to sp_web;
grant execute on function platform.may_import() to sp_web;
grant execute on function platform.belongs_here() to sp_web;
