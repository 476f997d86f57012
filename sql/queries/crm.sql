-- Packages of the CRM and the copy of its customers (CRM-10 to CRM-21).

-- name: candidates
-- Profiles that a sync may take: with their live mapping, whether its customer is still in the CRM, and their place in
-- the retry list. Due retries come first, then who was never synced, then the longest ago (CRM-14, CRM-15).
select
    p.profile_id,
    m.stable_hash_id,
    m.profile_id is not null and exists (select from crm.customers c where c.tenant_id = p.tenant_id) and not exists (
        select from crm.customers c
        where c.tenant_id = p.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null) as lost,
    r.state,
    coalesce(r.last_failed_at + interval '1 minute'
        * (%(backoff)s::float8[])[least(r.tries, cardinality(%(backoff)s::float8[]))] <= %(now)s, true) as due
from crm.profiles p
left join crm.customer_mapping m
    on m.tenant_id = p.tenant_id and m.profile_id = p.profile_id and m.state in ('auto', 'confirmed')
left join platform.retry_items r
    on r.tenant_id = p.tenant_id and r.source = 'crm' and r.account = %(account)s and r.entity = 'packages'
    and r.item_key = p.profile_id and r.state <> 'done'
where p.tenant_id = %(tenant)s and p.active
  and (%(profiles)s::text[] is null or p.profile_id = any (%(profiles)s::text[]))
  and (not %(only_new)s or p.packages_synced_at is null)
order by (r.state = 'open') is true desc, p.packages_synced_at nulls first, p.profile_id;

-- name: still_mapped
-- Until the transaction ends nobody takes these mappings away: a set is never written for a customer who is no longer
-- this profile's (CRM-05).
select profile_id, stable_hash_id from crm.customer_mapping
where tenant_id = %(tenant)s and profile_id = any (%(profiles)s::text[]) and state in ('auto', 'confirmed')
order by profile_id
for share;

-- name: stored_keys
select profile_id, crm_package_id from crm.packages
where tenant_id = %(tenant)s and profile_id = any (%(profiles)s::text[]) and deleted_at is null;

-- name: live_packages
select count(*) from crm.packages where tenant_id = %(tenant)s and deleted_at is null;

-- name: synced
update crm.profiles p set packages_synced_at = %(now)s, packages_count = d.packages
from unnest(%(profiles)s::text[], %(numbers)s::integer[]) as d (profile_id, packages)
where p.tenant_id = %(tenant)s and p.profile_id = d.profile_id;

-- name: profiles_of
-- Whose packages these are, for records that wait in the quarantine.
select profile_id from crm.customer_mapping
where tenant_id = %(tenant)s and stable_hash_id = any (%(hashes)s::text[]) and state in ('auto', 'confirmed');

-- name: known_customers
select uuid_send(content_hash), customer_id::text, 0, null::timestamptz from crm.customers
where tenant_id = %(tenant)s and deleted_at is null;

-- name: absent_customers
-- Customers that a complete pass did not show: how many there were, and how many are gone. Who has another number now
-- is not gone: the CRM rebuilds its table, and then all numbers are new.
select count(*), count(*) filter (where not (c.customer_id = any (%(seen)s::bigint[])) and not exists (
    select from crm.customers o
    where o.tenant_id = c.tenant_id and o.stable_hash_id = c.stable_hash_id and o.customer_id = any (%(seen)s::bigint[])))
from crm.customers c
where c.tenant_id = %(tenant)s and c.deleted_at is null;

-- name: delete_absent_customers
update crm.customers set deleted_at = now(), last_changed_at = now(), run_id = %(run)s
where tenant_id = %(tenant)s and deleted_at is null and not (customer_id = any (%(seen)s::bigint[]));

-- name: force_refresh
-- One statement, so that of several requests at the same moment one is let through (CRM-21).
update crm.profiles set refreshed_at = %(now)s
where tenant_id = %(tenant)s and profile_id = %(profile)s and active
  and (refreshed_at is null or refreshed_at <= %(now)s - make_interval(secs => %(pause)s))
returning profile_id;

-- name: last_refresh
select refreshed_at from crm.profiles where tenant_id = %(tenant)s and profile_id = %(profile)s and active;

-- name: give_refresh_back
update crm.profiles set refreshed_at = null
where tenant_id = %(tenant)s and profile_id = %(profile)s and refreshed_at = %(now)s;

-- name: own_profile
select packages_synced_at from crm.profiles where tenant_id = %(tenant)s and profile_id = %(profile)s and active;

-- name: own_packages
-- CRM-21. What "own" is, the web role's policy says once more.
select crm_package_id as package_id, package_name as name, package_display_name as display_name, package_type as type,
       state, total_hours, used_hours, remaining_hours, first_use_date, expiration_date, purchased_at,
       last_changed_at as changed_at
from analytics.customer_packages
where tenant_id = %(tenant)s and profile_id = %(profile)s
  and (%(after)s::text is null or crm_package_id > %(after)s)
order by crm_package_id
limit %(limit)s;
