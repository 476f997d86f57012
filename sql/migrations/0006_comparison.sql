-- Comparison, gate, promotion, and what was done by whom (CMP-01 to CMP-17). What is written together in one
-- transaction, a comparison with its fields and a batch with its ledger, has no foreign keys.

-- One row per comparison of one entity, kept with its time, so that rates can be drawn over time (CMP-08).
create table platform.comparisons (
    tenant_id       uuid        not null references platform.tenants (id),
    id              bigint      generated always as identity,
    entity          text        not null,
    snapshot_at     timestamptz not null,                         -- what was read is what was there then (F-86)
    first_day       date,                                         -- only these business days, where given
    last_day        date,
    production_rows bigint      not null,
    staging_rows    bigint      not null,
    matched         bigint      not null,
    only_production bigint      not null,
    only_staging    bigint      not null,
    historical      bigint      not null,                         -- only in production, and older than the source
    consistency     jsonb       not null default '{}',            -- CMP-20: side -> check -> number
    seconds         numeric     not null,
    actor           text        not null,
    dagster_run_id  text,
    primary key (tenant_id, id)
);
create index comparisons_newest on platform.comparisons (tenant_id, entity, id desc);

create table platform.comparison_fields (
    tenant_id       uuid    not null,
    comparison_id   bigint  not null,
    field           text    not null,
    against         text    not null check (against in ('production', 'before')),  -- during soak: what was replaced
    compared        bigint  not null,
    equal           bigint  not null,
    different       bigint  not null,                             -- without those that are accepted
    accepted        bigint  not null,
    production_null bigint  not null,
    staging_null    bigint  not null,
    both_null       bigint  not null,
    overwriting     bigint  not null,                             -- staging null would clear a value (policy "always")
    threshold       numeric not null,                             -- percent
    difference_sum  numeric,
    difference_mean numeric,
    difference_max  numeric,
    pairs           jsonb   not null default '[]',                -- the most frequent differing pairs, personal masked
    primary key (tenant_id, comparison_id, field)
);

-- Rows that are not equal, of the newest comparison of an entity only. "classes" holds one letter per field in the
-- order of the field map: E equal, D different, P production null, S staging null, N both null.
create table platform.comparison_rows (
    tenant_id     uuid   not null references platform.tenants (id),
    entity        text   not null,
    key_1         text   not null,
    key_2         text   not null default '',
    comparison_id bigint not null,
    row_class     text   not null check (row_class in ('both', 'only_production', 'only_staging')),
    classes       text   not null default '',
    primary key (tenant_id, entity, key_1, key_2)
);

-- Rows on both sides per day and shop, of the newest comparison only (CMP-04).
create table platform.comparison_days (
    tenant_id       uuid   not null references platform.tenants (id),
    entity          text   not null,
    day             date,
    shop_id         text,
    production_rows bigint not null,
    staging_rows    bigint not null,
    matched         bigint not null,
    id              bigint generated always as identity,
    primary key (tenant_id, id)
);
create index comparison_days_entity on platform.comparison_days (tenant_id, entity);

-- A difference that somebody accepts: one row (key given) or a rule for a pair of values (CMP-07).
create table platform.accepted_differences (
    tenant_id        uuid        not null references platform.tenants (id),
    id               bigint      generated always as identity,
    entity           text        not null,
    field            text        not null,
    key_1            text,
    key_2            text,
    production_value text        check (length(production_value) <= 1000),
    staging_value    text        check (length(staging_value) <= 1000),
    reason           text        not null check (length(reason) between 3 and 1000),
    actor            text        not null,
    created_at       timestamptz not null default now(),
    expires_at       timestamptz,
    revoked_at       timestamptz,
    primary key (tenant_id, id)
);

-- A promotion of one field, or a rollback of one (CMP-10 to CMP-16).
create table platform.promotions (
    tenant_id         uuid        not null references platform.tenants (id),
    id                bigint      generated always as identity,
    kind              text        not null check (kind in ('promotion', 'rollback')),
    entity            text        not null,
    field             text        not null,
    state             text        not null default 'running'
        check (state in ('running', 'deferred', 'failed', 'active', 'rolled_back', 'done', 'finalized')),
    promotion_id      bigint,                                     -- of a rollback: what it takes back
    comparison_id     bigint,
    snapshot_at       timestamptz,                                -- rows that somebody changed after this are left alone
    changed_since     text        check (changed_since in ('restore', 'keep')),
    include_edited    boolean     not null default false,
    override_reason   text        check (length(override_reason) between 3 and 1000),
    gate              jsonb       not null default '[]',
    position_1        text        not null default '',            -- keys up to here are done
    position_2        text        not null default '',
    written           bigint      not null default 0,
    left_alone        bigint      not null default 0,
    actor             text        not null,
    dagster_run_id    text,
    started_at        timestamptz not null default now(),
    finished_at       timestamptz,
    followed_at       timestamptz,                                -- staging has been followed up to here
    lease_until       timestamptz not null default now(),
    message           text,
    primary key (tenant_id, id)
);
-- Two people at once: one wins (F-83). A field is promoted at most once at a time.
create unique index promotions_one_at_work on platform.promotions (tenant_id, entity, field)
    where state in ('running', 'deferred', 'failed');
create unique index promotions_one_active on platform.promotions (tenant_id, entity, field)
    where kind = 'promotion' and state = 'active';

-- The before-value of every touched row, and what was written last. Of a rollback: what it replaced.
create table platform.promotion_rows (
    tenant_id    uuid    not null,
    promotion_id bigint  not null,
    key_1        text    not null,
    key_2        text    not null default '',
    before_value text,
    after_value  text,
    fate         text    not null default 'written' check (fate in ('written', 'followed', 'inserted', 'edited')),
    primary key (tenant_id, promotion_id, key_1, key_2)
);

-- Who did what; nothing in it changes any more (CMP-11).
create table platform.audit_log (
    tenant_id uuid        not null references platform.tenants (id),
    id        bigint      generated always as identity,
    at        timestamptz not null default now(),
    actor     text        not null check (length(actor) between 1 and 200),
    action    text        not null check (length(action) between 1 and 100),
    subject   text        not null default '',
    detail    jsonb       not null default '{}',
    primary key (tenant_id, id)
);

grant select, insert, update on platform.promotions, platform.promotion_rows, platform.accepted_differences
    to sp_promoter;
grant select, insert on platform.comparisons, platform.comparison_fields to sp_promoter;
grant select, insert, delete on platform.comparison_rows, platform.comparison_days to sp_promoter;
grant select on platform.comparisons, platform.comparison_fields, platform.comparison_rows, platform.comparison_days,
    platform.accepted_differences, platform.promotions to sp_loader, sp_web, sp_readonly;
grant insert on platform.audit_log to sp_loader, sp_promoter, sp_web;
grant select on platform.audit_log to sp_audit;
grant select on platform.promotions, platform.accepted_differences to sp_audit;
