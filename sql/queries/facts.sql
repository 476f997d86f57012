-- name: customers_per_day
-- Live rows per business day of the tenant.
select business_day, count(*) from blaze.customers
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
group by 1 order by 1

-- name: customers_newest
-- The newest version stored.
select max(source_modified_at) from blaze.customers where tenant_id = %(tenant)s

-- name: transactions_per_day
select business_day, count(*) from blaze.transactions
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
group by 1 order by 1

-- name: transactions_newest
-- By completion: the list of receipts has no order by modification.
select max(date) from blaze.transactions
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s

-- name: transaction_items_per_day
-- The receipts know how many lines they have; an asset check proves it.
select business_day, sum(line_count)::bigint from blaze.transactions
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
group by 1 order by 1

-- name: transaction_items_newest
select max(date) from blaze.transactions
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s

-- name: products_per_day
select business_day, count(*) from blaze.products
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
group by 1 order by 1

-- name: products_newest
select max(source_modified_at) from blaze.products where tenant_id = %(tenant)s

-- name: payments_per_day
-- By creation: what the partition of a day holds (MX-03).
select business_day, count(*) from mx_merchant.payments
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
group by 1 order by 1

-- name: payments_newest
-- The newest payments stand on the last days: the index of days finds them.
select max(source_modified_at) from mx_merchant.payments
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s

-- name: invoices_per_day
select business_day, count(*) from mx_merchant.invoices
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
group by 1 order by 1

-- name: invoices_newest
select max(source_modified_at) from mx_merchant.invoices
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s

-- name: invoice_items_per_day
-- The invoices know how many lines they have; an asset check proves it.
select business_day, sum(purchase_count)::bigint from mx_merchant.invoices
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
  and purchase_count > 0
group by 1 order by 1

-- name: invoice_items_newest
select max(source_modified_at) from mx_merchant.invoices
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s
