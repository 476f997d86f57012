-- Values derived from receipts, one row per customer (BLZ-30 to BLZ-35). Nothing is stored; thresholds are a tenant's.
-- The same text over two sources: "blaze_customer_metrics" is what Blaze says and what production is compared with;
-- "customer_metrics" is for people: production, with the receipts that only the old reports knew.

drop view if exists analytics.customers_comparison;  -- reads the first one; the next file makes it again

do $do$
declare
    source record;
begin
    for source in
        select * from (values
            ('blaze_customer_metrics', 'blaze.customers', 'c.deleted_at is null', $sales$
                select r.customer_id, r.shop_id, r.business_day, r.total_amount, r.total_tax, r.refunded_amount,
                       lower(r.trans_type) as trans_type, lower(r.blaze_status) as blaze_status
                from blaze.transactions r
                where r.tenant_id = (select platform.current_tenant())
                  and r.customer_id is not null and r.deleted_at is null
            $sales$),
            ('customer_metrics', 'public.customers', 'true', $sales$
                select r.customer_id, coalesce(r.shop_id, s.shop_id, lower(nullif(btrim(r.shop_location), ''))),
                       (r.date at time zone (select t.zone from tenant t))::date,
                       r.total_amount, r.total_tax, r.refunded_amount,
                       -- a report lists completed sales and nothing else; each field may be promoted before the other
                       lower(coalesce(r.trans_type, case when r.origin <> 'report' then null
                                                         when r.blaze_status ilike 'refundwith%' then 'refund'
                                                         else 'sale' end)),
                       lower(coalesce(r.blaze_status, case when r.origin = 'report' then 'completed' end))
                from public.transactions r
                -- a report names the shop, Blaze gives its id: one shop
                left join (select lower(btrim(l.name)) as name, min(l.lookup_id) as shop_id from blaze.lookups l
                           where l.tenant_id = (select platform.current_tenant()) and l.kind = 'shops' group by 1) s
                    on s.name = lower(btrim(r.shop_location))
                where r.tenant_id = (select platform.current_tenant()) and r.customer_id is not null
            $sales$)
        ) as s (name, customers, live, receipts)
    loop
        execute format('drop view if exists analytics.%I', source.name);
        execute format($view$
            create view analytics.%I with (security_invoker = true) as
            with tenant as (
                select t.zone, (now() at time zone t.zone)::date as today,
                       coalesce((t.settings ->> 'churn_medium_days')::integer, 30) as churn_medium_days,
                       coalesce((t.settings ->> 'churn_high_days')::integer, 60) as churn_high_days,
                       coalesce((t.settings ->> 'vip_visits')::integer, 10) as vip_visits,
                       coalesce((t.settings ->> 'vip_value')::numeric, 1000) as vip_value
                from platform.tenants t where t.id = (select platform.current_tenant())
            ), receipts (customer_id, shop_id, day, amount, tax, refunded, trans_type, status) as (%s),
            counted as (
                select r.customer_id, r.shop_id, r.day, r.trans_type = 'sale' as sold,
                       case r.trans_type when 'sale' then r.amount
                                         else - abs(coalesce(nullif(r.refunded, 0), r.amount)) end as amount,
                       case r.trans_type when 'sale' then r.tax else - abs(r.tax) end as tax
                from receipts r
                -- a refund counts unless it was undone or is still open; new statuses may appear
                where r.trans_type = 'sale' and r.status = 'completed'
                   or r.trans_type = 'refund' and coalesce(r.status, '') not in (
                       'void', 'voidsales', 'canceled', 'cancelled', 'draft', 'queued', 'hold', 'inprogress', 'pending')
            ), days as (  -- quicker than count(distinct ...), which sorts the receipts of each customer again
                select r.customer_id, r.day, sum(r.amount) as amount, sum(r.tax) as tax,
                       bool_or(r.sold) and r.day is not null as visited
                from counted r group by r.customer_id, r.shop_id, r.day
            ), sums as materialized (  -- or a comparison of a table never analysed works it out again for each row
                select d.customer_id, sum(d.amount) as lifetime_value, sum(d.tax) as tax,
                       count(*) filter (where d.visited) as total_visits,
                       max(d.day) filter (where d.visited) as last_sale
                from days d group by d.customer_id
            ), visits as materialized (
                select c.tenant_id, c.member_id,
                       coalesce(s.lifetime_value, 0)::numeric(20, 4) as lifetime_value,
                       (coalesce(s.lifetime_value, 0) - coalesce(s.tax, 0))::numeric(20, 4) as lifetime_value_net,
                       coalesce(s.total_visits, 0)::integer as total_visits,
                       greatest(0, t.today - greatest((c.last_visited at time zone t.zone)::date, s.last_sale))
                           as days_since_last_visit,
                       t.churn_medium_days, t.churn_high_days, t.vip_visits, t.vip_value,
                       coalesce((c.last_visited at time zone t.zone)::date, s.last_sale) is not null as visited
                from %s c cross join tenant t left join sums s on s.customer_id = c.member_id
                where c.tenant_id = (select platform.current_tenant()) and %s
            )
            select v.tenant_id, v.member_id, v.lifetime_value, v.lifetime_value as total_sales, v.lifetime_value_net,
                   v.total_visits,
                   case when v.visited then v.days_since_last_visit end as days_since_last_visit,
                   v.total_visits >= v.vip_visits and v.lifetime_value >= v.vip_value as vip_status,
                   case when not v.visited then null
                        when v.days_since_last_visit < v.churn_medium_days then 'low'
                        when v.days_since_last_visit < v.churn_high_days then 'medium' else 'high' end as churn_risk
            from visits v
        $view$, source.name, source.receipts, source.customers, source.live);
        execute format('grant select on analytics.%I to sp_loader, sp_promoter, sp_web, sp_readonly', source.name);
    end loop;
end
$do$;
