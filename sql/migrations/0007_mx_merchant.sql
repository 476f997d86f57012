-- What MX Merchant says: payments, invoices and their lines, and what a tenant calls its products (MX-04 to MX-11).
-- A list record writes the vendor's fields only. What a payment belongs to (invoice_id and what follows from it) is
-- written by linking alone, so no list can take it away (MX-04). One merchant's invoice cannot be another's payment's:
-- the foreign key contains the merchant (TEN-02, SYS-04).

reset role;  -- a new schema needs a right of the database
create schema if not exists mx_merchant authorization sp_owner;
set local role sp_owner;
grant usage on schema mx_merchant to sp_loader, sp_web, sp_readonly;

create table mx_merchant.invoices (
    tenant_id             uuid           not null,
    invoice_id            bigint         not null,
    merchant_id           bigint         not null,
    invoice_number        bigint,                                 -- per merchant; what payments name
    type                  text,
    status                text,
    receipt_number        text,
    customer_id           bigint,
    customer_name         text,
    customer_number       text,
    memo                  text,
    quantity              numeric(14, 4),
    return_quantity       numeric(14, 4),
    return_status         text,
    total_amount          numeric(14, 4),
    subtotal_amount       numeric(14, 4),
    discount_amount       numeric(14, 4),
    tax_amount            numeric(14, 4),
    balance               numeric(14, 4),
    paid_amount           numeric(14, 4),
    due_date              timestamptz,
    invoice_date          timestamptz,
    created               timestamptz,
    source_type           text,
    terms                 text,
    currency              text,
    is_tax_exempt         boolean,
    purchase_count        integer,
    business_day          date,
    raw_data              jsonb,                                  -- the detail, with purchases; null: only listed so far
    content_hash          uuid,                                   -- of the detail
    list_hash             uuid,                                   -- of the list's record: does it say anything new?
    primary_product_id    bigint,                                 -- MX-10; none where no line counts
    primary_product       text,
    category              text,                                   -- MX-11; null without a product
    origin                text           not null default 'mx_merchant',
    first_seen_at         timestamptz    not null,
    last_seen_at          timestamptz    not null,
    last_changed_at       timestamptz    not null,
    synced_at             timestamptz    generated always as (last_changed_at) stored,
    run_id                bigint         not null,
    source_modified_at    timestamptz,
    deleted_at            timestamptz,
    primary key (tenant_id, invoice_id),
    unique (tenant_id, merchant_id, invoice_number),
    unique (tenant_id, merchant_id, invoice_id)
);
create index invoices_day on mx_merchant.invoices (tenant_id, business_day);

create table mx_merchant.invoice_items (
    tenant_id             uuid           not null,
    invoice_id            bigint         not null,
    purchase_id           bigint         not null,
    line_no               integer        not null,
    product_id            bigint,                                 -- none for a line that was typed in
    product_name          text,
    description           text,
    quantity              numeric(14, 4),
    quantity_returned     numeric(14, 4),
    price                 numeric(14, 4),
    subtotal_amount       numeric(14, 4),
    discount_amount       numeric(14, 4),
    price_discount_amount numeric(14, 4),
    tax_amount            numeric(14, 4),
    total_amount          numeric(14, 4),
    product_variant       text,
    created               timestamptz,
    origin                text           not null default 'mx_merchant',
    first_seen_at         timestamptz    not null,
    last_seen_at          timestamptz    not null,
    last_changed_at       timestamptz    not null,
    synced_at             timestamptz    generated always as (last_changed_at) stored,
    run_id                bigint         not null,
    source_modified_at    timestamptz,
    deleted_at            timestamptz,
    primary key (tenant_id, invoice_id, purchase_id),
    foreign key (tenant_id, invoice_id) references mx_merchant.invoices (tenant_id, invoice_id)
);

create table mx_merchant.payments (
    tenant_id             uuid           not null,
    payment_id            bigint         not null,
    merchant_id           bigint         not null,
    created               timestamptz,
    type                  text,
    status                text,
    tender_type           text,
    amount                numeric(14, 4),                         -- with tax and surcharge; negative on refunds
    tax                   numeric(14, 4),
    surcharge_amount      numeric(14, 4),
    surcharge_rate        numeric(14, 4),
    surcharge_label       text,
    settled_amount        numeric(14, 4),
    available_auth_amount numeric(14, 4),
    refunded_amount       numeric(14, 4),
    currency              text,
    settled_currency      text,
    settled_date          timestamptz,
    zone_assumed          boolean,                                -- settled_date came without a zone (SYS-02)
    card_type             text,
    card_last4            text,
    card_present          boolean,
    auth_only             boolean,
    auth_code             text,
    auth_message          text,
    response_code         integer,
    issuer_response_code  text,
    reference             text,
    invoice_reference     text,                                   -- as it came; proves nothing (MX-05)
    client_reference      text,
    customer_code         text,
    customer_name         text,
    creator_name          text,
    source                text,
    original_id           bigint,                                 -- of a refund or capture: the first payment
    replay_id             bigint,
    batch                 text,
    is_duplicate          boolean,
    review_indicator      integer,
    business_day          date,
    content_hash          uuid,                                   -- of the list's record
    invoice_number        bigint generated always as (
        case when invoice_reference ~ '^[0-9]{1,18}$' then invoice_reference::bigint end) stored,
    invoice_ids           bigint[],                               -- what the detail says; empty: it stands alone
    invoice_id            bigint,
    has_invoice           boolean        generated always as (invoice_id is not null) stored,
    primary_product_id    bigint,
    primary_product       text,
    category              text,
    origin                text           not null default 'mx_merchant',
    first_seen_at         timestamptz    not null,
    last_seen_at          timestamptz    not null,
    last_changed_at       timestamptz    not null,
    synced_at             timestamptz    generated always as (last_changed_at) stored,
    run_id                bigint         not null,
    source_modified_at    timestamptz,
    deleted_at            timestamptz,
    primary key (tenant_id, payment_id),
    foreign key (tenant_id, merchant_id, invoice_id)
        references mx_merchant.invoices (tenant_id, merchant_id, invoice_id)
);
create index payments_day on mx_merchant.payments (tenant_id, business_day);
create index payments_invoice on mx_merchant.payments (tenant_id, merchant_id, invoice_id)
    where invoice_id is not null;
create index payments_unlinked on mx_merchant.payments (tenant_id, merchant_id, invoice_number)
    where invoice_id is null and invoice_number is not null;

-- A tenant's rules, in order; the first that fits names the category (MX-11). Replaced as a set.
create table mx_merchant.product_categories (
    tenant_id  uuid        not null references platform.tenants (id),
    "position" integer     not null check ("position" > 0),
    kind       text        not null check (kind in ('exact', 'prefix', 'contains', 'regex')),
    pattern    text        not null check (length(pattern) between 1 and 500),
    category   text        not null check (length(category) between 1 and 200),
    actor      text        not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, "position")
);

grant select, insert, update on mx_merchant.payments, mx_merchant.invoices, mx_merchant.invoice_items to sp_loader;
grant select, insert, delete on mx_merchant.product_categories to sp_loader;
grant select on
    mx_merchant.payments, mx_merchant.invoices, mx_merchant.invoice_items, mx_merchant.product_categories
    to sp_web, sp_readonly;
