-- The platform's own state. Every table that belongs to a tenant starts its keys with tenant_id (TEN-02).

-- The registry. Its slug is unique over all tenants on purpose: it is the partition key, and only
-- the loader may add one, so that no tenant learns of another by a refused name.
create table platform.tenants (
    id         uuid        primary key,
    slug       text        not null unique check (slug ~ '^[a-z0-9-]{2,40}$'),
    name       text        not null check (length(name) between 1 and 200),
    zone       text        not null check (length(zone) <= 64),
    country    text        not null check (country ~ '^[A-Z]{2}$'),
    state      text        not null default 'active' check (state in ('active', 'suspended', 'closing')),
    settings   jsonb       not null default '{}',
    position   bigint      generated always as identity,          -- order of addition: the order of partition keys
    created_at timestamptz not null default now()
);

-- The data key of a tenant, wrapped by a master key that is not in the database (SEC-21).
create table platform.tenant_keys (
    tenant_id   uuid        primary key references platform.tenants (id),
    wrapped_key text        not null,
    key_id      text        not null,
    wrapped_at  timestamptz not null default now()
);

-- One row per account of a tenant at a source; a chain has one per shop (BLZ-02).
create table platform.tenant_sources (
    tenant_id       uuid        not null references platform.tenants (id),
    source          text        not null check (source in ('blaze', 'mx_merchant', 'crm')),
    environment     text        not null check (length(environment) between 1 and 40),
    account         text        not null check (length(account) between 1 and 100),
    settings        jsonb       not null default '{}',
    secrets         jsonb       not null default '{}',            -- name -> token encrypted with the tenant's data key
    active          boolean     not null default true,
    created_at      timestamptz not null default now(),
    rotated_at      timestamptz,
    rejected_at     timestamptz,                                  -- the alarm "credentials" (HTTP-04)
    rejected_reason text,
    primary key (tenant_id, source, environment, account)
);

-- The run ledger (SYS-10), append-only apart from a run's own progress.
create table platform.sync_runs (
    tenant_id          uuid        not null references platform.tenants (id),
    id                 bigint      generated always as identity,
    parent_id          bigint,                                    -- lines belong to the run of their receipts
    source             text        not null,
    entity             text        not null,
    kind               text        not null
        check (kind in ('scheduled', 'manual', 'event', 'backfill', 'replay', 'dry_run')),
    window_start       timestamptz,
    window_end         timestamptz,
    state              text        not null default 'running'
        check (state in ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')),
    stage              text        not null default 'starting',
    done               bigint      not null default 0,
    planned            bigint,
    fetched            bigint      not null default 0,
    inserted           bigint      not null default 0,
    updated            bigint      not null default 0,
    unchanged          bigint      not null default 0,
    stale              bigint      not null default 0,
    duplicate_in_batch bigint      not null default 0,
    quarantined        bigint      not null default 0,
    deleted            bigint      not null default 0,
    revived            bigint      not null default 0,
    suppressed         bigint      not null default 0,
    api_calls          bigint      not null default 0,
    bytes              bigint      not null default 0,
    calls              jsonb       not null default '{}',         -- endpoint -> status -> number (HTTP-11)
    started_at         timestamptz not null default now(),
    finished_at        timestamptz,
    lease_until        timestamptz,
    actor              text        not null,
    dagster_run_id     text,
    error_class        text,
    error_message      text,
    report             jsonb       not null default '{}',         -- suppressed fields, dry-run sample
    primary key (tenant_id, id)
);

-- One writer per tenant, source and entity (SYS-19). A dry run writes no data and needs no lock.
create unique index sync_runs_one_writer on platform.sync_runs (tenant_id, source, entity)
    where state = 'running' and kind <> 'dry_run';
create index sync_runs_newest on platform.sync_runs (tenant_id, started_at desc);

create table platform.sync_cursors (
    tenant_id     uuid        not null references platform.tenants (id),
    source        text        not null,
    entity        text        not null,
    account       text        not null default '',
    watermark     timestamptz,                                    -- highest "modified" seen, or end of the last complete day
    window_start  timestamptz,                                    -- the window that position belongs to
    window_end    timestamptz,
    position      jsonb,                                          -- where reading goes on after the last committed batch
    run_id        bigint,
    updated_at    timestamptz not null default now(),
    primary key (tenant_id, source, entity, account)
);

create table platform.quarantine (
    tenant_id   uuid        not null references platform.tenants (id),
    id          bigint      generated always as identity,
    source      text        not null,
    entity      text        not null,
    record_key  text        not null,                             -- source id, or "hash:..." where it cannot be read
    source_id   text,
    reason      text        not null,
    field_path  text        not null default '',
    detail      text        not null default '',
    raw         jsonb,                                            -- without the fields that are never kept (SYS-13)
    raw_hash    uuid        not null,
    run_id      bigint,
    first_seen  timestamptz not null default now(),
    last_seen   timestamptz not null default now(),
    tries       integer     not null default 1,
    state       text        not null default 'open' check (state in ('open', 'replayed', 'dismissed')),
    closed_at   timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, source, entity, record_key)
);

create table platform.schema_drift (
    tenant_id   uuid        not null references platform.tenants (id),
    source      text        not null,
    entity      text        not null,
    path        text        not null check (length(path) <= 200),
    kind        text        not null check (kind in ('unknown_field', 'new_value', 'missing_field', 'changed_type')),
    detail      text        not null default '' check (length(detail) <= 200),
    first_seen  timestamptz not null default now(),
    last_seen   timestamptz not null default now(),
    count       bigint      not null default 1,
    sample_hash uuid,
    primary key (tenant_id, source, entity, path, kind, detail)
);

create table platform.circuit_breakers (
    tenant_id  uuid        not null references platform.tenants (id),
    source     text        not null,
    failures   integer     not null default 0,
    opened_at  timestamptz,
    probe_at   timestamptz,
    primary key (tenant_id, source)
);

-- Calls per credential and second (HTTP-10). A credential may be shared by tenants, so it is none's;
-- it is named by a keyed hash and tells nothing but how often it was used.
create table platform.call_budget (
    credential text        not null,
    slot       timestamptz not null,
    calls      integer     not null,
    primary key (credential, slot)
);

-- A finished run is history: nothing about it changes any more.
create function platform.keep_finished_runs() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    if old.state in ('succeeded', 'partial', 'failed', 'cancelled') then
        raise exception 'run % is finished and cannot be changed', old.id using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger keep_finished_runs before update on platform.sync_runs
    for each row execute function platform.keep_finished_runs();
revoke all on function platform.keep_finished_runs() from public;

grant select, insert, update on
    platform.tenants, platform.tenant_keys, platform.tenant_sources, platform.sync_runs, platform.sync_cursors,
    platform.quarantine, platform.schema_drift, platform.circuit_breakers
    to sp_loader;
grant select, insert, update, delete on platform.call_budget to sp_loader;
grant select on platform.tenants, platform.sync_runs, platform.sync_cursors, platform.schema_drift
    to sp_promoter, sp_web, sp_readonly, sp_audit;
grant select (tenant_id, source, environment, account, settings, active, created_at, rotated_at, rejected_at,
    rejected_reason) on platform.tenant_sources to sp_web, sp_readonly, sp_audit;
grant select (tenant_id, id, source, entity, record_key, source_id, reason, field_path, run_id, first_seen, last_seen,
    tries, state, closed_at) on platform.quarantine to sp_web, sp_readonly;
