-- Production: the tables that people and applications use, filled from old reports until now and from here on replaced
-- field by field (BLZ-10, CMP-09). A database that has them already keeps them: missing columns are added, nullable and
-- without rewriting anything (DBM-04). Columns that a report never had stand after "added".

reset role;  -- these schemas belong to whoever administers the database
create schema if not exists analytics authorization sp_owner;
grant usage, create on schema public to sp_owner;

do $$
declare
    taken record;
begin
    for taken in
        select c.relname, pg_catalog.pg_get_userbyid(c.relowner) as owner
        from pg_catalog.pg_class c
        where c.relnamespace = 'public'::regnamespace
          and c.relname in ('customers', 'transactions', 'transaction_items', 'products')
          and (c.relowner <> 'sp_owner'::regrole or c.relkind not in ('r', 'p') or not exists (
              select from pg_catalog.pg_attribute a
              where a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and a.attnotnull))
    loop
        raise exception 'public.% exists, belongs to % and may not be taken over as it is', taken.relname, taken.owner
            using hint = format(
                'give it a primary key that starts with "tenant_id uuid not null" and then: '
                'alter table public.%I owner to sp_owner; or move it to another schema', taken.relname);
    end loop;
end
$$;

set local role sp_owner;

create table if not exists public.customers (
    tenant_id uuid not null,
    member_id text not null,
    primary key (tenant_id, member_id)
);
alter table public.customers
    add column if not exists name text,
    add column if not exists phone text,
    add column if not exists email text,
    add column if not exists street_address text,
    add column if not exists city text,
    add column if not exists state text,
    add column if not exists zip_code text,
    add column if not exists last_visited timestamptz,
    add column if not exists loyalty_points numeric(14, 4),
    add column if not exists customer_type text,
    add column if not exists lifetime_value numeric(14, 4),
    add column if not exists total_sales numeric(14, 4),
    add column if not exists total_visits integer,
    add column if not exists days_since_last_visit integer,
    add column if not exists vip_status boolean,
    add column if not exists churn_risk text,
    add column if not exists phone_e164         text,             -- added
    add column if not exists lifetime_points    numeric(14, 4),
    add column if not exists is_medical         boolean,
    add column if not exists text_opt_in        boolean,
    add column if not exists email_opt_in       boolean,
    add column if not exists blaze_created      timestamptz,
    add column if not exists blaze_modified     timestamptz,
    add column if not exists lifetime_value_old numeric(14, 4),   -- what a promotion replaced (CMP-12)
    add column if not exists total_visits_old   integer,
    add column if not exists origin             text        not null default 'report',
    add column if not exists first_seen_at      timestamptz not null default now(),
    add column if not exists last_changed_at    timestamptz not null default now();

create table if not exists public.transactions (
    tenant_id uuid not null,
    transaction_id text not null,
    primary key (tenant_id, transaction_id)
);
alter table public.transactions
    add column if not exists customer_id text,
    add column if not exists date timestamptz,
    add column if not exists shop_location text,
    add column if not exists staff_name text,
    add column if not exists terminal text,
    add column if not exists payment_type text,
    add column if not exists total_amount numeric(14, 4),
    add column if not exists total_tax numeric(14, 4),
    add column if not exists discounts numeric(14, 4),
    add column if not exists loyalty_points_earned numeric(14, 4),
    add column if not exists loyalty_points_spent numeric(14, 4),
    add column if not exists shop_id               text,          -- added
    add column if not exists seller_id             text,
    add column if not exists refunded_amount       numeric(14, 4),
    add column if not exists blaze_status          text,
    add column if not exists trans_type            text,
    add column if not exists parent_transaction_id text,
    add column if not exists start_time            timestamptz,
    add column if not exists end_time              timestamptz,
    add column if not exists completed_time        timestamptz,
    add column if not exists blaze_created         timestamptz,
    add column if not exists blaze_modified        timestamptz,
    add column if not exists origin                text        not null default 'report',
    add column if not exists first_seen_at         timestamptz not null default now(),
    add column if not exists last_changed_at       timestamptz not null default now();

create table if not exists public.transaction_items (
    tenant_id uuid not null,
    transaction_id text not null,
    order_item_id text not null,
    primary key (tenant_id, transaction_id, order_item_id)
);
alter table public.transaction_items
    add column if not exists product_id text,
    add column if not exists product_sku text,
    add column if not exists product_name text,
    add column if not exists brand_name text,
    add column if not exists category_name text,
    add column if not exists quantity numeric(14, 4),
    add column if not exists unit_price numeric(14, 4),
    add column if not exists total_price numeric(14, 4),
    add column if not exists discount        numeric(14, 4),      -- added
    add column if not exists discount_type   text,
    add column if not exists tax             numeric(14, 4),
    add column if not exists cost_of_goods   numeric(14, 4),
    add column if not exists line_status     text,
    add column if not exists flower_type     text,
    add column if not exists strain          text,
    add column if not exists origin          text        not null default 'report',
    add column if not exists first_seen_at   timestamptz not null default now(),
    add column if not exists last_changed_at timestamptz not null default now();

create table if not exists public.products (
    tenant_id uuid not null,
    product_id text not null,
    primary key (tenant_id, product_id)
);
alter table public.products
    add column if not exists sku text,
    add column if not exists name text,
    add column if not exists brand text,
    add column if not exists category text,
    add column if not exists vendor text,
    add column if not exists retail_price numeric(14, 4),
    add column if not exists cost numeric(14, 4),
    add column if not exists is_active boolean,
    add column if not exists thc_content numeric(14, 4),
    add column if not exists cbd_content numeric(14, 4),
    add column if not exists vendor_id       text,                -- added
    add column if not exists thca            numeric(14, 4),
    add column if not exists cbda            numeric(14, 4),
    add column if not exists cbg             numeric(14, 4),
    add column if not exists description     text,
    add column if not exists weight_per_unit text,
    add column if not exists unit_value      numeric(14, 4),
    add column if not exists image_url       text,
    add column if not exists blaze_created   timestamptz,
    add column if not exists blaze_modified  timestamptz,
    add column if not exists origin          text        not null default 'report',
    add column if not exists first_seen_at   timestamptz not null default now(),
    add column if not exists last_changed_at timestamptz not null default now();

-- When a row was last changed by somebody else than a promotion: those keep their own book, and a promotion that is
-- taken back leaves the very bytes that were there. A promotion does not overwrite what changed since it was compared.
create function platform.note_change() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    new.last_changed_at := pg_catalog.clock_timestamp();
    return new;
end
$$;
revoke all on function platform.note_change() from public;

create trigger note_change before update on public.customers
    for each row when (current_user <> 'sp_promoter') execute function platform.note_change();
create trigger note_change before update on public.transactions
    for each row when (current_user <> 'sp_promoter') execute function platform.note_change();
create trigger note_change before update on public.transaction_items
    for each row when (current_user <> 'sp_promoter') execute function platform.note_change();
create trigger note_change before update on public.products
    for each row when (current_user <> 'sp_promoter') execute function platform.note_change();

grant usage on schema analytics to sp_loader, sp_promoter, sp_web, sp_readonly;
grant usage on schema public to sp_loader, sp_promoter, sp_web, sp_readonly;
grant select, insert, update on public.customers, public.transactions, public.transaction_items, public.products
    to sp_loader;
grant select, insert, update, delete on
    public.customers, public.transactions, public.transaction_items, public.products
    to sp_promoter;
grant select on public.customers, public.transactions, public.transaction_items, public.products
    to sp_web, sp_readonly;
