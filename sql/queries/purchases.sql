-- A file of purchases as temporary tables, checked as sets and written (CSV-06 to CSV-11). Everything lives in one
-- transaction. staged_lines has the lines as they came, null where a cell could not be read; staged_purchases has one row
-- per transaction number. Lists of errors come with the number of all of them and say nothing of values.

-- name: create_staging
-- Sorting and grouping stay in memory for usual files; the plans of temporary tables are too dear to be compiled. What a
-- dead worker's statement still holds is waited for, and that statement ends soon.
select set_config('work_mem', '32MB', true), set_config('jit', 'off', true),
    set_config('app.import_batch', %(batch)s::text, true),
    set_config('statement_timeout', coalesce(%(limit)s, current_setting('statement_timeout')), true),
    set_config('lock_timeout', coalesce(%(limit)s, current_setting('lock_timeout')), true),
    set_config('client_connection_check_interval', '2s', true);
create temporary table staged_lines (
    line integer, transaction_number text collate "C", transaction_date timestamptz, user_id text collate "C",
    sku_id text collate "C", quantity numeric, unit_price numeric, line_total numeric, final_amount numeric,
    discount_amount numeric, tax_amount numeric, note text
) on commit drop;

-- name: copy_lines
copy pg_temp.staged_lines from stdin with (format csv, null 'null');

-- name: group_lines
-- From here on nobody else writes this tenant's ledger, so what is found there stays true. Whether a number is there is
-- asked per purchase: of a table that grew, the planner would expect one row and read all of them.
select purchases.lock_ledger();
create temporary table staged_purchases on commit drop as
select g.*, n.note, (
    select l.purchase_id from purchases.purchase_ledger l
    where l.tenant_id = (select platform.current_tenant()) and l.transaction_number = g.transaction_number
) as purchase_id
from (
    select transaction_number, min(line) as first_line, max(line) as last_line, count(*)::integer as lines,
        min(transaction_date) as transaction_date, max(transaction_date) as last_date,
        min(user_id) as user_id, max(user_id) as last_user,
        min(final_amount) as given_final, max(final_amount) as last_final,
        min(discount_amount) as discount_amount, max(discount_amount) as last_discount,
        min(tax_amount) as tax_amount, max(tax_amount) as last_tax,
        min(line) filter (where note is not null) as note_line,
        sum(coalesce(line_total, round(quantity * unit_price, 4))) as total,
        count(coalesce(line_total, quantity * unit_price))::integer as totals
    from staged_lines
    where transaction_number is not null
    group by transaction_number
) g
left join staged_lines n on n.line = g.note_line and n.note is not null;
select count(*), count(purchase_id), coalesce(sum(lines), 0)::bigint,
    (select coalesce(sum(octet_length(note)), 0)::bigint from staged_lines where note is not null)
from staged_purchases;

-- name: group_errors
-- Date, user and amounts of a purchase agree, and totals are what they are called (CSV-06, CSV-07). A total is judged only
-- where all lines of the purchase could be read; a line whose number is unreadable may belong to its neighbour.
with given as (
    select l.transaction_number, l.line, v.column_name, v.value
    from staged_purchases p
    join staged_lines l on l.transaction_number = p.transaction_number
    cross join lateral (values
        ('transaction_date', l.transaction_date::text), ('user_id', l.user_id),
        ('final_amount', trim_scale(l.final_amount)::text), ('discount_amount', trim_scale(l.discount_amount)::text),
        ('tax_amount', trim_scale(l.tax_amount)::text)
    ) as v (column_name, value)
    where v.value is not null
      and (p.transaction_date <> p.last_date or p.user_id <> p.last_user or p.given_final <> p.last_final
           or p.discount_amount <> p.last_discount or p.tax_amount <> p.last_tax)
), compared as (
    select line, column_name, value, first_value(value) over by_line as first_value, first_value(line) over by_line as other
    from given
    window by_line as (partition by transaction_number, column_name order by line)
), whole as (
    select p.*, p.total - coalesce(p.discount_amount, 0) + coalesce(p.tax_amount, 0) as computed
    from staged_purchases p
    where p.totals = p.lines
      and p.given_final is not distinct from p.last_final and p.discount_amount is not distinct from p.last_discount
      and p.tax_amount is not distinct from p.last_tax
), unreadable as materialized (
    select coalesce(range_agg(int4range(line, line, '[]')), '{}') as lines
    from staged_lines where transaction_number is null
), found as materialized (
    select line, column_name, 'differs_in_purchase' as code, other from compared where value <> first_value
    union all
    select line, 'line_total', 'line_total_wrong', null from staged_lines
    where abs(line_total - quantity * unit_price) > greatest(%(tolerance)s::numeric, 0.0001)
    union all
    select line, 'line_total', 'number_too_large', null from staged_lines
    where line_total is null and abs(quantity * unit_price) >= 10000000000
    union all
    select w.first_line, 'final_amount', 'final_amount_wrong', nullif(w.last_line, w.first_line) from whole w
    where abs(w.given_final - w.computed) > %(tolerance)s::numeric
      and not (select lines from unreadable) && int4range(w.first_line - 1, w.last_line + 1, '[]')
    union all
    select w.first_line, 'final_amount', 'negative_number', null from whole w
    where w.given_final is null and w.computed < 0 and not %(returns)s
    union all
    select w.first_line, 'final_amount', 'number_too_large', null from whole w
    where w.given_final is null and abs(w.computed) >= 10000000000
)
select (select jsonb_object_agg(c.code, c.n) from (select code, count(*) as n from found group by code) c),
    array(select jsonb_build_array(line, column_name, code, other) from found order by line, column_name limit %(limit)s);

-- name: user_errors
-- One look-up per user of the file, not per line (CSV-08).
with unusable as materialized (
    select s.user_id, s.active
    from (
        select d.user_id, (
            select u.active from purchases.users u
            where u.tenant_id = (select platform.current_tenant()) and u.user_id = d.user_id
        ) as active
        from (select distinct user_id from staged_lines where user_id is not null) d
    ) s
    where s.active is not true
), found as materialized (
    select l.line, case when s.active is null then 'user_unknown' else 'user_inactive' end as code
    from unusable s
    join staged_lines l on l.user_id = s.user_id
)
select (select jsonb_object_agg(c.code, c.n) from (select code, count(*) as n from found group by code) c),
    array(select jsonb_build_array(line, 'user_id', code, null) from found order by line limit %(limit)s);

-- name: sku_errors
with unusable as materialized (
    select s.sku_id, s.active
    from (
        select d.sku_id, (
            select k.active from purchases.skus k
            where k.tenant_id = (select platform.current_tenant()) and k.sku_id = d.sku_id
        ) as active
        from (select distinct sku_id from staged_lines where sku_id is not null) d
    ) s
    where s.active is not true
), found as materialized (
    select l.line, case when s.active is null then 'sku_unknown' else 'sku_inactive' end as code
    from unusable s
    join staged_lines l on l.sku_id = s.sku_id
)
select (select jsonb_object_agg(c.code, c.n) from (select code, count(*) as n from found group by code) c),
    array(select jsonb_build_array(line, 'sku_id', code, null) from found order by line limit %(limit)s);

-- name: existing_errors
with found as materialized (
    select first_line as line, 'number_exists' as code from staged_purchases where purchase_id is not null
)
select (select jsonb_object_agg(c.code, c.n) from (select code, count(*) as n from found group by code) c),
    array(select jsonb_build_array(line, 'transaction_number', code, null) from found order by line limit %(limit)s);

-- name: insert_by_function
-- Text first: building jsonb value by value takes twice as long. What is not given is left out.
select f.success, f.purchases_inserted, f.items_inserted, f.error
from purchases.bulk_insert_purchases_with_items((
    select ('[' || coalesce(string_agg(concat(
        '{"transaction_number":', to_json(p.transaction_number), ',"transaction_date":', to_json(p.transaction_date),
        ',"user_id":', to_json(p.user_id), ',"final_amount":"' || p.given_final || '"',
        ',"discount_amount":"' || p.discount_amount || '"', ',"tax_amount":"' || p.tax_amount || '"',
        ',"note":' || to_json(p.note)::text, ',"items":[', i.items, ']}'), ',' order by p.first_line), '') || ']')::jsonb
    from staged_purchases p
    join (
        select transaction_number, string_agg(concat(
            '{"sku_id":', to_json(sku_id), ',"quantity":"', quantity, '","unit_price":"', unit_price, '"',
            ',"line_total":"' || line_total || '"', ',"note":' || to_json(note)::text, '}'), ',' order by line) as items
        from staged_lines
        group by transaction_number
    ) i on i.transaction_number = p.transaction_number
    where p.purchase_id is null or %(mode)s <> 'skip_existing'
), platform.current_tenant()) f;

-- name: show_staged
select purchases.show_staged();

-- name: insert_by_table
select w.inserted + w.updated, w.items from purchases.write_import(
    %(mode)s, nullif(current_setting('app.import_batch', true), '')::bigint, %(arrival_day)s) w;
