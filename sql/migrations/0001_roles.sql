-- The roles of the platform (TEN-03) and the schemas they work in. Roles belong to the whole server, so each
-- statement is safe where they exist already. No role can log in: a deployment grants them to its own login.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['sp_owner', 'sp_loader', 'sp_promoter', 'sp_web', 'sp_readonly', 'sp_audit'] loop
        begin
            execute format('create role %I nologin noinherit', wanted);
        exception
            when duplicate_object or unique_violation then null;  -- another database of this server made it
        end;
        if not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
end
$$;

create schema if not exists platform authorization sp_owner;
create schema if not exists blaze authorization sp_owner;

grant usage on schema platform to sp_loader, sp_promoter, sp_web, sp_readonly, sp_audit;
grant usage on schema blaze to sp_loader, sp_promoter, sp_web, sp_readonly;
