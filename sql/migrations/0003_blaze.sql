-- Staging: what Blaze says, exactly (BLZ-13, BLZ-20 to BLZ-23). The loader replaces receipts and their lines together in
-- one transaction, so there are no foreign keys here: an asset check proves what they would enforce.
-- Only indexes that a query of ours uses: a key or an index costs more than the sync itself.

create table blaze.customers (
    tenant_id          uuid           not null,
    member_id          text           not null,
    name               text,
    phone              text,
    phone_e164         text,
    email              text,
    street_address     text,
    city               text,
    state              text,
    zip_code           text,
    last_visited       timestamptz,
    loyalty_points     numeric(14, 4),
    lifetime_points    numeric(14, 4),
    customer_type      text,
    is_medical         boolean,
    text_opt_in        boolean,
    email_opt_in       boolean,
    shop_id            text,
    blaze_created      timestamptz,
    blaze_modified     timestamptz,
    business_day       date,
    content_hash       uuid           not null,
    origin             text           not null default 'blaze',
    first_seen_at      timestamptz    not null,
    last_seen_at       timestamptz    not null,
    last_changed_at    timestamptz    not null,
    run_id             bigint         not null,
    source_modified_at timestamptz,
    deleted_at         timestamptz,
    primary key (tenant_id, member_id)
);
create index customers_modified on blaze.customers (tenant_id, source_modified_at);
create index customers_day on blaze.customers (tenant_id, business_day);

create table blaze.transactions (
    tenant_id             uuid           not null,
    transaction_id        text           not null,
    customer_id           text,
    date                  timestamptz,
    shop_id               text,
    seller_id             text,
    terminal              text,
    payment_type          text,
    total_amount          numeric(14, 4),
    total_tax             numeric(14, 4),
    discounts             numeric(14, 4),
    loyalty_points_earned numeric(14, 4),
    loyalty_points_spent  numeric(14, 4),
    refunded_amount       numeric(14, 4),
    blaze_status          text,
    trans_type            text,
    refund_status         text,
    trans_no              text,
    parent_transaction_id text,
    line_count            integer        not null,
    start_time            timestamptz,
    end_time              timestamptz,
    completed_time        timestamptz,
    blaze_created         timestamptz,
    blaze_modified        timestamptz,
    business_day          date,
    content_hash          uuid           not null,
    origin                text           not null default 'blaze',
    first_seen_at         timestamptz    not null,
    last_seen_at          timestamptz    not null,
    last_changed_at       timestamptz    not null,
    run_id                bigint         not null,
    source_modified_at    timestamptz,
    deleted_at            timestamptz,
    primary key (tenant_id, transaction_id)
);
create index transactions_day on blaze.transactions (tenant_id, business_day);
create index transactions_parent on blaze.transactions (tenant_id, parent_transaction_id)
    where parent_transaction_id is not null;

create table blaze.transaction_items (
    tenant_id          uuid           not null,
    transaction_id     text           not null,
    order_item_id      text           not null,
    line_no            integer        not null,
    synthetic_key      boolean        not null,
    product_id         text,
    product_sku        text,
    product_name       text,
    brand_name         text,
    category_name      text,
    quantity           numeric(14, 4),
    unit_price         numeric(14, 4),
    total_price        numeric(14, 4),
    discount           numeric(14, 4),
    discount_type      text,
    tax                numeric(14, 4),
    cost_of_goods      numeric(14, 4),
    line_status        text,
    flower_type        text,
    strain             text,
    origin             text           not null default 'blaze',
    first_seen_at      timestamptz    not null,
    last_seen_at       timestamptz    not null,
    last_changed_at    timestamptz    not null,
    run_id             bigint         not null,
    source_modified_at timestamptz,
    deleted_at         timestamptz,
    primary key (tenant_id, transaction_id, order_item_id)
);

create table blaze.products (
    tenant_id          uuid           not null,
    product_id         text           not null,
    sku                text,
    name               text,
    brand              text,
    category           text,
    vendor_id          text,
    vendor             text,
    retail_price       numeric(14, 4),
    cost               numeric(14, 4),
    is_active          boolean,
    thc_content        numeric(14, 4),
    cbd_content        numeric(14, 4),
    thca               numeric(14, 4),
    cbda               numeric(14, 4),
    cbg                numeric(14, 4),
    flower_type        text,
    strain             text,
    description        text,
    weight_per_unit    text,
    unit_value         numeric(14, 4),
    image_url          text,
    shop_id            text,
    blaze_created      timestamptz,
    blaze_modified     timestamptz,
    business_day       date,
    content_hash       uuid           not null,
    origin             text           not null default 'blaze',
    first_seen_at      timestamptz    not null,
    last_seen_at       timestamptz    not null,
    last_changed_at    timestamptz    not null,
    run_id             bigint         not null,
    source_modified_at timestamptz,
    deleted_at         timestamptz,
    primary key (tenant_id, product_id)
);
create index products_modified on blaze.products (tenant_id, source_modified_at);
create index products_day on blaze.products (tenant_id, business_day);

-- Brands, vendors, employees, terminals, categories and shops: names for ids (HTTP-09, BLZ-24).
create table blaze.lookups (
    tenant_id          uuid           not null,
    kind               text           not null,
    lookup_id          text           not null,
    name               text,
    is_active          boolean,
    zone               text,
    content_hash       uuid           not null,
    origin             text           not null default 'blaze',
    first_seen_at      timestamptz    not null,
    last_seen_at       timestamptz    not null,
    last_changed_at    timestamptz    not null,
    run_id             bigint         not null,
    source_modified_at timestamptz,
    deleted_at         timestamptz,
    primary key (tenant_id, kind, lookup_id)
);

grant select, insert, update on
    blaze.customers, blaze.transactions, blaze.transaction_items, blaze.products, blaze.lookups
    to sp_loader;
grant select on
    blaze.customers, blaze.transactions, blaze.transaction_items, blaze.products, blaze.lookups
    to sp_promoter, sp_web, sp_readonly;
