-- What imports have left in the ledger, by the tenant's day of arrival: facts for pages, and counts for checks (DAG-20).

-- name: rows_per_day
-- Live purchases and their live lines.
select p.arrival_day, count(distinct p.purchase_id), count(i.line_no)
from purchases.purchase_ledger p
left join purchases.purchase_items_ledger i
    on i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id and i.deleted_at is null
where p.tenant_id = %(tenant)s and p.arrival_day between %(first)s and %(last)s and p.deleted_at is null
group by p.arrival_day;

-- name: batches_per_day
select arrival_day, state, count(*), sum(rows)::bigint, sum(errors)::bigint, sum(skipped)::bigint, sum(unchanged)::bigint
from purchases.bulk_import_batches
where tenant_id = %(tenant)s and arrival_day between %(first)s and %(last)s
group by arrival_day, state;

-- name: errors_per_day
select b.arrival_day, e.key, sum(e.value::bigint)::bigint
from purchases.bulk_import_batches b
cross join lateral jsonb_each_text(b.error_summary) as e
where b.tenant_id = %(tenant)s and b.arrival_day between %(first)s and %(last)s
group by b.arrival_day, e.key;

-- name: preview
-- The newest purchases of a day without what is about a person: neither the user nor a note.
select p.purchase_id, p.transaction_number, p.transaction_date, p.final_amount, p.batch_id, count(i.line_no) as lines
from (
    select * from purchases.purchase_ledger
    where tenant_id = %(tenant)s and arrival_day = %(day)s and deleted_at is null
    order by purchase_id desc
    limit %(limit)s
) p
left join purchases.purchase_items_ledger i
    on i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id and i.deleted_at is null
group by p.purchase_id, p.transaction_number, p.transaction_date, p.final_amount, p.batch_id
order by p.purchase_id desc;

-- name: unbalanced
-- Imports of these days that have ended, by what they say and by what is there. Of one that succeeded, lines read =
-- lines written + lines of purchases that were skipped or left as they were, and each of those has a line at least; it
-- brought as many purchases as it says, and their lines, as long as no other import wrote them. Of any other, all lines
-- were rejected: nothing is there.
with batches as (
    select b.id, b.state = 'completed' and not b.dry_run as wrote, b.rows, b.purchases, b.items, b.updated, b.skipped,
        b.unchanged
    from purchases.bulk_import_batches b
    where b.tenant_id = %(tenant)s and b.arrival_day between %(first)s and %(last)s and b.finished_at is not null
), brought as (
    select p.batch_id, count(*) as purchases, bool_and(p.run_id = p.batch_id) as untouched,
        sum((select count(*) from purchases.purchase_items_ledger i
             where i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id)) as items
    from purchases.purchase_ledger p
    where p.tenant_id = %(tenant)s and p.arrival_day between %(first)s and %(last)s and p.batch_id is not null
    group by p.batch_id
)
select count(*) filter (where case when b.wrote then
        b.purchases <> coalesce(n.purchases, 0)
        or (b.updated = 0 and coalesce(n.untouched, true) and b.items <> coalesce(n.items, 0))
        or b.rows - b.items < b.skipped + b.unchanged
        or (b.skipped + b.unchanged = 0 and b.rows <> b.items)
    else coalesce(n.purchases, 0) <> 0 end) as bad,
    count(*) as judged
from batches b
left join brought n on n.batch_id = b.id;

-- name: totals_purchase_ledger
-- Purchases whose amount is not the sum of their lines less discount plus tax, within the tolerance of their import.
select count(*) filter (where abs(p.final_amount - (coalesce(i.total, 0) - p.discount_amount + p.tax_amount))
                            > coalesce(b.tolerance, %(tolerance)s)) as bad,
    count(*) as judged
from purchases.purchase_ledger p
left join purchases.bulk_import_batches b on b.tenant_id = p.tenant_id and b.id = p.run_id
left join lateral (
    select sum(i.line_total) as total from purchases.purchase_items_ledger i
    where i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id and i.deleted_at is null
) i on true
where p.tenant_id = %(tenant)s and p.arrival_day between %(first)s and %(last)s and p.deleted_at is null;

-- name: totals_purchase_items_ledger
-- Lines whose total is not quantity times price.
select count(*) filter (where abs(i.line_total - i.quantity * i.unit_price) > coalesce(b.tolerance, %(tolerance)s))
        as bad,
    count(*) as judged
from purchases.purchase_ledger p
join purchases.purchase_items_ledger i on i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id
left join purchases.bulk_import_batches b on b.tenant_id = i.tenant_id and b.id = i.run_id
where p.tenant_id = %(tenant)s and p.arrival_day between %(first)s and %(last)s
  and p.deleted_at is null and i.deleted_at is null;

-- name: unreferenced_purchase_ledger
-- Purchases of nobody who is known, or without a line.
select count(*) filter (where u.user_id is null or not exists (
        select from purchases.purchase_items_ledger i
        where i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id and i.deleted_at is null)) as bad,
    count(*) as judged
from purchases.purchase_ledger p
left join purchases.users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id
where p.tenant_id = %(tenant)s and p.arrival_day between %(first)s and %(last)s and p.deleted_at is null;

-- name: unreferenced_purchase_items_ledger
-- Lines of a SKU that is not known.
select count(*) filter (where k.sku_id is null) as bad, count(*) as judged
from purchases.purchase_ledger p
join purchases.purchase_items_ledger i on i.tenant_id = p.tenant_id and i.purchase_id = p.purchase_id
left join purchases.skus k on k.tenant_id = i.tenant_id and k.sku_id = i.sku_id
where p.tenant_id = %(tenant)s and p.arrival_day between %(first)s and %(last)s
  and p.deleted_at is null and i.deleted_at is null;
