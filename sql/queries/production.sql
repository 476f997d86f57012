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
