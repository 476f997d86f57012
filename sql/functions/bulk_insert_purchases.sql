-- The two ways into the purchase ledger (CSV-09 to CSV-11). Both leave the same rows: what is to be written lies in two
-- temporary tables, import_purchases and import_items, and purchases.write_import() writes it.
-- The batch is named by app.import_batch inside the transaction; without one, somebody calls by hand. Nested loops are off
-- where whole sets are joined: of a tenant who is new in a table the planner expects one row, and would read all of them
-- for each row of the file.

-- Writes import_purchases (first_line, transaction_number, transaction_date, user_id, discount_amount, tax_amount,
-- final_amount, note, lines, purchase_id: null where the number is new) and import_items (first_line, line_no, sku_id,
-- quantity, unit_price, line_total, note). The caller has checked them and holds the lock purchases/<tenant>, so that ids
-- in the outbox grow in the order of commits.
create or replace function purchases.write_import(p_mode text, p_batch_id bigint, p_arrival_day date)
    returns table (inserted bigint, updated bigint, unchanged bigint, skipped bigint, items bigint)
    language plpgsql
    set search_path = ''
    set enable_nestloop = 'off'
    set jit = 'off'
    as $$
declare
    v_tenant uuid := platform.current_tenant();
    v_now    timestamptz := pg_catalog.clock_timestamp();
    v_known  bigint;
    v_items  bigint := 0;
begin
    with new as (
        insert into purchases.purchase_ledger (tenant_id, transaction_number, transaction_date, user_id, discount_amount,
            tax_amount, final_amount, note, arrival_day, batch_id, first_seen_at, last_seen_at, last_changed_at, run_id)
        select v_tenant, p.transaction_number, p.transaction_date, p.user_id, p.discount_amount,
            p.tax_amount, p.final_amount, p.note, p_arrival_day, p_batch_id, v_now, v_now, v_now, p_batch_id
        from pg_temp.import_purchases p
        where p.purchase_id is null
        order by p.first_line
        returning purchase_id, transaction_number
    ), placed as materialized (
        select n.purchase_id, p.first_line, p.transaction_number, p.lines
        from new n
        join pg_temp.import_purchases p on p.transaction_number = n.transaction_number
    ), lines as (
        insert into purchases.purchase_items_ledger (tenant_id, purchase_id, line_no, sku_id, quantity, unit_price,
            line_total, note, first_seen_at, last_seen_at, last_changed_at, run_id)
        select v_tenant, n.purchase_id, i.line_no, i.sku_id, i.quantity, i.unit_price,
            i.line_total, i.note, v_now, v_now, v_now, p_batch_id
        from pg_temp.import_items i
        join placed n on n.first_line = i.first_line
        order by n.purchase_id, i.line_no
        returning 1
    ), told as (
        insert into platform.outbox (tenant_id, topic, subject, payload, created_at, due_at)
        select v_tenant, 'purchase.imported', n.transaction_number, pg_catalog.jsonb_build_object(
            'change', 'inserted', 'purchase_id', n.purchase_id, 'transaction_number', n.transaction_number,
            'lines', n.lines, 'batch_id', p_batch_id), v_now, v_now
        from placed n
        order by n.purchase_id
    )
    select (select count(*) from new), (select count(*) from lines),
        (select count(*) from pg_temp.import_purchases p where p.purchase_id is not null)
    into inserted, items, v_known;
    updated := 0;
    unchanged := 0;
    skipped := v_known;
    if p_mode = 'update' and v_known > 0 then
        select c.updated, c.items into updated, v_items
        from purchases.replace_changed(p_batch_id, v_now) c;
        unchanged := v_known - updated;
        skipped := 0;
        items := items + v_items;
    end if;
    return next;
end
$$;

-- The purchases of import_purchases that are there already and say something else now: header and lines are replaced as
-- a set. A line that is gone gets deleted_at; a line that is equal is not written.
create or replace function purchases.replace_changed(p_batch_id bigint, p_now timestamptz)
    returns table (updated bigint, items bigint)
    language plpgsql
    set search_path = ''
    set enable_nestloop = 'off'
    set jit = 'off'
    as $$
declare
    v_tenant uuid := platform.current_tenant();
    v_known  bigint[] := array(select p.purchase_id from pg_temp.import_purchases p where p.purchase_id is not null);
begin
    return query
    with wanted as materialized (
        select p.purchase_id, i.line_no, i.sku_id, i.quantity, i.unit_price, i.line_total, i.note
        from pg_temp.import_items i
        join pg_temp.import_purchases p on p.first_line = i.first_line
        where p.purchase_id is not null
    ), stored as materialized (
        select s.purchase_id, s.line_no, s.sku_id, s.quantity, s.unit_price, s.line_total, s.note
        from purchases.purchase_items_ledger s
        where s.tenant_id = v_tenant and s.purchase_id = any (v_known) and s.deleted_at is null
    ), headers as materialized (
        select l.purchase_id, l.transaction_date, l.user_id, l.discount_amount, l.tax_amount, l.final_amount, l.note,
            l.deleted_at
        from purchases.purchase_ledger l
        where l.tenant_id = v_tenant and l.purchase_id = any (v_known)
    ), different (purchase_id) as materialized (
        select l.purchase_id
        from headers l
        join pg_temp.import_purchases p on p.purchase_id = l.purchase_id
        where l.deleted_at is not null
           or (l.transaction_date, l.user_id, l.discount_amount, l.tax_amount, l.final_amount, l.note)
               is distinct from
               (p.transaction_date, p.user_id, p.discount_amount, p.tax_amount, p.final_amount, p.note)
        union
        select coalesce(w.purchase_id, s.purchase_id)
        from wanted w
        full join stored s on s.purchase_id = w.purchase_id and s.line_no = w.line_no
        where w.line_no is null or s.line_no is null
           or (w.sku_id, w.quantity, w.unit_price, w.line_total, w.note)
               is distinct from (s.sku_id, s.quantity, s.unit_price, s.line_total, s.note)
    ), changed as materialized (
        select p.* from pg_temp.import_purchases p join different d on d.purchase_id = p.purchase_id
    ), written as (
        update purchases.purchase_ledger l set
            transaction_date = c.transaction_date, user_id = c.user_id, discount_amount = c.discount_amount,
            tax_amount = c.tax_amount, final_amount = c.final_amount, note = c.note, deleted_at = null,
            last_seen_at = p_now, last_changed_at = p_now, run_id = p_batch_id
        from changed c
        where l.tenant_id = v_tenant and l.purchase_id = any (v_known) and l.purchase_id = c.purchase_id
    ), gone as (
        update purchases.purchase_items_ledger s set
            deleted_at = p_now, last_seen_at = p_now, last_changed_at = p_now, run_id = p_batch_id
        from changed c
        where s.tenant_id = v_tenant and s.purchase_id = any (v_known) and s.purchase_id = c.purchase_id
          and s.line_no > c.lines and s.deleted_at is null
    ), lines as (
        insert into purchases.purchase_items_ledger as s (tenant_id, purchase_id, line_no, sku_id, quantity, unit_price,
            line_total, note, first_seen_at, last_seen_at, last_changed_at, run_id)
        select v_tenant, w.purchase_id, w.line_no, w.sku_id, w.quantity, w.unit_price,
            w.line_total, w.note, p_now, p_now, p_now, p_batch_id
        from wanted w
        join different d on d.purchase_id = w.purchase_id
        order by w.purchase_id, w.line_no
        on conflict (tenant_id, purchase_id, line_no) do update set
            sku_id = excluded.sku_id, quantity = excluded.quantity, unit_price = excluded.unit_price,
            line_total = excluded.line_total, note = excluded.note, deleted_at = null,
            last_seen_at = excluded.last_seen_at, last_changed_at = excluded.last_changed_at, run_id = excluded.run_id
            where s.deleted_at is not null
               or (s.sku_id, s.quantity, s.unit_price, s.line_total, s.note)
                   is distinct from
                   (excluded.sku_id, excluded.quantity, excluded.unit_price, excluded.line_total, excluded.note)
    ), told as (
        insert into platform.outbox (tenant_id, topic, subject, payload, created_at, due_at)
        select v_tenant, 'purchase.imported', c.transaction_number, pg_catalog.jsonb_build_object(
            'change', 'updated', 'purchase_id', c.purchase_id, 'transaction_number', c.transaction_number,
            'lines', c.lines, 'batch_id', p_batch_id), p_now, p_now
        from changed c
        order by c.purchase_id
    )
    select count(*), coalesce(sum(c.lines), 0)::bigint from changed c;
end
$$;

-- Purchases with their lines, all or none (CSV-10). p_purchases is a list in the order of the ledger; line_total,
-- final_amount, discount_amount, tax_amount and note may be left out. p_merchant_id has to be the tenant of the
-- transaction. purchases_inserted counts what was written: in a batch of mode update also what was replaced. Where
-- success is false nothing was written, and error says what to correct.
--
-- By hand, with one purchase:
--
--   begin;
--   set local role sp_loader;
--   select set_config('app.tenant_id', '11111111-1111-4111-8111-111111111111', true);
--   select * from purchases.bulk_insert_purchases_with_items('[{
--       "transaction_number": "T-1001", "transaction_date": "2026-03-14T10:02:25-07:00", "user_id": "user-1",
--       "final_amount": "21.49", "discount_amount": "1.00", "tax_amount": "2.50", "note": "by hand",
--       "items": [
--           {"sku_id": "sku-1", "quantity": 2, "unit_price": "7.50", "line_total": "15.00"},
--           {"sku_id": "sku-2", "quantity": 1, "unit_price": "4.99"}
--       ]}]', '11111111-1111-4111-8111-111111111111');
--   commit;
create or replace function purchases.bulk_insert_purchases_with_items(p_purchases jsonb, p_merchant_id uuid)
    returns table (success boolean, purchases_inserted bigint, items_inserted bigint, error text)
    language plpgsql
    set search_path = ''
    set timezone = 'UTC'
    set datestyle = 'ISO, YMD'
    set client_min_messages = 'warning'
    as $$
declare
    v_tenant    uuid := platform.current_tenant();
    v_batch     bigint := nullif(pg_catalog.current_setting('app.import_batch', true), '')::bigint;
    v_mode      text := 'reject';
    v_returns   boolean := false;
    v_tolerance numeric := 0.01;
    v_zone      text;
    v_day       date;
    v_written   record;
begin
    success := false;
    purchases_inserted := 0;
    items_inserted := 0;
    if v_tenant is null or p_merchant_id is distinct from v_tenant then
        error := 'p_merchant_id is not the tenant of this transaction; set app.tenant_id to it';
        return next;
        return;
    end if;
    select t.zone, (pg_catalog.clock_timestamp() at time zone t.zone)::date into v_zone, v_day
    from platform.tenants t where t.id = v_tenant;
    if v_batch is not null then
        select b.mode, b.allow_returns, b.tolerance, b.arrival_day into v_mode, v_returns, v_tolerance, v_day
        from purchases.bulk_import_batches b where b.tenant_id = v_tenant and b.id = v_batch;
    end if;
    if v_zone is null or v_day is null then
        error := 'the tenant or the batch in app.import_batch is not known';
        return next;
        return;
    end if;
    -- the end of the function takes it back
    perform pg_catalog.set_config('timezone', v_zone, true);
    perform purchases.lock_ledger();
    begin
        error := purchases.read_import(p_purchases);
        if error is null then
            error := purchases.import_problems(v_mode, v_returns, v_tolerance);
        end if;
        if error is null then
            select * into v_written from purchases.write_import(v_mode, v_batch, v_day);
            success := true;
            purchases_inserted := v_written.inserted + v_written.updated;
            items_inserted := v_written.items;
        end if;
    exception
        when data_exception or integrity_constraint_violation then
            error := 'nothing was written: ' || sqlerrm;
    end;
    return next;
end
$$;

-- One writer of a tenant's ledger at a time, until the end of the transaction.
create or replace function purchases.lock_ledger() returns void
    language plpgsql
    set search_path = ''
    as $$
begin
    perform pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended('purchases/' || platform.current_tenant()::text, 0));
end
$$;

-- The staged lines of a file as import_items, and their groups as import_purchases.
create or replace function purchases.show_staged() returns void
    language plpgsql
    set search_path = ''
    as $$
begin
    create temporary view import_purchases as
    select first_line, transaction_number, transaction_date, user_id, coalesce(discount_amount, 0) as discount_amount,
        coalesce(tax_amount, 0) as tax_amount,
        coalesce(given_final, total - coalesce(discount_amount, 0) + coalesce(tax_amount, 0)) as final_amount,
        note, lines, purchase_id
    from pg_temp.staged_purchases;
    create temporary view import_items as
    select first_value(line) over purchase as first_line, row_number() over purchase::integer as line_no, sku_id,
        quantity, unit_price, coalesce(line_total, round(quantity * unit_price, 4)) as line_total, note
    from pg_temp.staged_lines
    window purchase as (partition by transaction_number order by line);
end
$$;

-- JSON into import_items and import_purchases, with missing totals computed. Returns what is wrong with its shape.
create or replace function purchases.read_import(p_purchases jsonb) returns text
    language plpgsql
    set search_path = ''
    as $$
begin
    if pg_catalog.jsonb_typeof(p_purchases) is distinct from 'array' then
        return 'p_purchases has to be a list of purchases';
    end if;
    drop table if exists pg_temp.import_items, pg_temp.import_purchases;
    create temporary table import_items on commit drop as
    select p.n as first_line, i.n::integer as line_no, i.sku_id, i.quantity, i.unit_price,
        coalesce(i.line_total, round(i.quantity * i.unit_price, 4)) as line_total, i.note
    from rows from (pg_catalog.jsonb_to_recordset(p_purchases) as (items jsonb)) with ordinality as p (items, n)
    cross join lateral rows from (pg_catalog.jsonb_to_recordset(p.items) as (
        sku_id text, quantity numeric, unit_price numeric, line_total numeric, note text
    )) with ordinality as i (sku_id, quantity, unit_price, line_total, note, n);

    create temporary table import_purchases on commit drop as
    select p.n as first_line, p.transaction_number,
        case when p.transaction_date like '____-__-__%' then p.transaction_date::timestamptz end as transaction_date,
        p.user_id, coalesce(p.discount_amount, 0) as discount_amount, coalesce(p.tax_amount, 0) as tax_amount,
        coalesce(p.final_amount, i.total - coalesce(p.discount_amount, 0) + coalesce(p.tax_amount, 0)) as final_amount,
        p.note, coalesce(i.lines, 0) as lines, i.total, (
            select l.purchase_id from purchases.purchase_ledger l
            where l.tenant_id = (select platform.current_tenant()) and l.transaction_number = p.transaction_number
        ) as purchase_id
    from rows from (pg_catalog.jsonb_to_recordset(p_purchases) as (
        transaction_number text, transaction_date text, user_id text, discount_amount numeric, tax_amount numeric,
        final_amount numeric, note text
    )) with ordinality
        as p (transaction_number, transaction_date, user_id, discount_amount, tax_amount, final_amount, note, n)
    left join (
        select x.first_line, count(*)::integer as lines, sum(x.line_total) as total
        from pg_temp.import_items x group by x.first_line
    ) i on i.first_line = p.n;
    return null;
end
$$;

-- What forbids writing import_purchases and import_items: the first five in one text, or null. Values are not repeated,
-- as the text may end up in a log.
create or replace function purchases.import_problems(p_mode text, p_returns boolean, p_tolerance numeric) returns text
    language plpgsql
    stable
    set search_path = ''
    set enable_nestloop = 'off'
    set jit = 'off'
    as $$
declare
    v_tenant uuid := platform.current_tenant();
    v_text   text;
    c_limit  constant numeric := 10000000000;  -- numeric(14,4)
begin
    select pg_catalog.string_agg(x.found, '; ') into v_text
    from (
        select 'purchase ' || f.first_line || coalesce(', item ' || f.line_no, '') || ': ' || f.what as found
        from (
            select p.first_line, null::integer as line_no, case
                when p.transaction_number is null or length(p.transaction_number) not between 1 and 200
                    then 'transaction_number is missing or longer than 200 characters'
                when p.transaction_date is null then 'transaction_date is missing or not like 2026-03-14T10:02:25Z'
                when p.lines = 0 then 'it has no items'
                when u.user_id is null then 'user_id is missing or not a user of this tenant; add the user first'
                when not u.active then 'the user is not active; activate the user first'
                when pg_catalog.min_scale(p.discount_amount) > 4 or pg_catalog.min_scale(p.tax_amount) > 4
                     or coalesce(pg_catalog.min_scale(p.final_amount), 9) > 4
                    then 'an amount is no number or has more than 4 decimals'
                when not p_returns and least(p.discount_amount, p.tax_amount, p.final_amount) < 0
                    then 'an amount is negative; only a batch that allows returns may have that'
                when abs(p.final_amount - (p.total - p.discount_amount + p.tax_amount)) > p_tolerance
                    then 'final_amount is not the sum of line_total less discount_amount plus tax_amount'
                when greatest(abs(p.final_amount), abs(p.discount_amount), abs(p.tax_amount)) >= c_limit
                    then 'an amount is too large'
                when p_mode = 'reject' and p.purchase_id is not null
                    then 'transaction_number is in the ledger already; leave it out'
            end as what
            from pg_temp.import_purchases p
            left join purchases.users u on u.tenant_id = v_tenant and u.user_id = p.user_id
            union all
            select i.first_line, i.line_no, case
                when k.sku_id is null then 'sku_id is missing or not a SKU of this tenant; add the SKU first'
                when not k.active then 'the SKU is not active; activate the SKU first'
                when coalesce(pg_catalog.min_scale(i.quantity), 9) > 4
                     or coalesce(pg_catalog.min_scale(i.unit_price), 9) > 4
                     or coalesce(pg_catalog.min_scale(i.line_total), 9) > 4
                    then 'quantity, unit_price or line_total is missing, no number or has more than 4 decimals'
                when not p_returns and least(i.quantity, i.unit_price, i.line_total) < 0
                    then 'a number is negative; only a batch that allows returns may have that'
                when abs(i.line_total - i.quantity * i.unit_price) > greatest(p_tolerance, 0.0001)
                    then 'line_total is not quantity times unit_price'
                when greatest(abs(i.quantity), abs(i.unit_price), abs(i.line_total)) >= c_limit
                    then 'a number is too large'
            end
            from pg_temp.import_items i
            left join purchases.skus k on k.tenant_id = v_tenant and k.sku_id = i.sku_id
            union all
            select min(p.first_line), null, 'its transaction_number is in the list more than once'
            from pg_temp.import_purchases p
            group by p.transaction_number having count(*) > 1
        ) f
        where f.what is not null
        order by f.first_line, f.line_no nulls first
        limit 5
    ) x;
    return v_text;
end
$$;

revoke all on function purchases.write_import(text, bigint, date) from public;
revoke all on function purchases.replace_changed(bigint, timestamptz) from public;
revoke all on function purchases.bulk_insert_purchases_with_items(jsonb, uuid) from public;
revoke all on function purchases.lock_ledger() from public;
revoke all on function purchases.read_import(jsonb) from public;
revoke all on function purchases.show_staged() from public;
revoke all on function purchases.import_problems(text, boolean, numeric) from public;
grant execute on function purchases.write_import(text, bigint, date) to sp_loader;
grant execute on function purchases.replace_changed(bigint, timestamptz) to sp_loader;
grant execute on function purchases.bulk_insert_purchases_with_items(jsonb, uuid) to sp_loader;
grant execute on function purchases.lock_ledger() to sp_loader;
grant execute on function purchases.read_import(jsonb) to sp_loader;
grant execute on function purchases.show_staged() to sp_loader;
grant execute on function purchases.import_problems(text, boolean, numeric) to sp_loader;
