-- Is each side in itself as it should be before anything is promoted (CMP-20)? {side} is blaze or public, {live} leaves
-- out what the source deleted. Lines add up to their receipt without fees and rounding, which neither side stores.

-- name: receipts_without_lines
select count(*) from {side}.transactions t
where t.tenant_id = %(tenant)s and {live_t} and {has_lines}
  and not exists (select from {side}.transaction_items i
                  where i.tenant_id = t.tenant_id and i.transaction_id = t.transaction_id and {live_i})

-- name: lines_without_receipt
select count(*) from {side}.transaction_items i
where i.tenant_id = %(tenant)s and {live_i}
  and not exists (select from {side}.transactions t
                  where t.tenant_id = i.tenant_id and t.transaction_id = i.transaction_id)

-- name: receipts_not_adding_up
select count(*) from {side}.transactions t
join (
    select i.transaction_id, sum(i.total_price) as lines from {side}.transaction_items i
    where i.tenant_id = %(tenant)s and {live_i} group by 1
) i on i.transaction_id = t.transaction_id
where t.tenant_id = %(tenant)s and {live_t}
  and abs(abs(t.total_amount) - abs(i.lines + coalesce(t.total_tax, 0))) > 0.01 + %(rounding)s

-- name: without_key
select count(*) from {side}.customers c where c.tenant_id = %(tenant)s and btrim(c.member_id) = ''

-- name: duplicate_phones
select coalesce(sum(n), 0)::bigint from (
    select count(*) - 1 as n from {side}.customers c
    where c.tenant_id = %(tenant)s and {live_c} and c.phone <> ''
    group by right(regexp_replace(c.phone, '[^0-9]', '', 'g'), 10) having count(*) > 1
) repeated
