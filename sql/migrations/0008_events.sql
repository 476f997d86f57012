-- What is to be done again, and what a source said without being asked (MX-06, MX-12, MX-20 to MX-24).

-- Single items that a run could not fetch or find. The next run begins with those that are due; its data rows know
-- nothing of it (SYS-06).
create table platform.retry_items (
    tenant_id       uuid        not null references platform.tenants (id),
    source          text        not null,
    account         text        not null default '',
    entity          text        not null,                         -- what is asked for: invoices, payments, invoice_numbers
    item_key        text        not null check (length(item_key) <= 200),
    reason          text        not null check (length(reason) <= 500),
    tries           integer     not null default 1,
    first_failed_at timestamptz not null,
    last_failed_at  timestamptz not null,
    state           text        not null default 'open' check (state in ('open', 'done')),
    run_id          bigint,
    primary key (tenant_id, source, account, entity, item_key)
);

-- Where a source may deliver to. The token itself is known to the source alone; here is its hash (MX-21).
create table platform.webhook_endpoints (
    tenant_id  uuid        not null references platform.tenants (id),
    source     text        not null,
    token_hash text        not null check (token_hash ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    actor      text        not null,
    primary key (tenant_id, source, token_hash)
);

-- Deliveries, each stored once by its content (MX-22). What they say is a hint: never a value of another table (MX-23).
create table platform.webhook_events (
    tenant_id    uuid        not null references platform.tenants (id),
    id           bigint      generated always as identity,
    source       text        not null,
    content_hash uuid        not null,
    body         jsonb       not null,
    account      text        not null default '',                 -- whose it is, as the source says
    subject      text        not null default '',                 -- what has to be read: a payment's id
    state        text        not null default 'new' check (state in ('new', 'handled', 'refused', 'failed')),
    tries        integer     not null default 0,
    received_at  timestamptz not null default clock_timestamp(),
    due_at       timestamptz not null default clock_timestamp(),
    handled_at   timestamptz,
    problem      text        check (length(problem) <= 500),
    run_id       bigint,
    primary key (tenant_id, id),
    unique (tenant_id, source, content_hash)
);
create index webhook_events_waiting on platform.webhook_events (tenant_id, source, due_at)
    where state in ('new', 'failed');

grant select, insert, update on platform.retry_items, platform.webhook_endpoints, platform.webhook_events to sp_loader;
grant select on platform.retry_items to sp_web, sp_readonly;
grant select on platform.webhook_endpoints to sp_web;
grant insert on platform.webhook_events to sp_web;
grant select (tenant_id, id, source, content_hash, account, subject, state, tries, received_at, due_at, handled_at,
    problem, run_id) on platform.webhook_events to sp_web, sp_readonly;
