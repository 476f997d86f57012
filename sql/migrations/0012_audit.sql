-- The audit log as a chain (SEC-30): each entry of a tenant holds the hash of the one before. Entries are numbered from 1
-- without gaps, those from before this migration too, so that what is missing, added or moved has a place. What is about
-- no tenant is in the chain of the nil tenant, so an entry no longer refers to the registry; the trigger looks there.

alter table platform.audit_log no force row level security;  -- all tenants' entries are chained here; forced again below
alter table platform.audit_log
    -- squawk-ignore ban-drop-constraint
    drop constraint audit_log_tenant_id_fkey,
    -- squawk-ignore ban-alter-identity
    alter column id drop identity,
    alter column id set default 0,                    -- the trigger numbers them
    add column request_id  text check (length(request_id) <= 200),
    add column address     text check (length(address) <= 100),
    add column before_hash bytea,
    add column after_hash  bytea,
    add column prev_hash   bytea,                     -- none: the first
    add column hash        bytea not null default '';

-- Where each chain ends. Its row is what two appends wait for, and it tells when the newest entries are gone.
create table platform.audit_heads (
    tenant_id uuid   not null primary key,
    entries   bigint not null,
    hash      bytea
);

-- Once a day the end of each chain, kept in a file of the service as well: who rewrites the whole chain is found out.
create table platform.audit_anchors (
    tenant_id uuid        not null,
    day       date        not null,
    last_id   bigint      not null,
    hash      bytea       not null,
    made_at   timestamptz not null default now(),
    primary key (tenant_id, day)
);

-- What an entry's hash is made of: everything but the hash. The text of jsonb is the same on every server and in every
-- session, which that of a time is not. Never to be changed: the hashes that are there would not hold any more.
create function platform.audit_hash(entry platform.audit_log) returns bytea
    language sql
    stable
    parallel safe
    set search_path = ''
    return pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.jsonb_build_array(
        (entry).tenant_id, (entry).id,
        case when pg_catalog.isfinite((entry).at)
             then (extract(epoch from (entry).at) * 1000000)::bigint end,
        (entry).actor, (entry).action, (entry).subject, (entry).detail, (entry).request_id, (entry).address,
        pg_catalog.encode((entry).before_hash, 'hex'), pg_catalog.encode((entry).after_hash, 'hex'),
        pg_catalog.encode((entry).prev_hash, 'hex'))::text, 'UTF8'));

-- SECURITY DEFINER because whoever appends may read neither entries nor heads. Row security holds here too: only the
-- transaction's own tenant has a head. Until the transaction ends, others wait to append for the same tenant.
create function platform.append_audit() returns trigger
    language plpgsql
    security definer
    set search_path = ''
    as $$
declare
    v_head platform.audit_heads;
begin
    select h.* into v_head from platform.audit_heads h where h.tenant_id = new.tenant_id for update;
    if not found then
        insert into platform.audit_heads (tenant_id, entries) values (new.tenant_id, 0) on conflict do nothing;
        if new.tenant_id <> '00000000-0000-0000-0000-000000000000'
           and not exists (select from platform.tenants t where t.id = new.tenant_id) then
            raise exception 'there is no tenant %', new.tenant_id using errcode = 'foreign_key_violation';
        end if;
        select h.* into v_head from platform.audit_heads h where h.tenant_id = new.tenant_id for update;
    end if;
    new.id := v_head.entries + 1;
    new.at := pg_catalog.clock_timestamp();
    new.prev_hash := v_head.hash;
    new.hash := platform.audit_hash(new);
    update platform.audit_heads set entries = new.id, hash = new.hash where tenant_id = new.tenant_id;
    return new;
end
$$;

create function platform.keep_audit() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    raise exception '% of %.% is refused: what was audited stays', tg_op, tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

do $$
declare
    v_entry  platform.audit_log;
    v_tenant uuid;
    v_place  bigint;
    v_hash   bytea;
begin
    for v_entry in select e.* from platform.audit_log e order by e.tenant_id, e.id loop
        if v_entry.tenant_id is distinct from v_tenant then
            v_tenant := v_entry.tenant_id;
            v_place := 0;
            v_hash := null;
            insert into platform.audit_heads (tenant_id, entries) values (v_tenant, 0);
        end if;
        v_place := v_place + 1;
        -- upwards, so each number is free when it is taken
        update platform.audit_log set id = v_place, prev_hash = v_hash
        where tenant_id = v_tenant and id = v_entry.id;
        update platform.audit_log e set hash = platform.audit_hash(e)
        where e.tenant_id = v_tenant and e.id = v_place
        returning e.hash into v_hash;
        update platform.audit_heads set entries = v_place, hash = v_hash where tenant_id = v_tenant;
    end loop;
end
$$;

create trigger append_audit before insert on platform.audit_log
    for each row execute function platform.append_audit();
create trigger keep_audit before update or delete on platform.audit_log
    for each row execute function platform.keep_audit();
create trigger keep_all_audit before truncate on platform.audit_log
    for each statement execute function platform.keep_audit();
create trigger keep_audit before update or delete on platform.audit_anchors
    for each row execute function platform.keep_audit();
create trigger keep_all_audit before truncate on platform.audit_anchors
    for each statement execute function platform.keep_audit();
alter table platform.audit_log force row level security;

revoke all on function platform.append_audit(), platform.keep_audit() from public;
revoke all on function platform.audit_hash(platform.audit_log) from public;
grant execute on function platform.audit_hash(platform.audit_log) to sp_audit;
-- number, time and hashes of the chain are nobody's to give
revoke insert on platform.audit_log from sp_loader, sp_promoter, sp_web;
grant insert (tenant_id, actor, action, subject, detail, request_id, address, before_hash, after_hash)
    on platform.audit_log to sp_loader, sp_promoter, sp_web;
grant select on platform.audit_heads to sp_audit;
grant select, insert on platform.audit_anchors to sp_audit;
