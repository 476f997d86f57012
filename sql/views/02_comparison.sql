-- Written by `make views` from sync_platform/db/field_map.toml: change that file, not this one.
-- One view per table: production and staging side by side, one row per key, one letter per field (CMP-01, CMP-02):
-- E equal, D different, P production null, S staging null, N both null. "classes" has them in the order of the map.

drop view if exists analytics.customers_comparison;
drop view if exists analytics.transactions_comparison;
drop view if exists analytics.transaction_items_comparison;
drop view if exists analytics.products_comparison;

create view analytics.customers_comparison with (security_invoker = true) as
select
    coalesce(p.member_id, s.member_id) as member_id,
    case when p.member_id is null then 'only_staging' when s.member_id is null then 'only_production' else 'both' end as row_class,
    s.row_shop as shop_id,
    coalesce(s.row_day, (p.row_time at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date) as business_day,
    p.row_time as existing_time,
    p.origin,
    p.name as existing_name, s.name as blaze_name,
    case when nullif(p.name, '') is null then case when s.name is null then 'N' else 'P' end when s.name is null then 'S' when (p.name = s.name or lower(regexp_replace(btrim(p.name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.name), '\s+', ' ', 'g'))) then 'E' else 'D' end as name_class,
    p.phone as existing_phone, s.phone as blaze_phone,
    case when nullif(p.phone, '') is null then case when s.phone is null then 'N' else 'P' end when s.phone is null then 'S' when (p.phone = s.phone or right(regexp_replace(p.phone, '[^0-9]', '', 'g'), 10) = right(regexp_replace(s.phone, '[^0-9]', '', 'g'), 10)) then 'E' else 'D' end as phone_class,
    p.email as existing_email, s.email as blaze_email,
    case when nullif(p.email, '') is null then case when s.email is null then 'N' else 'P' end when s.email is null then 'S' when (p.email = s.email or lower(btrim(p.email)) = lower(btrim(s.email))) then 'E' else 'D' end as email_class,
    p.street_address as existing_street_address, s.street_address as blaze_street_address,
    case when nullif(p.street_address, '') is null then case when s.street_address is null then 'N' else 'P' end when s.street_address is null then 'S' when (p.street_address = s.street_address or lower(regexp_replace(btrim(p.street_address), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.street_address), '\s+', ' ', 'g'))) then 'E' else 'D' end as street_address_class,
    p.city as existing_city, s.city as blaze_city,
    case when nullif(p.city, '') is null then case when s.city is null then 'N' else 'P' end when s.city is null then 'S' when (p.city = s.city or lower(regexp_replace(btrim(p.city), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.city), '\s+', ' ', 'g'))) then 'E' else 'D' end as city_class,
    p.state as existing_state, s.state as blaze_state,
    case when nullif(p.state, '') is null then case when s.state is null then 'N' else 'P' end when s.state is null then 'S' when (p.state = s.state or lower(regexp_replace(btrim(p.state), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.state), '\s+', ' ', 'g'))) then 'E' else 'D' end as state_class,
    p.zip_code as existing_zip_code, s.zip_code as blaze_zip_code,
    case when nullif(p.zip_code, '') is null then case when s.zip_code is null then 'N' else 'P' end when s.zip_code is null then 'S' when p.zip_code = s.zip_code then 'E' else 'D' end as zip_code_class,
    p.last_visited as existing_last_visited, s.last_visited as blaze_last_visited,
    case when p.last_visited is null then case when s.last_visited is null then 'N' else 'P' end when s.last_visited is null then 'S' when (p.last_visited at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date = (s.last_visited at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date then 'E' else 'D' end as last_visited_class,
    p.loyalty_points as existing_loyalty_points, s.loyalty_points as blaze_loyalty_points,
    case when p.loyalty_points is null then case when s.loyalty_points is null then 'N' else 'P' end when s.loyalty_points is null then 'S' when abs(p.loyalty_points - s.loyalty_points) <= 0.005 then 'E' else 'D' end as loyalty_points_class,
    p.customer_type as existing_customer_type, s.customer_type as blaze_customer_type,
    case when nullif(p.customer_type, '') is null then case when s.customer_type is null then 'N' else 'P' end when s.customer_type is null then 'S' when (p.customer_type = s.customer_type or lower(regexp_replace(btrim(p.customer_type), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.customer_type), '\s+', ' ', 'g'))) then 'E' else 'D' end as customer_type_class,
    p.lifetime_value as existing_lifetime_value, s.lifetime_value as blaze_lifetime_value,
    case when p.lifetime_value is null then case when s.lifetime_value is null then 'N' else 'P' end when s.lifetime_value is null then 'S' when abs(p.lifetime_value - s.lifetime_value) <= 0.005 then 'E' else 'D' end as lifetime_value_class,
    p.total_sales as existing_total_sales, s.total_sales as blaze_total_sales,
    case when p.total_sales is null then case when s.total_sales is null then 'N' else 'P' end when s.total_sales is null then 'S' when abs(p.total_sales - s.total_sales) <= 0.005 then 'E' else 'D' end as total_sales_class,
    p.total_visits as existing_total_visits, s.total_visits as blaze_total_visits,
    case when p.total_visits is null then case when s.total_visits is null then 'N' else 'P' end when s.total_visits is null then 'S' when abs(p.total_visits - s.total_visits) <= 0.005 then 'E' else 'D' end as total_visits_class,
    p.days_since_last_visit as existing_days_since_last_visit, s.days_since_last_visit as blaze_days_since_last_visit,
    case when p.days_since_last_visit is null then case when s.days_since_last_visit is null then 'N' else 'P' end when s.days_since_last_visit is null then 'S' when abs(p.days_since_last_visit - s.days_since_last_visit) <= 0.005 then 'E' else 'D' end as days_since_last_visit_class,
    p.vip_status as existing_vip_status, s.vip_status as blaze_vip_status,
    case when p.vip_status is null then case when s.vip_status is null then 'N' else 'P' end when s.vip_status is null then 'S' when p.vip_status = s.vip_status then 'E' else 'D' end as vip_status_class,
    p.churn_risk as existing_churn_risk, s.churn_risk as blaze_churn_risk,
    case when nullif(p.churn_risk, '') is null then case when s.churn_risk is null then 'N' else 'P' end when s.churn_risk is null then 'S' when (p.churn_risk = s.churn_risk or lower(regexp_replace(btrim(p.churn_risk), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.churn_risk), '\s+', ' ', 'g'))) then 'E' else 'D' end as churn_risk_class,
    p.phone_e164 as existing_phone_e164, s.phone_e164 as blaze_phone_e164,
    case when nullif(p.phone_e164, '') is null then case when s.phone_e164 is null then 'N' else 'P' end when s.phone_e164 is null then 'S' when (p.phone_e164 = s.phone_e164 or right(regexp_replace(p.phone_e164, '[^0-9]', '', 'g'), 10) = right(regexp_replace(s.phone_e164, '[^0-9]', '', 'g'), 10)) then 'E' else 'D' end as phone_e164_class,
    p.lifetime_points as existing_lifetime_points, s.lifetime_points as blaze_lifetime_points,
    case when p.lifetime_points is null then case when s.lifetime_points is null then 'N' else 'P' end when s.lifetime_points is null then 'S' when abs(p.lifetime_points - s.lifetime_points) <= 0.005 then 'E' else 'D' end as lifetime_points_class,
    p.is_medical as existing_is_medical, s.is_medical as blaze_is_medical,
    case when p.is_medical is null then case when s.is_medical is null then 'N' else 'P' end when s.is_medical is null then 'S' when p.is_medical = s.is_medical then 'E' else 'D' end as is_medical_class,
    p.text_opt_in as existing_text_opt_in, s.text_opt_in as blaze_text_opt_in,
    case when p.text_opt_in is null then case when s.text_opt_in is null then 'N' else 'P' end when s.text_opt_in is null then 'S' when p.text_opt_in = s.text_opt_in then 'E' else 'D' end as text_opt_in_class,
    p.email_opt_in as existing_email_opt_in, s.email_opt_in as blaze_email_opt_in,
    case when p.email_opt_in is null then case when s.email_opt_in is null then 'N' else 'P' end when s.email_opt_in is null then 'S' when p.email_opt_in = s.email_opt_in then 'E' else 'D' end as email_opt_in_class,
    p.blaze_created as existing_blaze_created, s.blaze_created as blaze_blaze_created,
    case when p.blaze_created is null then case when s.blaze_created is null then 'N' else 'P' end when s.blaze_created is null then 'S' when p.blaze_created between s.blaze_created - interval '1 seconds' and s.blaze_created + interval '1 seconds' then 'E' else 'D' end as blaze_created_class,
    p.blaze_modified as existing_blaze_modified, s.blaze_modified as blaze_blaze_modified,
    case when p.blaze_modified is null then case when s.blaze_modified is null then 'N' else 'P' end when s.blaze_modified is null then 'S' when p.blaze_modified between s.blaze_modified - interval '1 seconds' and s.blaze_modified + interval '1 seconds' then 'E' else 'D' end as blaze_modified_class,
    (case when nullif(p.name, '') is null then case when s.name is null then 'N' else 'P' end when s.name is null then 'S' when (p.name = s.name or lower(regexp_replace(btrim(p.name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.name), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.phone, '') is null then case when s.phone is null then 'N' else 'P' end when s.phone is null then 'S' when (p.phone = s.phone or right(regexp_replace(p.phone, '[^0-9]', '', 'g'), 10) = right(regexp_replace(s.phone, '[^0-9]', '', 'g'), 10)) then 'E' else 'D' end)
        || (case when nullif(p.email, '') is null then case when s.email is null then 'N' else 'P' end when s.email is null then 'S' when (p.email = s.email or lower(btrim(p.email)) = lower(btrim(s.email))) then 'E' else 'D' end)
        || (case when nullif(p.street_address, '') is null then case when s.street_address is null then 'N' else 'P' end when s.street_address is null then 'S' when (p.street_address = s.street_address or lower(regexp_replace(btrim(p.street_address), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.street_address), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.city, '') is null then case when s.city is null then 'N' else 'P' end when s.city is null then 'S' when (p.city = s.city or lower(regexp_replace(btrim(p.city), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.city), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.state, '') is null then case when s.state is null then 'N' else 'P' end when s.state is null then 'S' when (p.state = s.state or lower(regexp_replace(btrim(p.state), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.state), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.zip_code, '') is null then case when s.zip_code is null then 'N' else 'P' end when s.zip_code is null then 'S' when p.zip_code = s.zip_code then 'E' else 'D' end)
        || (case when p.last_visited is null then case when s.last_visited is null then 'N' else 'P' end when s.last_visited is null then 'S' when (p.last_visited at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date = (s.last_visited at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date then 'E' else 'D' end)
        || (case when p.loyalty_points is null then case when s.loyalty_points is null then 'N' else 'P' end when s.loyalty_points is null then 'S' when abs(p.loyalty_points - s.loyalty_points) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.customer_type, '') is null then case when s.customer_type is null then 'N' else 'P' end when s.customer_type is null then 'S' when (p.customer_type = s.customer_type or lower(regexp_replace(btrim(p.customer_type), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.customer_type), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when p.lifetime_value is null then case when s.lifetime_value is null then 'N' else 'P' end when s.lifetime_value is null then 'S' when abs(p.lifetime_value - s.lifetime_value) <= 0.005 then 'E' else 'D' end)
        || (case when p.total_sales is null then case when s.total_sales is null then 'N' else 'P' end when s.total_sales is null then 'S' when abs(p.total_sales - s.total_sales) <= 0.005 then 'E' else 'D' end)
        || (case when p.total_visits is null then case when s.total_visits is null then 'N' else 'P' end when s.total_visits is null then 'S' when abs(p.total_visits - s.total_visits) <= 0.005 then 'E' else 'D' end)
        || (case when p.days_since_last_visit is null then case when s.days_since_last_visit is null then 'N' else 'P' end when s.days_since_last_visit is null then 'S' when abs(p.days_since_last_visit - s.days_since_last_visit) <= 0.005 then 'E' else 'D' end)
        || (case when p.vip_status is null then case when s.vip_status is null then 'N' else 'P' end when s.vip_status is null then 'S' when p.vip_status = s.vip_status then 'E' else 'D' end)
        || (case when nullif(p.churn_risk, '') is null then case when s.churn_risk is null then 'N' else 'P' end when s.churn_risk is null then 'S' when (p.churn_risk = s.churn_risk or lower(regexp_replace(btrim(p.churn_risk), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.churn_risk), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.phone_e164, '') is null then case when s.phone_e164 is null then 'N' else 'P' end when s.phone_e164 is null then 'S' when (p.phone_e164 = s.phone_e164 or right(regexp_replace(p.phone_e164, '[^0-9]', '', 'g'), 10) = right(regexp_replace(s.phone_e164, '[^0-9]', '', 'g'), 10)) then 'E' else 'D' end)
        || (case when p.lifetime_points is null then case when s.lifetime_points is null then 'N' else 'P' end when s.lifetime_points is null then 'S' when abs(p.lifetime_points - s.lifetime_points) <= 0.005 then 'E' else 'D' end)
        || (case when p.is_medical is null then case when s.is_medical is null then 'N' else 'P' end when s.is_medical is null then 'S' when p.is_medical = s.is_medical then 'E' else 'D' end)
        || (case when p.text_opt_in is null then case when s.text_opt_in is null then 'N' else 'P' end when s.text_opt_in is null then 'S' when p.text_opt_in = s.text_opt_in then 'E' else 'D' end)
        || (case when p.email_opt_in is null then case when s.email_opt_in is null then 'N' else 'P' end when s.email_opt_in is null then 'S' when p.email_opt_in = s.email_opt_in then 'E' else 'D' end)
        || (case when p.blaze_created is null then case when s.blaze_created is null then 'N' else 'P' end when s.blaze_created is null then 'S' when p.blaze_created between s.blaze_created - interval '1 seconds' and s.blaze_created + interval '1 seconds' then 'E' else 'D' end)
        || (case when p.blaze_modified is null then case when s.blaze_modified is null then 'N' else 'P' end when s.blaze_modified is null then 'S' when p.blaze_modified between s.blaze_modified - interval '1 seconds' and s.blaze_modified + interval '1 seconds' then 'E' else 'D' end) as classes
from (
    select p.tenant_id, p.member_id, p.name, p.phone, p.email, p.street_address, p.city, p.state, p.zip_code, p.last_visited, p.loyalty_points, p.customer_type, p.lifetime_value, p.total_sales, p.total_visits, p.days_since_last_visit, p.vip_status, p.churn_risk, p.phone_e164, p.lifetime_points, p.is_medical, p.text_opt_in, p.email_opt_in, p.blaze_created, p.blaze_modified, p.origin, p.last_changed_at, null::timestamptz as row_time
    from public.customers p 
    where p.tenant_id = (select platform.current_tenant())
) p
full join (
    select s.tenant_id, s.member_id, s.name as name, s.phone as phone, s.email as email, s.street_address as street_address, s.city as city, s.state as state, s.zip_code as zip_code, s.last_visited as last_visited, s.loyalty_points as loyalty_points, s.customer_type as customer_type, m.lifetime_value as lifetime_value, m.total_sales as total_sales, m.total_visits as total_visits, m.days_since_last_visit as days_since_last_visit, m.vip_status as vip_status, m.churn_risk as churn_risk, s.phone_e164 as phone_e164, s.lifetime_points as lifetime_points, s.is_medical as is_medical, s.text_opt_in as text_opt_in, s.email_opt_in as email_opt_in, s.blaze_created as blaze_created, s.blaze_modified as blaze_modified, null::timestamptz as row_time, s.shop_id as row_shop, null::date as row_day, s.last_changed_at
    from blaze.customers s left join analytics.blaze_customer_metrics m on m.tenant_id = s.tenant_id and m.member_id = s.member_id
    where s.tenant_id = (select platform.current_tenant()) and s.deleted_at is null
) s on p.member_id = s.member_id;
grant select on analytics.customers_comparison to sp_loader, sp_promoter, sp_web, sp_readonly;

create view analytics.transactions_comparison with (security_invoker = true) as
select
    coalesce(p.transaction_id, s.transaction_id) as transaction_id,
    case when p.transaction_id is null then 'only_staging' when s.transaction_id is null then 'only_production' else 'both' end as row_class,
    s.row_shop as shop_id,
    coalesce(s.row_day, (p.row_time at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date) as business_day,
    p.row_time as existing_time,
    p.origin,
    p.customer_id as existing_customer_id, s.customer_id as blaze_customer_id,
    case when nullif(p.customer_id, '') is null then case when s.customer_id is null then 'N' else 'P' end when s.customer_id is null then 'S' when p.customer_id = s.customer_id then 'E' else 'D' end as customer_id_class,
    p.date as existing_date, s.date as blaze_date,
    case when p.date is null then case when s.date is null then 'N' else 'P' end when s.date is null then 'S' when p.date between s.date - interval '60 seconds' and s.date + interval '60 seconds' then 'E' else 'D' end as date_class,
    p.shop_location as existing_shop_location, s.shop_location as blaze_shop_location,
    case when nullif(p.shop_location, '') is null then case when s.shop_location is null then 'N' else 'P' end when s.shop_location is null then 'S' when (p.shop_location = s.shop_location or lower(regexp_replace(btrim(p.shop_location), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.shop_location), '\s+', ' ', 'g'))) then 'E' else 'D' end as shop_location_class,
    p.staff_name as existing_staff_name, s.staff_name as blaze_staff_name,
    case when nullif(p.staff_name, '') is null then case when s.staff_name is null then 'N' else 'P' end when s.staff_name is null then 'S' when (p.staff_name = s.staff_name or lower(regexp_replace(btrim(p.staff_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.staff_name), '\s+', ' ', 'g'))) then 'E' else 'D' end as staff_name_class,
    p.terminal as existing_terminal, s.terminal as blaze_terminal,
    case when nullif(p.terminal, '') is null then case when s.terminal is null then 'N' else 'P' end when s.terminal is null then 'S' when p.terminal = s.terminal then 'E' else 'D' end as terminal_class,
    p.payment_type as existing_payment_type, s.payment_type as blaze_payment_type,
    case when nullif(p.payment_type, '') is null then case when s.payment_type is null then 'N' else 'P' end when s.payment_type is null then 'S' when (p.payment_type = s.payment_type or lower(regexp_replace(btrim(p.payment_type), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.payment_type), '\s+', ' ', 'g'))) then 'E' else 'D' end as payment_type_class,
    p.total_amount as existing_total_amount, s.total_amount as blaze_total_amount,
    case when p.total_amount is null then case when s.total_amount is null then 'N' else 'P' end when s.total_amount is null then 'S' when abs(p.total_amount - s.total_amount) <= 0.005 then 'E' else 'D' end as total_amount_class,
    p.total_tax as existing_total_tax, s.total_tax as blaze_total_tax,
    case when p.total_tax is null then case when s.total_tax is null then 'N' else 'P' end when s.total_tax is null then 'S' when abs(p.total_tax - s.total_tax) <= 0.005 then 'E' else 'D' end as total_tax_class,
    p.discounts as existing_discounts, s.discounts as blaze_discounts,
    case when p.discounts is null then case when s.discounts is null then 'N' else 'P' end when s.discounts is null then 'S' when abs(p.discounts - s.discounts) <= 0.005 then 'E' else 'D' end as discounts_class,
    p.loyalty_points_earned as existing_loyalty_points_earned, s.loyalty_points_earned as blaze_loyalty_points_earned,
    case when p.loyalty_points_earned is null then case when s.loyalty_points_earned is null then 'N' else 'P' end when s.loyalty_points_earned is null then 'S' when abs(p.loyalty_points_earned - s.loyalty_points_earned) <= 0.005 then 'E' else 'D' end as loyalty_points_earned_class,
    p.loyalty_points_spent as existing_loyalty_points_spent, s.loyalty_points_spent as blaze_loyalty_points_spent,
    case when p.loyalty_points_spent is null then case when s.loyalty_points_spent is null then 'N' else 'P' end when s.loyalty_points_spent is null then 'S' when abs(p.loyalty_points_spent - s.loyalty_points_spent) <= 0.005 then 'E' else 'D' end as loyalty_points_spent_class,
    p.shop_id as existing_shop_id, s.shop_id as blaze_shop_id,
    case when nullif(p.shop_id, '') is null then case when s.shop_id is null then 'N' else 'P' end when s.shop_id is null then 'S' when p.shop_id = s.shop_id then 'E' else 'D' end as shop_id_class,
    p.seller_id as existing_seller_id, s.seller_id as blaze_seller_id,
    case when nullif(p.seller_id, '') is null then case when s.seller_id is null then 'N' else 'P' end when s.seller_id is null then 'S' when p.seller_id = s.seller_id then 'E' else 'D' end as seller_id_class,
    p.refunded_amount as existing_refunded_amount, s.refunded_amount as blaze_refunded_amount,
    case when p.refunded_amount is null then case when s.refunded_amount is null then 'N' else 'P' end when s.refunded_amount is null then 'S' when abs(p.refunded_amount - s.refunded_amount) <= 0.005 then 'E' else 'D' end as refunded_amount_class,
    p.blaze_status as existing_blaze_status, s.blaze_status as blaze_blaze_status,
    case when nullif(p.blaze_status, '') is null then case when s.blaze_status is null then 'N' else 'P' end when s.blaze_status is null then 'S' when p.blaze_status = s.blaze_status then 'E' else 'D' end as blaze_status_class,
    p.trans_type as existing_trans_type, s.trans_type as blaze_trans_type,
    case when nullif(p.trans_type, '') is null then case when s.trans_type is null then 'N' else 'P' end when s.trans_type is null then 'S' when p.trans_type = s.trans_type then 'E' else 'D' end as trans_type_class,
    p.parent_transaction_id as existing_parent_transaction_id, s.parent_transaction_id as blaze_parent_transaction_id,
    case when nullif(p.parent_transaction_id, '') is null then case when s.parent_transaction_id is null then 'N' else 'P' end when s.parent_transaction_id is null then 'S' when p.parent_transaction_id = s.parent_transaction_id then 'E' else 'D' end as parent_transaction_id_class,
    p.start_time as existing_start_time, s.start_time as blaze_start_time,
    case when p.start_time is null then case when s.start_time is null then 'N' else 'P' end when s.start_time is null then 'S' when p.start_time between s.start_time - interval '1 seconds' and s.start_time + interval '1 seconds' then 'E' else 'D' end as start_time_class,
    p.end_time as existing_end_time, s.end_time as blaze_end_time,
    case when p.end_time is null then case when s.end_time is null then 'N' else 'P' end when s.end_time is null then 'S' when p.end_time between s.end_time - interval '1 seconds' and s.end_time + interval '1 seconds' then 'E' else 'D' end as end_time_class,
    p.completed_time as existing_completed_time, s.completed_time as blaze_completed_time,
    case when p.completed_time is null then case when s.completed_time is null then 'N' else 'P' end when s.completed_time is null then 'S' when p.completed_time between s.completed_time - interval '1 seconds' and s.completed_time + interval '1 seconds' then 'E' else 'D' end as completed_time_class,
    p.blaze_created as existing_blaze_created, s.blaze_created as blaze_blaze_created,
    case when p.blaze_created is null then case when s.blaze_created is null then 'N' else 'P' end when s.blaze_created is null then 'S' when p.blaze_created between s.blaze_created - interval '1 seconds' and s.blaze_created + interval '1 seconds' then 'E' else 'D' end as blaze_created_class,
    p.blaze_modified as existing_blaze_modified, s.blaze_modified as blaze_blaze_modified,
    case when p.blaze_modified is null then case when s.blaze_modified is null then 'N' else 'P' end when s.blaze_modified is null then 'S' when p.blaze_modified between s.blaze_modified - interval '1 seconds' and s.blaze_modified + interval '1 seconds' then 'E' else 'D' end as blaze_modified_class,
    (case when nullif(p.customer_id, '') is null then case when s.customer_id is null then 'N' else 'P' end when s.customer_id is null then 'S' when p.customer_id = s.customer_id then 'E' else 'D' end)
        || (case when p.date is null then case when s.date is null then 'N' else 'P' end when s.date is null then 'S' when p.date between s.date - interval '60 seconds' and s.date + interval '60 seconds' then 'E' else 'D' end)
        || (case when nullif(p.shop_location, '') is null then case when s.shop_location is null then 'N' else 'P' end when s.shop_location is null then 'S' when (p.shop_location = s.shop_location or lower(regexp_replace(btrim(p.shop_location), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.shop_location), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.staff_name, '') is null then case when s.staff_name is null then 'N' else 'P' end when s.staff_name is null then 'S' when (p.staff_name = s.staff_name or lower(regexp_replace(btrim(p.staff_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.staff_name), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.terminal, '') is null then case when s.terminal is null then 'N' else 'P' end when s.terminal is null then 'S' when p.terminal = s.terminal then 'E' else 'D' end)
        || (case when nullif(p.payment_type, '') is null then case when s.payment_type is null then 'N' else 'P' end when s.payment_type is null then 'S' when (p.payment_type = s.payment_type or lower(regexp_replace(btrim(p.payment_type), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.payment_type), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when p.total_amount is null then case when s.total_amount is null then 'N' else 'P' end when s.total_amount is null then 'S' when abs(p.total_amount - s.total_amount) <= 0.005 then 'E' else 'D' end)
        || (case when p.total_tax is null then case when s.total_tax is null then 'N' else 'P' end when s.total_tax is null then 'S' when abs(p.total_tax - s.total_tax) <= 0.005 then 'E' else 'D' end)
        || (case when p.discounts is null then case when s.discounts is null then 'N' else 'P' end when s.discounts is null then 'S' when abs(p.discounts - s.discounts) <= 0.005 then 'E' else 'D' end)
        || (case when p.loyalty_points_earned is null then case when s.loyalty_points_earned is null then 'N' else 'P' end when s.loyalty_points_earned is null then 'S' when abs(p.loyalty_points_earned - s.loyalty_points_earned) <= 0.005 then 'E' else 'D' end)
        || (case when p.loyalty_points_spent is null then case when s.loyalty_points_spent is null then 'N' else 'P' end when s.loyalty_points_spent is null then 'S' when abs(p.loyalty_points_spent - s.loyalty_points_spent) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.shop_id, '') is null then case when s.shop_id is null then 'N' else 'P' end when s.shop_id is null then 'S' when p.shop_id = s.shop_id then 'E' else 'D' end)
        || (case when nullif(p.seller_id, '') is null then case when s.seller_id is null then 'N' else 'P' end when s.seller_id is null then 'S' when p.seller_id = s.seller_id then 'E' else 'D' end)
        || (case when p.refunded_amount is null then case when s.refunded_amount is null then 'N' else 'P' end when s.refunded_amount is null then 'S' when abs(p.refunded_amount - s.refunded_amount) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.blaze_status, '') is null then case when s.blaze_status is null then 'N' else 'P' end when s.blaze_status is null then 'S' when p.blaze_status = s.blaze_status then 'E' else 'D' end)
        || (case when nullif(p.trans_type, '') is null then case when s.trans_type is null then 'N' else 'P' end when s.trans_type is null then 'S' when p.trans_type = s.trans_type then 'E' else 'D' end)
        || (case when nullif(p.parent_transaction_id, '') is null then case when s.parent_transaction_id is null then 'N' else 'P' end when s.parent_transaction_id is null then 'S' when p.parent_transaction_id = s.parent_transaction_id then 'E' else 'D' end)
        || (case when p.start_time is null then case when s.start_time is null then 'N' else 'P' end when s.start_time is null then 'S' when p.start_time between s.start_time - interval '1 seconds' and s.start_time + interval '1 seconds' then 'E' else 'D' end)
        || (case when p.end_time is null then case when s.end_time is null then 'N' else 'P' end when s.end_time is null then 'S' when p.end_time between s.end_time - interval '1 seconds' and s.end_time + interval '1 seconds' then 'E' else 'D' end)
        || (case when p.completed_time is null then case when s.completed_time is null then 'N' else 'P' end when s.completed_time is null then 'S' when p.completed_time between s.completed_time - interval '1 seconds' and s.completed_time + interval '1 seconds' then 'E' else 'D' end)
        || (case when p.blaze_created is null then case when s.blaze_created is null then 'N' else 'P' end when s.blaze_created is null then 'S' when p.blaze_created between s.blaze_created - interval '1 seconds' and s.blaze_created + interval '1 seconds' then 'E' else 'D' end)
        || (case when p.blaze_modified is null then case when s.blaze_modified is null then 'N' else 'P' end when s.blaze_modified is null then 'S' when p.blaze_modified between s.blaze_modified - interval '1 seconds' and s.blaze_modified + interval '1 seconds' then 'E' else 'D' end) as classes
from (
    select p.tenant_id, p.transaction_id, p.customer_id, p.date, p.shop_location, p.staff_name, p.terminal, p.payment_type, p.total_amount, p.total_tax, p.discounts, p.loyalty_points_earned, p.loyalty_points_spent, p.shop_id, p.seller_id, p.refunded_amount, p.blaze_status, p.trans_type, p.parent_transaction_id, p.start_time, p.end_time, p.completed_time, p.blaze_created, p.blaze_modified, p.origin, p.last_changed_at, p.date as row_time
    from public.transactions p 
    where p.tenant_id = (select platform.current_tenant())
) p
full join (
    select s.tenant_id, s.transaction_id, s.customer_id as customer_id, s.date as date, shop.name as shop_location, staff.name as staff_name, s.terminal as terminal, s.payment_type as payment_type, s.total_amount as total_amount, s.total_tax as total_tax, s.discounts as discounts, s.loyalty_points_earned as loyalty_points_earned, s.loyalty_points_spent as loyalty_points_spent, s.shop_id as shop_id, s.seller_id as seller_id, s.refunded_amount as refunded_amount, s.blaze_status as blaze_status, s.trans_type as trans_type, s.parent_transaction_id as parent_transaction_id, s.start_time as start_time, s.end_time as end_time, s.completed_time as completed_time, s.blaze_created as blaze_created, s.blaze_modified as blaze_modified, s.date as row_time, s.shop_id as row_shop, s.business_day as row_day, s.last_changed_at
    from blaze.transactions s left join blaze.lookups shop on shop.tenant_id = s.tenant_id and shop.kind = 'shops' and shop.lookup_id = s.shop_id
left join blaze.lookups staff on staff.tenant_id = s.tenant_id and staff.kind = 'employees' and staff.lookup_id = s.seller_id
    where s.tenant_id = (select platform.current_tenant()) and s.deleted_at is null
) s on p.transaction_id = s.transaction_id;
grant select on analytics.transactions_comparison to sp_loader, sp_promoter, sp_web, sp_readonly;

create view analytics.transaction_items_comparison with (security_invoker = true) as
select
    coalesce(p.transaction_id, s.transaction_id) as transaction_id,
    coalesce(p.order_item_id, s.order_item_id) as order_item_id,
    case when p.transaction_id is null then 'only_staging' when s.transaction_id is null then 'only_production' else 'both' end as row_class,
    s.row_shop as shop_id,
    coalesce(s.row_day, (p.row_time at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date) as business_day,
    p.row_time as existing_time,
    p.origin,
    p.product_id as existing_product_id, s.product_id as blaze_product_id,
    case when nullif(p.product_id, '') is null then case when s.product_id is null then 'N' else 'P' end when s.product_id is null then 'S' when p.product_id = s.product_id then 'E' else 'D' end as product_id_class,
    p.product_sku as existing_product_sku, s.product_sku as blaze_product_sku,
    case when nullif(p.product_sku, '') is null then case when s.product_sku is null then 'N' else 'P' end when s.product_sku is null then 'S' when (p.product_sku = s.product_sku or lower(regexp_replace(btrim(p.product_sku), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.product_sku), '\s+', ' ', 'g'))) then 'E' else 'D' end as product_sku_class,
    p.product_name as existing_product_name, s.product_name as blaze_product_name,
    case when nullif(p.product_name, '') is null then case when s.product_name is null then 'N' else 'P' end when s.product_name is null then 'S' when (p.product_name = s.product_name or lower(regexp_replace(btrim(p.product_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.product_name), '\s+', ' ', 'g'))) then 'E' else 'D' end as product_name_class,
    p.brand_name as existing_brand_name, s.brand_name as blaze_brand_name,
    case when nullif(p.brand_name, '') is null then case when s.brand_name is null then 'N' else 'P' end when s.brand_name is null then 'S' when (p.brand_name = s.brand_name or lower(regexp_replace(btrim(p.brand_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.brand_name), '\s+', ' ', 'g'))) then 'E' else 'D' end as brand_name_class,
    p.category_name as existing_category_name, s.category_name as blaze_category_name,
    case when nullif(p.category_name, '') is null then case when s.category_name is null then 'N' else 'P' end when s.category_name is null then 'S' when (p.category_name = s.category_name or lower(regexp_replace(btrim(p.category_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.category_name), '\s+', ' ', 'g'))) then 'E' else 'D' end as category_name_class,
    p.quantity as existing_quantity, s.quantity as blaze_quantity,
    case when p.quantity is null then case when s.quantity is null then 'N' else 'P' end when s.quantity is null then 'S' when abs(p.quantity - s.quantity) <= 0.0001 then 'E' else 'D' end as quantity_class,
    p.unit_price as existing_unit_price, s.unit_price as blaze_unit_price,
    case when p.unit_price is null then case when s.unit_price is null then 'N' else 'P' end when s.unit_price is null then 'S' when abs(p.unit_price - s.unit_price) <= 0.005 then 'E' else 'D' end as unit_price_class,
    p.total_price as existing_total_price, s.total_price as blaze_total_price,
    case when p.total_price is null then case when s.total_price is null then 'N' else 'P' end when s.total_price is null then 'S' when abs(p.total_price - s.total_price) <= 0.005 then 'E' else 'D' end as total_price_class,
    p.discount as existing_discount, s.discount as blaze_discount,
    case when p.discount is null then case when s.discount is null then 'N' else 'P' end when s.discount is null then 'S' when abs(p.discount - s.discount) <= 0.005 then 'E' else 'D' end as discount_class,
    p.discount_type as existing_discount_type, s.discount_type as blaze_discount_type,
    case when nullif(p.discount_type, '') is null then case when s.discount_type is null then 'N' else 'P' end when s.discount_type is null then 'S' when p.discount_type = s.discount_type then 'E' else 'D' end as discount_type_class,
    p.tax as existing_tax, s.tax as blaze_tax,
    case when p.tax is null then case when s.tax is null then 'N' else 'P' end when s.tax is null then 'S' when abs(p.tax - s.tax) <= 0.005 then 'E' else 'D' end as tax_class,
    p.cost_of_goods as existing_cost_of_goods, s.cost_of_goods as blaze_cost_of_goods,
    case when p.cost_of_goods is null then case when s.cost_of_goods is null then 'N' else 'P' end when s.cost_of_goods is null then 'S' when abs(p.cost_of_goods - s.cost_of_goods) <= 0.005 then 'E' else 'D' end as cost_of_goods_class,
    p.line_status as existing_line_status, s.line_status as blaze_line_status,
    case when nullif(p.line_status, '') is null then case when s.line_status is null then 'N' else 'P' end when s.line_status is null then 'S' when p.line_status = s.line_status then 'E' else 'D' end as line_status_class,
    p.flower_type as existing_flower_type, s.flower_type as blaze_flower_type,
    case when nullif(p.flower_type, '') is null then case when s.flower_type is null then 'N' else 'P' end when s.flower_type is null then 'S' when (p.flower_type = s.flower_type or lower(regexp_replace(btrim(p.flower_type), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.flower_type), '\s+', ' ', 'g'))) then 'E' else 'D' end as flower_type_class,
    p.strain as existing_strain, s.strain as blaze_strain,
    case when nullif(p.strain, '') is null then case when s.strain is null then 'N' else 'P' end when s.strain is null then 'S' when (p.strain = s.strain or lower(regexp_replace(btrim(p.strain), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.strain), '\s+', ' ', 'g'))) then 'E' else 'D' end as strain_class,
    (case when nullif(p.product_id, '') is null then case when s.product_id is null then 'N' else 'P' end when s.product_id is null then 'S' when p.product_id = s.product_id then 'E' else 'D' end)
        || (case when nullif(p.product_sku, '') is null then case when s.product_sku is null then 'N' else 'P' end when s.product_sku is null then 'S' when (p.product_sku = s.product_sku or lower(regexp_replace(btrim(p.product_sku), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.product_sku), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.product_name, '') is null then case when s.product_name is null then 'N' else 'P' end when s.product_name is null then 'S' when (p.product_name = s.product_name or lower(regexp_replace(btrim(p.product_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.product_name), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.brand_name, '') is null then case when s.brand_name is null then 'N' else 'P' end when s.brand_name is null then 'S' when (p.brand_name = s.brand_name or lower(regexp_replace(btrim(p.brand_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.brand_name), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.category_name, '') is null then case when s.category_name is null then 'N' else 'P' end when s.category_name is null then 'S' when (p.category_name = s.category_name or lower(regexp_replace(btrim(p.category_name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.category_name), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when p.quantity is null then case when s.quantity is null then 'N' else 'P' end when s.quantity is null then 'S' when abs(p.quantity - s.quantity) <= 0.0001 then 'E' else 'D' end)
        || (case when p.unit_price is null then case when s.unit_price is null then 'N' else 'P' end when s.unit_price is null then 'S' when abs(p.unit_price - s.unit_price) <= 0.005 then 'E' else 'D' end)
        || (case when p.total_price is null then case when s.total_price is null then 'N' else 'P' end when s.total_price is null then 'S' when abs(p.total_price - s.total_price) <= 0.005 then 'E' else 'D' end)
        || (case when p.discount is null then case when s.discount is null then 'N' else 'P' end when s.discount is null then 'S' when abs(p.discount - s.discount) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.discount_type, '') is null then case when s.discount_type is null then 'N' else 'P' end when s.discount_type is null then 'S' when p.discount_type = s.discount_type then 'E' else 'D' end)
        || (case when p.tax is null then case when s.tax is null then 'N' else 'P' end when s.tax is null then 'S' when abs(p.tax - s.tax) <= 0.005 then 'E' else 'D' end)
        || (case when p.cost_of_goods is null then case when s.cost_of_goods is null then 'N' else 'P' end when s.cost_of_goods is null then 'S' when abs(p.cost_of_goods - s.cost_of_goods) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.line_status, '') is null then case when s.line_status is null then 'N' else 'P' end when s.line_status is null then 'S' when p.line_status = s.line_status then 'E' else 'D' end)
        || (case when nullif(p.flower_type, '') is null then case when s.flower_type is null then 'N' else 'P' end when s.flower_type is null then 'S' when (p.flower_type = s.flower_type or lower(regexp_replace(btrim(p.flower_type), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.flower_type), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.strain, '') is null then case when s.strain is null then 'N' else 'P' end when s.strain is null then 'S' when (p.strain = s.strain or lower(regexp_replace(btrim(p.strain), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.strain), '\s+', ' ', 'g'))) then 'E' else 'D' end) as classes
from (
    select p.tenant_id, p.transaction_id, p.order_item_id, p.product_id, p.product_sku, p.product_name, p.brand_name, p.category_name, p.quantity, p.unit_price, p.total_price, p.discount, p.discount_type, p.tax, p.cost_of_goods, p.line_status, p.flower_type, p.strain, p.origin, p.last_changed_at, r.date as row_time
    from public.transaction_items p left join public.transactions r on r.tenant_id = p.tenant_id and r.transaction_id = p.transaction_id
    where p.tenant_id = (select platform.current_tenant())
) p
full join (
    select s.tenant_id, s.transaction_id, s.order_item_id, s.product_id as product_id, s.product_sku as product_sku, s.product_name as product_name, s.brand_name as brand_name, s.category_name as category_name, s.quantity as quantity, s.unit_price as unit_price, s.total_price as total_price, s.discount as discount, s.discount_type as discount_type, s.tax as tax, s.cost_of_goods as cost_of_goods, s.line_status as line_status, s.flower_type as flower_type, s.strain as strain, r.date as row_time, r.shop_id as row_shop, r.business_day as row_day, s.last_changed_at
    from blaze.transaction_items s left join blaze.transactions r on r.tenant_id = s.tenant_id and r.transaction_id = s.transaction_id
    where s.tenant_id = (select platform.current_tenant()) and s.deleted_at is null
) s on p.transaction_id = s.transaction_id and p.order_item_id = s.order_item_id;
grant select on analytics.transaction_items_comparison to sp_loader, sp_promoter, sp_web, sp_readonly;

create view analytics.products_comparison with (security_invoker = true) as
select
    coalesce(p.product_id, s.product_id) as product_id,
    case when p.product_id is null then 'only_staging' when s.product_id is null then 'only_production' else 'both' end as row_class,
    s.row_shop as shop_id,
    coalesce(s.row_day, (p.row_time at time zone (select t.zone from platform.tenants t where t.id = (select platform.current_tenant())))::date) as business_day,
    p.row_time as existing_time,
    p.origin,
    p.sku as existing_sku, s.sku as blaze_sku,
    case when nullif(p.sku, '') is null then case when s.sku is null then 'N' else 'P' end when s.sku is null then 'S' when (p.sku = s.sku or lower(regexp_replace(btrim(p.sku), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.sku), '\s+', ' ', 'g'))) then 'E' else 'D' end as sku_class,
    p.name as existing_name, s.name as blaze_name,
    case when nullif(p.name, '') is null then case when s.name is null then 'N' else 'P' end when s.name is null then 'S' when (p.name = s.name or lower(regexp_replace(btrim(p.name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.name), '\s+', ' ', 'g'))) then 'E' else 'D' end as name_class,
    p.brand as existing_brand, s.brand as blaze_brand,
    case when nullif(p.brand, '') is null then case when s.brand is null then 'N' else 'P' end when s.brand is null then 'S' when (p.brand = s.brand or lower(regexp_replace(btrim(p.brand), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.brand), '\s+', ' ', 'g'))) then 'E' else 'D' end as brand_class,
    p.category as existing_category, s.category as blaze_category,
    case when nullif(p.category, '') is null then case when s.category is null then 'N' else 'P' end when s.category is null then 'S' when (p.category = s.category or lower(regexp_replace(btrim(p.category), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.category), '\s+', ' ', 'g'))) then 'E' else 'D' end as category_class,
    p.vendor as existing_vendor, s.vendor as blaze_vendor,
    case when nullif(p.vendor, '') is null then case when s.vendor is null then 'N' else 'P' end when s.vendor is null then 'S' when (p.vendor = s.vendor or lower(regexp_replace(btrim(p.vendor), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.vendor), '\s+', ' ', 'g'))) then 'E' else 'D' end as vendor_class,
    p.retail_price as existing_retail_price, s.retail_price as blaze_retail_price,
    case when p.retail_price is null then case when s.retail_price is null then 'N' else 'P' end when s.retail_price is null then 'S' when abs(p.retail_price - s.retail_price) <= 0.005 then 'E' else 'D' end as retail_price_class,
    p.cost as existing_cost, s.cost as blaze_cost,
    case when p.cost is null then case when s.cost is null then 'N' else 'P' end when s.cost is null then 'S' when abs(p.cost - s.cost) <= 0.005 then 'E' else 'D' end as cost_class,
    p.is_active as existing_is_active, s.is_active as blaze_is_active,
    case when p.is_active is null then case when s.is_active is null then 'N' else 'P' end when s.is_active is null then 'S' when p.is_active = s.is_active then 'E' else 'D' end as is_active_class,
    p.thc_content as existing_thc_content, s.thc_content as blaze_thc_content,
    case when p.thc_content is null then case when s.thc_content is null then 'N' else 'P' end when s.thc_content is null then 'S' when abs(p.thc_content - s.thc_content) <= 0.005 then 'E' else 'D' end as thc_content_class,
    p.cbd_content as existing_cbd_content, s.cbd_content as blaze_cbd_content,
    case when p.cbd_content is null then case when s.cbd_content is null then 'N' else 'P' end when s.cbd_content is null then 'S' when abs(p.cbd_content - s.cbd_content) <= 0.005 then 'E' else 'D' end as cbd_content_class,
    p.vendor_id as existing_vendor_id, s.vendor_id as blaze_vendor_id,
    case when nullif(p.vendor_id, '') is null then case when s.vendor_id is null then 'N' else 'P' end when s.vendor_id is null then 'S' when p.vendor_id = s.vendor_id then 'E' else 'D' end as vendor_id_class,
    p.thca as existing_thca, s.thca as blaze_thca,
    case when p.thca is null then case when s.thca is null then 'N' else 'P' end when s.thca is null then 'S' when abs(p.thca - s.thca) <= 0.005 then 'E' else 'D' end as thca_class,
    p.cbda as existing_cbda, s.cbda as blaze_cbda,
    case when p.cbda is null then case when s.cbda is null then 'N' else 'P' end when s.cbda is null then 'S' when abs(p.cbda - s.cbda) <= 0.005 then 'E' else 'D' end as cbda_class,
    p.cbg as existing_cbg, s.cbg as blaze_cbg,
    case when p.cbg is null then case when s.cbg is null then 'N' else 'P' end when s.cbg is null then 'S' when abs(p.cbg - s.cbg) <= 0.005 then 'E' else 'D' end as cbg_class,
    p.description as existing_description, s.description as blaze_description,
    case when nullif(p.description, '') is null then case when s.description is null then 'N' else 'P' end when s.description is null then 'S' when (p.description = s.description or lower(regexp_replace(btrim(p.description), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.description), '\s+', ' ', 'g'))) then 'E' else 'D' end as description_class,
    p.weight_per_unit as existing_weight_per_unit, s.weight_per_unit as blaze_weight_per_unit,
    case when nullif(p.weight_per_unit, '') is null then case when s.weight_per_unit is null then 'N' else 'P' end when s.weight_per_unit is null then 'S' when p.weight_per_unit = s.weight_per_unit then 'E' else 'D' end as weight_per_unit_class,
    p.unit_value as existing_unit_value, s.unit_value as blaze_unit_value,
    case when p.unit_value is null then case when s.unit_value is null then 'N' else 'P' end when s.unit_value is null then 'S' when abs(p.unit_value - s.unit_value) <= 0.005 then 'E' else 'D' end as unit_value_class,
    p.image_url as existing_image_url, s.image_url as blaze_image_url,
    case when nullif(p.image_url, '') is null then case when s.image_url is null then 'N' else 'P' end when s.image_url is null then 'S' when p.image_url = s.image_url then 'E' else 'D' end as image_url_class,
    p.blaze_created as existing_blaze_created, s.blaze_created as blaze_blaze_created,
    case when p.blaze_created is null then case when s.blaze_created is null then 'N' else 'P' end when s.blaze_created is null then 'S' when p.blaze_created between s.blaze_created - interval '1 seconds' and s.blaze_created + interval '1 seconds' then 'E' else 'D' end as blaze_created_class,
    p.blaze_modified as existing_blaze_modified, s.blaze_modified as blaze_blaze_modified,
    case when p.blaze_modified is null then case when s.blaze_modified is null then 'N' else 'P' end when s.blaze_modified is null then 'S' when p.blaze_modified between s.blaze_modified - interval '1 seconds' and s.blaze_modified + interval '1 seconds' then 'E' else 'D' end as blaze_modified_class,
    (case when nullif(p.sku, '') is null then case when s.sku is null then 'N' else 'P' end when s.sku is null then 'S' when (p.sku = s.sku or lower(regexp_replace(btrim(p.sku), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.sku), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.name, '') is null then case when s.name is null then 'N' else 'P' end when s.name is null then 'S' when (p.name = s.name or lower(regexp_replace(btrim(p.name), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.name), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.brand, '') is null then case when s.brand is null then 'N' else 'P' end when s.brand is null then 'S' when (p.brand = s.brand or lower(regexp_replace(btrim(p.brand), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.brand), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.category, '') is null then case when s.category is null then 'N' else 'P' end when s.category is null then 'S' when (p.category = s.category or lower(regexp_replace(btrim(p.category), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.category), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.vendor, '') is null then case when s.vendor is null then 'N' else 'P' end when s.vendor is null then 'S' when (p.vendor = s.vendor or lower(regexp_replace(btrim(p.vendor), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.vendor), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when p.retail_price is null then case when s.retail_price is null then 'N' else 'P' end when s.retail_price is null then 'S' when abs(p.retail_price - s.retail_price) <= 0.005 then 'E' else 'D' end)
        || (case when p.cost is null then case when s.cost is null then 'N' else 'P' end when s.cost is null then 'S' when abs(p.cost - s.cost) <= 0.005 then 'E' else 'D' end)
        || (case when p.is_active is null then case when s.is_active is null then 'N' else 'P' end when s.is_active is null then 'S' when p.is_active = s.is_active then 'E' else 'D' end)
        || (case when p.thc_content is null then case when s.thc_content is null then 'N' else 'P' end when s.thc_content is null then 'S' when abs(p.thc_content - s.thc_content) <= 0.005 then 'E' else 'D' end)
        || (case when p.cbd_content is null then case when s.cbd_content is null then 'N' else 'P' end when s.cbd_content is null then 'S' when abs(p.cbd_content - s.cbd_content) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.vendor_id, '') is null then case when s.vendor_id is null then 'N' else 'P' end when s.vendor_id is null then 'S' when p.vendor_id = s.vendor_id then 'E' else 'D' end)
        || (case when p.thca is null then case when s.thca is null then 'N' else 'P' end when s.thca is null then 'S' when abs(p.thca - s.thca) <= 0.005 then 'E' else 'D' end)
        || (case when p.cbda is null then case when s.cbda is null then 'N' else 'P' end when s.cbda is null then 'S' when abs(p.cbda - s.cbda) <= 0.005 then 'E' else 'D' end)
        || (case when p.cbg is null then case when s.cbg is null then 'N' else 'P' end when s.cbg is null then 'S' when abs(p.cbg - s.cbg) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.description, '') is null then case when s.description is null then 'N' else 'P' end when s.description is null then 'S' when (p.description = s.description or lower(regexp_replace(btrim(p.description), '\s+', ' ', 'g')) = lower(regexp_replace(btrim(s.description), '\s+', ' ', 'g'))) then 'E' else 'D' end)
        || (case when nullif(p.weight_per_unit, '') is null then case when s.weight_per_unit is null then 'N' else 'P' end when s.weight_per_unit is null then 'S' when p.weight_per_unit = s.weight_per_unit then 'E' else 'D' end)
        || (case when p.unit_value is null then case when s.unit_value is null then 'N' else 'P' end when s.unit_value is null then 'S' when abs(p.unit_value - s.unit_value) <= 0.005 then 'E' else 'D' end)
        || (case when nullif(p.image_url, '') is null then case when s.image_url is null then 'N' else 'P' end when s.image_url is null then 'S' when p.image_url = s.image_url then 'E' else 'D' end)
        || (case when p.blaze_created is null then case when s.blaze_created is null then 'N' else 'P' end when s.blaze_created is null then 'S' when p.blaze_created between s.blaze_created - interval '1 seconds' and s.blaze_created + interval '1 seconds' then 'E' else 'D' end)
        || (case when p.blaze_modified is null then case when s.blaze_modified is null then 'N' else 'P' end when s.blaze_modified is null then 'S' when p.blaze_modified between s.blaze_modified - interval '1 seconds' and s.blaze_modified + interval '1 seconds' then 'E' else 'D' end) as classes
from (
    select p.tenant_id, p.product_id, p.sku, p.name, p.brand, p.category, p.vendor, p.retail_price, p.cost, p.is_active, p.thc_content, p.cbd_content, p.vendor_id, p.thca, p.cbda, p.cbg, p.description, p.weight_per_unit, p.unit_value, p.image_url, p.blaze_created, p.blaze_modified, p.origin, p.last_changed_at, null::timestamptz as row_time
    from public.products p 
    where p.tenant_id = (select platform.current_tenant())
) p
full join (
    select s.tenant_id, s.product_id, s.sku as sku, s.name as name, s.brand as brand, s.category as category, s.vendor as vendor, s.retail_price as retail_price, s.cost as cost, s.is_active as is_active, s.thc_content as thc_content, s.cbd_content as cbd_content, s.vendor_id as vendor_id, s.thca as thca, s.cbda as cbda, s.cbg as cbg, s.description as description, s.weight_per_unit as weight_per_unit, s.unit_value as unit_value, s.image_url as image_url, s.blaze_created as blaze_created, s.blaze_modified as blaze_modified, null::timestamptz as row_time, s.shop_id as row_shop, null::date as row_day, s.last_changed_at
    from blaze.products s 
    where s.tenant_id = (select platform.current_tenant()) and s.deleted_at is null
) s on p.product_id = s.product_id;
grant select on analytics.products_comparison to sp_loader, sp_promoter, sp_web, sp_readonly;
