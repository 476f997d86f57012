-- name: directory
-- Tenants of the wanted states in order of addition, which is the order of partition keys.
select d.id, d.slug, d.name, d.zone as zone_name, d.country, d.state
from platform.tenant_directory() with ordinality as d (id, slug, name, zone, country, state, place)
where d.state = any (%(states)s)
order by d.place;

-- name: find
select d.id, d.slug, d.name, d.zone as zone_name, d.country, d.state
from platform.tenant_directory() d
where d.slug = %(slug)s;

-- name: add
insert into platform.tenants (id, slug, name, zone, country)
values (%(id)s, %(slug)s, %(name)s, %(zone)s, %(country)s);

-- name: set_call_weight
update platform.tenants set settings = settings || jsonb_build_object('call_weight', %(weight)s::double precision)
where id = %(tenant_id)s;

-- name: thresholds
select (settings ->> 'churn_medium_days')::integer, (settings ->> 'churn_high_days')::integer,
       (settings ->> 'vip_visits')::integer, (settings ->> 'vip_value')::numeric
from platform.tenants where id = %(tenant_id)s for update;

-- name: set_thresholds
-- What is not given stays as it is; what was never given follows the defaults.
update platform.tenants set settings = settings || jsonb_strip_nulls(jsonb_build_object(
    'churn_medium_days', %(churn_medium_days)s::integer, 'churn_high_days', %(churn_high_days)s::integer,
    'vip_visits', %(vip_visits)s::integer, 'vip_value', %(vip_value)s::numeric))
where id = %(tenant_id)s;

-- name: set_state
update platform.tenants set state = %(state)s where id = %(tenant_id)s;

-- name: settings
select name, settings from platform.tenants where id = %(tenant_id)s;

-- name: settings_locked
select name, settings from platform.tenants where id = %(tenant_id)s for update;

-- name: change_settings
-- All that a tenant sets for itself; what the platform keeps beside it stays.
update platform.tenants set name = %(name)s, settings = settings || jsonb_build_object(
    'churn_medium_days', %(churn_medium_days)s::integer, 'churn_high_days', %(churn_high_days)s::integer,
    'vip_visits', %(vip_visits)s::integer, 'vip_value', %(vip_value)s::numeric, 'thresholds', %(gate)s::jsonb)
where id = %(tenant_id)s;
