-- What a CRM says of its customers and their packages, and which of them is which profile of the tenant's own
-- application (CRM-05 to CRM-15). A customer's id is not stable at the source, and stable_hash_id changes with name and
-- phone: a mapping keeps both, and what the customer was like when it was made.

reset role;  -- a new schema needs a right of the database
create schema if not exists crm authorization sp_owner;
set local role sp_owner;
grant usage on schema crm to sp_loader, sp_web, sp_readonly;

-- People as the tenant's own application knows them. It writes its own columns; syncing writes the last three.
create table crm.profiles (
    tenant_id             uuid        not null references platform.tenants (id),
    profile_id            text        not null check (length(profile_id) between 1 and 100),
    full_name             text        check (length(full_name) <= 300),
    phone                 text        check (length(phone) <= 60),
    email                 text        check (length(email) <= 320),
    active                boolean     not null default true,
    created_at            timestamptz not null default clock_timestamp(),
    updated_at            timestamptz not null default clock_timestamp(),
    packages_synced_at    timestamptz,                            -- of the last set that was read whole (CRM-14)
    packages_count        integer,                                -- in that set
    refreshed_at          timestamptz,                            -- when somebody last forced a refresh (CRM-21)
    primary key (tenant_id, profile_id)
);

-- The CRM's customers, copied whole, for matching without a call and for showing both records side by side.
create table crm.customers (
    tenant_id             uuid           not null,
    customer_id           bigint         not null,                -- not stable: the source rebuilds its table
    stable_hash_id        text,
    customer_name         text,
    contact_number        text,
    email                 text,
    content_hash          uuid           not null,
    origin                text           not null default 'crm',
    first_seen_at         timestamptz    not null,
    last_seen_at          timestamptz    not null,
    last_changed_at       timestamptz    not null,
    synced_at             timestamptz    generated always as (last_changed_at) stored,
    run_id                bigint         not null,
    source_modified_at    timestamptz,
    deleted_at            timestamptz,
    primary key (tenant_id, customer_id)
);
create index customers_hash on crm.customers (tenant_id, stable_hash_id);

-- Which customer a profile is. A row per pair that was ever decided; at most one of a profile, and one of a customer, is
-- live, which the indexes see to whoever links at the same moment (CRM-05).
create table crm.customer_mapping (
    tenant_id       uuid          not null,
    profile_id      text          not null,
    stable_hash_id  text          not null check (length(stable_hash_id) between 1 and 200),
    customer_id     bigint,                                       -- as it was when last seen
    customer_name   text,
    contact_number  text,
    method          text          not null check (method in ('phone', 'email', 'phone_email', 'manual')),
    score           numeric(3, 2) not null check (score between 0 and 1),
    evidence        jsonb         not null default '{}',          -- per attribute: how near, and how much for it (CRM-07)
    state           text          not null check (state in ('auto', 'confirmed', 'rejected', 'ambiguous')),
    previous_hashes text[]        not null default '{}',          -- before the customer was renamed
    actor           text          not null,
    created_at      timestamptz   not null default clock_timestamp(),
    decided_at      timestamptz   not null default clock_timestamp(),
    primary key (tenant_id, profile_id, stable_hash_id),
    foreign key (tenant_id, profile_id) references crm.profiles (tenant_id, profile_id)
);
create unique index customer_mapping_profile on crm.customer_mapping (tenant_id, profile_id)
    where state in ('auto', 'confirmed');
create unique index customer_mapping_customer on crm.customer_mapping (tenant_id, stable_hash_id)
    where state in ('auto', 'confirmed');

-- What a person has to decide: a profile and a customer side by side, as they were when the question arose (CRM-08).
create table crm.match_reviews (
    tenant_id      uuid          not null,
    id             bigint        generated always as identity,
    profile_id     text          not null,
    stable_hash_id text          not null check (length(stable_hash_id) between 1 and 200),
    customer_id    bigint,
    score          numeric(3, 2) not null check (score between 0 and 1),
    evidence       jsonb         not null default '{}',
    reason         text          not null check (length(reason) <= 60),
    profile        jsonb         not null,
    customer       jsonb         not null,
    state          text          not null default 'open' check (state in ('open', 'confirmed', 'rejected', 'obsolete')),
    actor          text,
    note           text          check (length(note) <= 500),
    created_at     timestamptz   not null default clock_timestamp(),
    decided_at     timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, profile_id, stable_hash_id),
    foreign key (tenant_id, profile_id) references crm.profiles (tenant_id, profile_id)
);
create index match_reviews_open on crm.match_reviews (tenant_id, created_at) where state = 'open';

-- A profile's packages, replaced as a set (CRM-12). What is gone from the set gets deleted_at.
create table crm.packages (
    tenant_id             uuid           not null,
    profile_id            text           not null,
    crm_package_id        text           not null,
    stable_hash_id        text           not null,
    customer_name         text,
    package_name          text,
    package_display_name  text,
    package_type          text,
    total_hours           numeric(14, 4),                         -- none: unlimited
    pax                   numeric(14, 4),
    validity_period       text,
    first_use_date        date,
    expiration_date       date,
    remaining_hours       numeric(14, 4),                         -- 0 is a value, null is not
    used_hours            numeric(14, 4),
    purchased_at          timestamptz,
    content_hash          uuid           not null,
    origin                text           not null default 'crm',
    first_seen_at         timestamptz    not null,
    last_seen_at          timestamptz    not null,
    last_changed_at       timestamptz    not null,
    synced_at             timestamptz    generated always as (last_changed_at) stored,
    run_id                bigint         not null,
    source_modified_at    timestamptz,
    deleted_at            timestamptz,
    primary key (tenant_id, profile_id, crm_package_id),
    foreign key (tenant_id, profile_id) references crm.profiles (tenant_id, profile_id)
);

grant select, insert, update on
    crm.profiles, crm.customers, crm.customer_mapping, crm.match_reviews, crm.packages to sp_loader;
grant select on crm.profiles, crm.customer_mapping, crm.match_reviews, crm.packages to sp_web, sp_readonly;
grant select on crm.customers to sp_readonly;
-- packages are compared with those of the job before this one (CMP-18)
grant usage on schema crm to sp_promoter;
grant select on crm.packages, crm.customer_mapping to sp_promoter;
grant select (tenant_id, customer_id, stable_hash_id, deleted_at) on crm.customers to sp_promoter;
grant select (tenant_id, profile_id, packages_synced_at) on crm.profiles to sp_promoter;
grant select (tenant_id, profile_id, reason, state) on crm.match_reviews to sp_promoter;
grant insert (tenant_id, profile_id, full_name, phone, email, active),
    update (full_name, phone, email, active, updated_at, refreshed_at) on crm.profiles to sp_web;

-- An event of the tenant's own application says what happened; one of a source leaves it blank (CRM-11).
alter table platform.webhook_events add column kind text not null default '' check (length(kind) <= 60);
grant select (kind) on platform.webhook_events to sp_web, sp_readonly;

-- What failed too often waits for a person (CRM-15).
-- squawk-ignore ban-drop-constraint
alter table platform.retry_items drop constraint retry_items_state_check;
alter table platform.retry_items
    add constraint retry_items_state_check check (state in ('open', 'done', 'review')) not valid;
-- squawk-ignore constraint-missing-not-valid
alter table platform.retry_items validate constraint retry_items_state_check;
