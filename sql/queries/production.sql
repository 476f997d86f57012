-- What production holds of a tenant, for people (DAG-06). Bound to the tenant by row security as well.

-- name: rows
select count(*) from {table} where tenant_id = %(tenant)s;

-- name: customer_classes
select count(*) as customers, count(*) filter (where vip_status) as vips,
       count(*) filter (where churn_risk = 'low') as churn_low,
       count(*) filter (where churn_risk = 'medium') as churn_medium,
       count(*) filter (where churn_risk = 'high') as churn_high,
       count(*) filter (where churn_risk is null) as never_visited
from analytics.customer_metrics where tenant_id = %(tenant)s;

-- name: derived_sample
-- some customers, others in each hour, with what the view says of them
select now() as at, c.tenant_id, c.member_id, c.last_visited, m.lifetime_value, m.total_sales, m.lifetime_value_net,
       m.total_visits, m.days_since_last_visit, m.vip_status, m.churn_risk
from public.customers c
left join analytics.customer_metrics m on m.tenant_id = c.tenant_id and m.member_id = c.member_id
where c.tenant_id = %(tenant)s
order by hashtextextended(c.member_id, (extract(epoch from now()) / 3600)::bigint)
limit %(size)s;

-- name: derived_receipts
select tenant_id, customer_id, shop_id, shop_location, date, total_amount, total_tax, refunded_amount, blaze_status,
       trans_type, origin
from public.transactions where tenant_id = %(tenant)s and customer_id = any(%(members)s);

-- name: derived_shops
select tenant_id, kind, lookup_id, name from blaze.lookups
where tenant_id = %(tenant)s and kind = 'shops';

-- name: derived_tenant
select id, zone, settings from platform.tenants where id = %(tenant)s;
