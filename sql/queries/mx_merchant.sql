-- Linking payments to invoices (MX-04 to MX-07). All of one tenant; numbers mean something within a merchant only.

-- name: stored_payments
select payment_id, invoice_number, invoice_id, invoice_ids is not null as settled
from mx_merchant.payments
where tenant_id = %(tenant)s and merchant_id = %(merchant)s and payment_id = any (%(payments)s::bigint[]);

-- name: unlinked_payments
-- Payments that name one of these numbers and belong to no invoice yet.
select payment_id, invoice_number
from mx_merchant.payments
where tenant_id = %(tenant)s and merchant_id = %(merchant)s and invoice_id is null and invoice_ids is null
  and invoice_number = any (%(numbers)s::bigint[])
order by payment_id desc;

-- name: invoices_by_number
select invoice_id, invoice_number, status, raw_data is not null as detailed, uuid_send(list_hash) as list_hash
from mx_merchant.invoices
where tenant_id = %(tenant)s and merchant_id = %(merchant)s and invoice_number = any (%(numbers)s::bigint[])
  and deleted_at is null;

-- name: invoices_by_id
select invoice_id, invoice_number, status, raw_data is not null as detailed, uuid_send(list_hash) as list_hash
from mx_merchant.invoices
where tenant_id = %(tenant)s and merchant_id = %(merchant)s and invoice_id = any (%(invoices)s::bigint[])
  and deleted_at is null;

-- name: note_invoice_ids
-- What details of payments say: none is an answer too, and settles it.
update mx_merchant.payments p
set invoice_ids = said.ids::bigint[], last_changed_at = now(), last_seen_at = now(), run_id = %(run)s
from unnest(%(payments)s::bigint[], %(ids)s::text[]) as said (payment_id, ids)
where p.tenant_id = %(tenant)s and p.merchant_id = %(merchant)s and p.payment_id = said.payment_id
  and p.payment_id = any (%(payments)s::bigint[]) and p.invoice_ids is distinct from said.ids::bigint[];

-- name: link_by_number
-- Invoices are looked up payment by payment among those that are wanted, not joined: of a table that grew since its last
-- ANALYZE the planner expects one row, and would compare each payment of a merchant with each of its invoices.
with wanted as materialized (
    select i.invoice_number, i.invoice_id, i.primary_product_id, i.primary_product, i.category
    from mx_merchant.invoices i
    where i.tenant_id = %(tenant)s and i.merchant_id = %(merchant)s and i.invoice_number = any (%(numbers)s::bigint[])
)
update mx_merchant.payments p
set (invoice_id, primary_product_id, primary_product, category) = (
        select w.invoice_id, w.primary_product_id, w.primary_product, w.category
        from wanted w where w.invoice_number = p.invoice_number
    ),
    last_changed_at = now(), last_seen_at = now(), run_id = %(run)s
where p.tenant_id = %(tenant)s and p.merchant_id = %(merchant)s and p.invoice_id is null
  and p.invoice_number = any (%(numbers)s::bigint[])
  and (select w.invoice_id from wanted w where w.invoice_number = p.invoice_number) is not null;

-- name: link_by_id
-- The first of the invoices that a payment's detail names and that are stored.
update mx_merchant.payments p
set invoice_id = i.invoice_id, primary_product_id = i.primary_product_id, primary_product = i.primary_product,
    category = i.category, last_changed_at = now(), last_seen_at = now(), run_id = %(run)s
from unnest(%(payments)s::bigint[], %(invoices)s::bigint[]) as pair (payment_id, invoice_id)
join mx_merchant.invoices i
  on i.tenant_id = %(tenant)s and i.merchant_id = %(merchant)s and i.invoice_id = pair.invoice_id
where p.tenant_id = %(tenant)s and p.merchant_id = %(merchant)s and p.payment_id = pair.payment_id
  and p.payment_id = any (%(payments)s::bigint[]) and p.invoice_id is null;

-- name: describe_payments
-- Payments of invoices whose lines were read (again) take product and category from them.
update mx_merchant.payments p
set (primary_product_id, primary_product, category) = (
        select i.primary_product_id, i.primary_product, i.category from mx_merchant.invoices i
        where i.tenant_id = p.tenant_id and i.merchant_id = p.merchant_id and i.invoice_id = p.invoice_id
    ),
    last_changed_at = now(), last_seen_at = now(), run_id = %(run)s
where p.tenant_id = %(tenant)s and p.merchant_id = %(merchant)s and p.invoice_id = any (%(invoices)s::bigint[])
  and row (p.primary_product_id, p.primary_product, p.category) is distinct from (
        select row (i.primary_product_id, i.primary_product, i.category) from mx_merchant.invoices i
        where i.tenant_id = p.tenant_id and i.merchant_id = p.merchant_id and i.invoice_id = p.invoice_id
    );

-- name: count_payments
-- The index of days narrows it down, with a margin for the zone.
select count(*) from mx_merchant.payments
where tenant_id = %(tenant)s and merchant_id = %(merchant)s and created >= %(start)s and created < %(end)s
  and business_day between (%(start)s::timestamptz)::date - 2 and (%(end)s::timestamptz)::date + 2
  and deleted_at is null;

-- name: category_rules
select "position", kind, pattern, category from mx_merchant.product_categories
where tenant_id = %(tenant)s order by "position";

-- name: forget_category_rules
delete from mx_merchant.product_categories where tenant_id = %(tenant)s;

-- name: add_category_rules
insert into mx_merchant.product_categories (tenant_id, "position", kind, pattern, category, actor)
select %(tenant)s, r."position", r.kind, r.pattern, r.category, %(actor)s
from unnest(%(positions)s::integer[], %(kinds)s::text[], %(patterns)s::text[], %(categories)s::text[])
    as r ("position", kind, pattern, category);

-- name: products
-- The products of a tenant's payments and invoices, with how many of each have which category now.
select primary_product, category, sum(payments)::bigint, sum(invoices)::bigint
from (
    select primary_product, category, count(*) as payments, 0 as invoices from mx_merchant.payments
    where tenant_id = %(tenant)s and primary_product is not null group by 1, 2
    union all
    select primary_product, category, 0, count(*) from mx_merchant.invoices
    where tenant_id = %(tenant)s and primary_product is not null group by 1, 2
) found
group by 1, 2
order by 1, 2;

-- name: categorise_payments
-- A slice of the payments that have another category than their product has now.
with wrong as (
    select p.payment_id, r.category
    from mx_merchant.payments p
    join unnest(%(products)s::text[], %(categories)s::text[]) as r (product, category) on r.product = p.primary_product
    where p.tenant_id = %(tenant)s and p.category is distinct from r.category
    order by p.payment_id
    limit %(size)s
)
update mx_merchant.payments p
set category = wrong.category, last_changed_at = now()
from wrong
where p.tenant_id = %(tenant)s and p.payment_id = wrong.payment_id;

-- name: categorise_invoices
with wrong as (
    select i.invoice_id, r.category
    from mx_merchant.invoices i
    join unnest(%(products)s::text[], %(categories)s::text[]) as r (product, category) on r.product = i.primary_product
    where i.tenant_id = %(tenant)s and i.category is distinct from r.category
    order by i.invoice_id
    limit %(size)s
)
update mx_merchant.invoices i
set category = wrong.category, last_changed_at = now()
from wrong
where i.tenant_id = %(tenant)s and i.invoice_id = wrong.invoice_id;
