-- What asset pages and checks ask about packages of the CRM and the copy of its customers (DAG-06, DAG-20).

-- name: packages_per_day
-- A snapshot: all that is there belongs to the last day that is asked for.
select %(last)s::date, count(*) from crm.packages where tenant_id = %(tenant)s and deleted_at is null

-- name: packages_newest
-- When a set was last read; packages tell no time of their own.
select max(packages_synced_at) from crm.profiles where tenant_id = %(tenant)s

-- name: customers_per_day
select %(last)s::date, count(*) from crm.customers where tenant_id = %(tenant)s and deleted_at is null

-- name: customers_newest
-- The newest change that was seen.
select max(last_changed_at) from crm.customers where tenant_id = %(tenant)s

-- name: duplicate_packages
-- Live packages that more than one profile has: the key holds the profile, so that it cannot see this.
select coalesce(sum(n - 1), 0)::bigint as bad, coalesce(sum(n), 0)::bigint as judged
from (
    select count(*) as n from crm.packages
    where tenant_id = %(tenant)s and deleted_at is null
    group by crm_package_id
) shared

-- name: duplicate_customers
-- Live customers with one name and phone, which is what the hash is made of.
select coalesce(sum(n - 1), 0)::bigint as bad, coalesce(sum(n), 0)::bigint as judged
from (
    select count(*) as n from crm.customers
    where tenant_id = %(tenant)s and deleted_at is null and stable_hash_id is not null
    group by stable_hash_id
) shared

-- name: unreferenced_customers
-- Profiles whose customer is gone from the CRM, or renamed beyond recognition.
select count(*) filter (where not exists (
           select from crm.customers c
           where c.tenant_id = m.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null)) as bad,
       count(*) as judged
from crm.customer_mapping m
where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed')

-- name: not_owned
-- Live packages whose profile is linked to nobody, or to another customer (CRM-05).
select count(*) filter (where m.profile_id is null) as bad, count(*) as judged
from crm.packages p
left join crm.customer_mapping m
    on m.tenant_id = p.tenant_id and m.profile_id = p.profile_id and m.stable_hash_id = p.stable_hash_id
    and m.state in ('auto', 'confirmed')
where p.tenant_id = %(tenant)s and p.deleted_at is null

-- name: review_ages
-- Questions that have been open for too long, and for how many days the oldest one.
select count(*) filter (where created_at < clock_timestamp() - make_interval(secs => %(seconds)s)),
       extract(day from clock_timestamp() - min(created_at))::integer
from crm.match_reviews
where tenant_id = %(tenant)s and state = 'open'

-- name: counted_profiles
-- Customers whose set was read whole, with how many packages are stored of each; others every day. Those in the retry
-- list are known to be behind.
select m.stable_hash_id,
       (select count(*) from crm.packages k
        where k.tenant_id = p.tenant_id and k.profile_id = p.profile_id and k.deleted_at is null)
from crm.profiles p
join crm.customer_mapping m
    on m.tenant_id = p.tenant_id and m.profile_id = p.profile_id and m.state in ('auto', 'confirmed')
where p.tenant_id = %(tenant)s and p.active and p.packages_synced_at is not null
  and not exists (
      select from platform.retry_items r
      where r.tenant_id = p.tenant_id and r.source = 'crm' and r.entity = 'packages' and r.item_key = p.profile_id
        and r.state <> 'done')
order by md5(p.profile_id || %(last)s::date)
limit %(limit)s
