-- Purchases that a tenant's people bring as CSV files (CSV-02, CSV-03, CSV-09, CSV-19). A file is a batch: all of its
-- lines are in, or none. What a purchase says was checked as a set against the tenant's users and SKUs; neither can be
-- removed by those that import, so there are no foreign keys to them. A line without its purchase is refused by a key.
-- Identifiers are compared byte by byte: equal is equal under any collation, and sorting them is quicker.

reset role;  -- a new schema needs a right of the database
create schema if not exists purchases authorization sp_owner;
set local role sp_owner;
grant usage on schema purchases to sp_loader, sp_web, sp_readonly;

-- Who buys and what is sold, as the tenant's own application knows them (CSV-08).
create table purchases.users (
    tenant_id  uuid        not null references platform.tenants (id),
    user_id    text        collate "C" not null check (length(user_id) between 1 and 200),
    name       text        check (length(name) <= 300),
    active     boolean     not null default true,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, user_id)
);

create table purchases.skus (
    tenant_id  uuid        not null references platform.tenants (id),
    sku_id     text        collate "C" not null check (length(sku_id) between 1 and 200),
    name       text        check (length(name) <= 300),
    active     boolean     not null default true,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, sku_id)
);

-- Which column of a tenant's file is which of ours, per set of headers (CSV-05).
create table purchases.column_mappings (
    tenant_id   uuid        not null references platform.tenants (id),
    header_hash text        not null check (header_hash ~ '^[0-9a-f]{64}$'),
    mapping     jsonb       not null check (jsonb_typeof(mapping) = 'object'),
    actor       text        not null,
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp(),
    primary key (tenant_id, header_hash)
);

-- One row per file. Whoever works on it holds a claim and extends its lease; a claim whose lease has expired is void.
create table purchases.bulk_import_batches (
    tenant_id     uuid           not null references platform.tenants (id),
    id            bigint         generated always as identity,
    name          text           not null default '' check (length(name) <= 200),
    file_name     text           not null default '' check (length(file_name) <= 500),  -- shown, never a path
    sha256        text           not null check (sha256 ~ '^[0-9a-f]{64}$'),
    bytes         bigint         not null check (bytes >= 0),
    stored_as     text           check (length(stored_as) <= 200),    -- generated name; none once it is removed (CSV-16)
    mode          text           not null default 'reject' check (mode in ('reject', 'skip_existing', 'update')),
    allow_returns boolean        not null default false,
    tolerance     numeric(14, 4) not null default 0.01 check (tolerance >= 0),
    dry_run       boolean        not null default false,
    forced        boolean        not null default false,              -- imported although the same file was there
    options       jsonb          not null default '{}',               -- column mapping and what else reading needs
    uploader      text           not null check (length(uploader) <= 200),
    arrival_day   date           not null,                            -- the tenant's day (SYS-02)
    state         text           not null default 'pending'
        check (state in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    stage         text           not null default 'received'
        check (stage in ('received', 'parsing', 'grouping', 'validating', 'inserting', 'finishing', 'cleanup')),
    done          bigint         not null default 0,                  -- lines of this stage
    rows          bigint         not null default 0,                  -- lines of the file
    purchases     bigint         not null default 0,                  -- inserted
    items         bigint         not null default 0,                  -- inserted or replaced
    updated       bigint         not null default 0,
    unchanged     bigint         not null default 0,
    skipped       bigint         not null default 0,
    errors        bigint         not null default 0,                  -- all of them; listed are the first
    error_summary jsonb          not null default '{}',               -- code -> number
    warnings      jsonb          not null default '[]',
    problem       text           check (length(problem) <= 1000),     -- why it ended, where no line is to blame
    report        jsonb          not null default '{}',
    attempts      integer        not null default 0,
    claim         uuid,
    lease_until   timestamptz,
    created_at    timestamptz    not null default clock_timestamp(),
    started_at    timestamptz,
    finished_at   timestamptz,
    purged_at     timestamptz,                                        -- its errors are gone (CSV-20)
    primary key (tenant_id, id),
    check ((state = 'processing') = (claim is not null and lease_until is not null)),
    check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null))
);
-- The same file twice is one batch, also at the same moment (F-56). One that failed may come again, and so may a dry run.
create unique index bulk_import_batches_same_file on purchases.bulk_import_batches (tenant_id, sha256, dry_run)
    where not forced and (state in ('pending', 'processing') or (state = 'completed' and not dry_run));
create index bulk_import_batches_open on purchases.bulk_import_batches (tenant_id, id)
    where state in ('pending', 'processing');
create index bulk_import_batches_unpurged on purchases.bulk_import_batches (tenant_id, finished_at)
    where purged_at is null;

-- pending -> processing -> completed or failed; cancelled from the first two (CSV-03). Of what has ended, only the stage
-- and what is left of the file and its errors change.
create function purchases.keep_batch_states() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'pending' then
            raise exception 'a batch begins as pending, not as %', new.state using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if new.state <> old.state and not (
        (old.state = 'pending' and new.state in ('processing', 'cancelled'))
        or (old.state = 'processing' and new.state in ('completed', 'failed', 'cancelled'))
    ) then
        raise exception 'batch % is % and cannot become %', old.id, old.state, new.state
            using errcode = 'restrict_violation';
    end if;
    if old.finished_at is not null
       and to_jsonb(new) - array['stage', 'stored_as', 'purged_at']
           <> to_jsonb(old) - array['stage', 'stored_as', 'purged_at'] then
        raise exception 'batch % has ended and cannot be changed', old.id using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger keep_batch_states before insert or update on purchases.bulk_import_batches
    for each row execute function purchases.keep_batch_states();
revoke all on function purchases.keep_batch_states() from public;

-- The first errors of a file, in its order, with the line as it came: to fix and to import again (CSV-12).
create table purchases.bulk_import_errors (
    tenant_id   uuid    not null,
    batch_id    bigint  not null,
    position    integer not null check (position > 0),
    line        bigint,                                               -- none: about the whole file
    column_name text,
    code        text    not null check (length(code) <= 60),
    message     text    not null check (length(message) <= 500),
    raw         text[],
    primary key (tenant_id, batch_id, position),
    foreign key (tenant_id, batch_id) references purchases.bulk_import_batches (tenant_id, id)
);

-- batch_id brought the purchase, run_id wrote it last; neither is there where the function was called by hand.
create table purchases.purchase_ledger (
    tenant_id          uuid           not null,
    purchase_id        bigint         generated always as identity,
    transaction_number text           collate "C" not null check (length(transaction_number) between 1 and 200),
    transaction_date   timestamptz    not null,
    user_id            text           collate "C" not null,
    discount_amount    numeric(14, 4) not null,
    tax_amount         numeric(14, 4) not null,
    final_amount       numeric(14, 4) not null,
    note               text           check (length(note) <= 65536),  -- the first of its lines
    arrival_day        date           not null,                       -- the tenant's day on which it first came
    batch_id           bigint,
    origin             text           not null default 'csv',
    first_seen_at      timestamptz    not null,
    last_seen_at       timestamptz    not null,
    last_changed_at    timestamptz    not null,
    run_id             bigint,
    source_modified_at timestamptz,
    deleted_at         timestamptz,
    primary key (tenant_id, purchase_id),
    unique (tenant_id, transaction_number)
);
create index purchase_ledger_day on purchases.purchase_ledger (tenant_id, arrival_day);

create table purchases.purchase_items_ledger (
    tenant_id          uuid           not null,
    purchase_id        bigint         not null,
    line_no            integer        not null check (line_no > 0),   -- in the order of the file
    sku_id             text           collate "C" not null,
    quantity           numeric(14, 4) not null,
    unit_price         numeric(14, 4) not null,
    line_total         numeric(14, 4) not null,
    note               text           check (length(note) <= 65536),
    origin             text           not null default 'csv',
    first_seen_at      timestamptz    not null,
    last_seen_at       timestamptz    not null,
    last_changed_at    timestamptz    not null,
    run_id             bigint,
    source_modified_at timestamptz,
    deleted_at         timestamptz,
    primary key (tenant_id, purchase_id, line_no),
    foreign key (tenant_id, purchase_id) references purchases.purchase_ledger (tenant_id, purchase_id)
);

-- What others are told, written in the transaction of the data (CSV-19). About one subject, in the order of ids.
create table platform.outbox (
    tenant_id    uuid        not null,
    id           bigint      generated always as identity,
    topic        text        not null check (length(topic) between 1 and 100),
    subject      text        not null check (length(subject) <= 200),
    payload      jsonb       not null,
    created_at   timestamptz not null default clock_timestamp(),
    due_at       timestamptz not null default clock_timestamp(),
    tries        integer     not null default 0,
    delivered_at timestamptz,
    problem      text        check (length(problem) <= 500),
    primary key (tenant_id, id)
);
create index outbox_waiting on platform.outbox (tenant_id, id) where delivered_at is null;
create index outbox_failed on platform.outbox (tenant_id, topic, subject, id) where delivered_at is null and tries > 0;

-- Imports that run at this moment, over all tenants (CSV-17). A slot is nobody's: it tells that somebody works, not who.
create table platform.import_slots (
    slot        integer     primary key,
    holder      uuid        not null,
    lease_until timestamptz not null
);

grant select, insert, update on
    purchases.users, purchases.skus, purchases.column_mappings, purchases.bulk_import_batches,
    purchases.purchase_ledger, purchases.purchase_items_ledger to sp_loader;
grant select, insert, delete on purchases.bulk_import_errors to sp_loader;
grant select, insert, update, delete on platform.outbox, platform.import_slots to sp_loader;
grant select on
    purchases.users, purchases.skus, purchases.column_mappings, purchases.bulk_import_batches,
    purchases.purchase_ledger, purchases.purchase_items_ledger to sp_web, sp_readonly;
grant select on purchases.bulk_import_errors to sp_web;
grant select (tenant_id, batch_id, position, line, column_name, code) on purchases.bulk_import_errors to sp_readonly;
grant select (tenant_id, id, topic, subject, created_at, due_at, tries, delivered_at, problem) on platform.outbox
    to sp_web, sp_readonly;
