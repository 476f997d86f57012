-- name: unbalanced
-- Ledger rows of a Dagster run that do not balance (SYS-11), and how many there are.
select count(*) filter (where fetched <> inserted + updated + unchanged + stale + duplicate_in_batch + quarantined
                           or error_class = 'LedgerUnbalanced') as bad,
       count(*) as judged
from platform.sync_runs
where tenant_id = %(tenant)s and source = %(source)s and entity = %(entity)s and dagster_run_id = %(dagster_run)s
  and started_at > clock_timestamp() - interval '7 days'

-- name: rejects
-- Records that the last finished run of an entity put into quarantine.
select quarantined as bad, fetched as judged
from platform.sync_runs
where tenant_id = %(tenant)s and source = %(source)s and entity = %(entity)s and kind <> 'dry_run'
  and finished_at is not null
order by id desc
limit 1

-- name: last_success
-- How long ago an entity was last brought up to date; an event brings one record. By start: there is an index, and one
-- entity's runs do not overlap.
select clock_timestamp() - finished_at
from platform.sync_runs
where tenant_id = %(tenant)s and source = %(source)s and entity = %(entity)s and state = 'succeeded'
  and kind not in ('dry_run', 'event')
order by started_at desc
limit 1

-- name: duplicate_customers
-- Live members of one shop that share phone and e-mail.
select coalesce(sum(n), 0)::bigint as bad, (select count(*) from blaze.customers
    where tenant_id = %(tenant)s and deleted_at is null) as judged
from (
    select count(*) - 1 as n from blaze.customers
    where tenant_id = %(tenant)s and deleted_at is null and phone_e164 is not null and email is not null
    group by shop_id, phone_e164, lower(email) having count(*) > 1
) repeated

-- name: duplicate_transactions
-- Receipts of a shop and day with the same number: the vendor numbers them per shop.
select coalesce(sum(n), 0)::bigint as bad, (select count(*) from blaze.transactions
    where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null) as judged
from (
    select count(*) - 1 as n from blaze.transactions
    where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
      and trans_no is not null
    group by shop_id, trans_no having count(*) > 1
) repeated

-- name: duplicate_transaction_items
-- Live lines of one receipt that stand in the same place.
select coalesce(sum(n), 0)::bigint as bad, coalesce(sum(n), 0)::bigint + count(*) as judged
from (
    select count(*) - 1 as n
    from blaze.transaction_items i
    join blaze.transactions t on t.tenant_id = i.tenant_id and t.transaction_id = i.transaction_id
    where i.tenant_id = %(tenant)s and t.business_day between %(first)s and %(last)s and i.deleted_at is null
    group by i.transaction_id, i.line_no
) places

-- name: duplicate_products
-- Live products of a shop with the same SKU.
select coalesce(sum(n), 0)::bigint as bad, (select count(*) from blaze.products
    where tenant_id = %(tenant)s and deleted_at is null) as judged
from (
    select count(*) - 1 as n from blaze.products
    where tenant_id = %(tenant)s and deleted_at is null and sku is not null
    group by shop_id, sku having count(*) > 1
) repeated

-- name: duplicate_payments
-- Payments of a merchant that the processor knows by one reference, of one kind and moment.
select coalesce(sum(n), 0)::bigint as bad, (select count(*) from mx_merchant.payments
    where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null) as judged
from (
    select count(*) - 1 as n from mx_merchant.payments
    where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
      and reference is not null
    group by merchant_id, reference, type, created having count(*) > 1
) repeated

-- name: duplicate_invoices
-- Invoices of a merchant with one receipt number.
select coalesce(sum(n), 0)::bigint as bad, (select count(*) from mx_merchant.invoices
    where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null) as judged
from (
    select count(*) - 1 as n from mx_merchant.invoices
    where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
      and receipt_number is not null
    group by merchant_id, receipt_number having count(*) > 1
) repeated

-- name: duplicate_invoice_items
-- Live lines of one invoice that stand in the same place.
select coalesce(sum(n), 0)::bigint as bad, coalesce(sum(n), 0)::bigint + count(*) as judged
from (
    select count(*) - 1 as n
    from mx_merchant.invoice_items l
    join mx_merchant.invoices i on i.tenant_id = l.tenant_id and i.invoice_id = l.invoice_id
    where l.tenant_id = %(tenant)s and i.business_day between %(first)s and %(last)s and l.deleted_at is null
    group by l.invoice_id, l.line_no
) places

-- name: unreferenced_transactions
-- Receipts whose customer is not among the members.
select count(*) filter (where c.member_id is null) as bad, count(*) as judged
from blaze.transactions t
left join blaze.customers c on c.tenant_id = t.tenant_id and c.member_id = t.customer_id
where t.tenant_id = %(tenant)s and t.business_day between %(first)s and %(last)s and t.customer_id is not null

-- name: unreferenced_transaction_items
-- Receipts whose live lines are not as many as the receipt says, which a foreign key could not see either.
select count(*) filter (where t.line_count <> coalesce(i.lines, 0)) as bad, count(*) as judged
from blaze.transactions t
left join (
    select transaction_id, count(*) as lines from blaze.transaction_items
    where tenant_id = %(tenant)s and deleted_at is null
      and transaction_id in (
          select transaction_id from blaze.transactions
          where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s)
    group by 1
) i using (transaction_id)
where t.tenant_id = %(tenant)s and t.business_day between %(first)s and %(last)s and t.deleted_at is null

-- name: unreferenced_products
-- Products whose vendor is not among the lookups.
select count(*) filter (where l.lookup_id is null) as bad, count(*) as judged
from blaze.products p
left join blaze.lookups l on l.tenant_id = p.tenant_id and l.kind = 'vendors' and l.lookup_id = p.vendor_id
where p.tenant_id = %(tenant)s and p.vendor_id is not null and p.deleted_at is null

-- name: unreferenced_invoices
-- Invoices that have payments, and whose detail was never read.
select count(*) filter (where i.raw_data is null) as bad, count(*) as judged
from mx_merchant.invoices i
where i.tenant_id = %(tenant)s and i.business_day between %(first)s and %(last)s and i.deleted_at is null
  and exists (select from mx_merchant.payments p
              where p.tenant_id = i.tenant_id and p.merchant_id = i.merchant_id and p.invoice_id = i.invoice_id)

-- name: orphan_payments
-- Linked payments whose invoice is gone, or is one that neither their text nor their detail names (MX-05).
select count(*) filter (where i.invoice_id is null or not (
           coalesce(p.invoice_number = i.invoice_number, false) or coalesce(p.invoice_id = any (p.invoice_ids), false)
       )) as bad,
       count(*) as judged
from mx_merchant.payments p
left join mx_merchant.invoices i
  on i.tenant_id = p.tenant_id and i.merchant_id = p.merchant_id and i.invoice_id = p.invoice_id
 and i.deleted_at is null
where p.tenant_id = %(tenant)s and p.business_day between %(first)s and %(last)s and p.deleted_at is null
  and p.has_invoice

-- name: orphan_invoice_items
-- Invoices whose live lines are not as many as their detail has; one that is gone has none.
select count(*) filter (where coalesce(l.lines, 0) <> case
           when i.deleted_at is null and jsonb_typeof(i.raw_data -> 'purchases') = 'array'
           then jsonb_array_length(i.raw_data -> 'purchases') else 0 end) as bad,
       count(*) as judged
from mx_merchant.invoices i
left join (
    select l.invoice_id, count(*) as lines
    from mx_merchant.invoice_items l
    where l.tenant_id = %(tenant)s and l.deleted_at is null
      and l.invoice_id in (
          select h.invoice_id from mx_merchant.invoices h
          where h.tenant_id = %(tenant)s and h.business_day between %(first)s and %(last)s)
    group by 1
) l using (invoice_id)
where i.tenant_id = %(tenant)s and i.business_day between %(first)s and %(last)s and i.raw_data is not null

-- name: unlinked_payments
-- Payments that name a number and belong to no invoice; those whose detail says that they stand alone do not count.
select count(*) filter (where invoice_id is null) as bad, count(*) as judged
from mx_merchant.payments
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
  and invoice_number is not null and invoice_ids is distinct from '{}'

-- name: unlinked_numbers
select invoice_number
from mx_merchant.payments
where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null
  and invoice_number is not null and invoice_ids is distinct from '{}' and invoice_id is null
group by 1
order by max(created) desc, 1
limit 20

-- name: unresolved_numbers
-- Of the numbers that payments of the last month name, those that are looked for every few days only (MX-06).
select (select count(*) from platform.retry_items
        where tenant_id = %(tenant)s and source = %(source)s and entity = %(numbers)s and state = 'open'
          and tries > %(tries)s and first_failed_at >= %(since)s) as bad,
       (select count(distinct invoice_number) from mx_merchant.payments
        where tenant_id = %(tenant)s and business_day >= %(since_day)s and deleted_at is null) as judged

-- name: given_up_numbers
select item_key from platform.retry_items
where tenant_id = %(tenant)s and source = %(source)s and entity = %(numbers)s and state = 'open'
  and tries > %(tries)s and first_failed_at >= %(since)s
order by first_failed_at desc, item_key
limit 20

-- name: state_of_run
-- How a Dagster run ended for an entity, and in how many windows another number is stored than the source showed it.
select state, coalesce(jsonb_array_length(report -> 'counts' -> 'different'), 0)
from platform.sync_runs
where tenant_id = %(tenant)s and source = %(source)s and entity = %(entity)s
  and (dagster_run_id = %(dagster_run)s or %(dagster_run)s::text is null) and kind <> 'dry_run'
order by id desc
limit 1

-- name: payments_created
-- Stored payments created in a window, with and without its last moment, and those that cannot be stored.
select count(*) filter (where created < %(end)s) as stored, count(*) as with_end,
       (select count(*) from platform.quarantine
        where tenant_id = %(tenant)s and source = %(source)s and entity = %(entity)s and state = 'open') as quarantined
from mx_merchant.payments
where tenant_id = %(tenant)s and merchant_id = %(merchant)s and deleted_at is null
  and created >= %(start)s and created < %(end)s::timestamptz + interval '1 second'
  and business_day between %(first_day)s::date and %(last_day)s::date + 1

-- name: new_drift
-- What the source sent in the last day that its documentation does not say.
select path, kind, detail, count, detail = 'required' as required
from platform.schema_drift
where tenant_id = %(tenant)s and source = %(source)s and entity = %(entity)s
  and last_seen > clock_timestamp() - interval '1 day'
order by required desc, path
limit 50
