-- People as the tenant's own application knows them (CRM-10 to CRM-14).

-- name: save
-- Written by the loader or by the web role, which may write these columns only. What is not said stays (SYS-07). The
-- order of keys is the same for all, so that two writers do not wait for each other.
with said as (
    select * from unnest(
        %(ids)s::text[], %(names)s::text[], %(phones)s::text[], %(emails)s::text[], %(active)s::boolean[]
    ) as s (profile_id, full_name, phone, email, active)
)
insert into crm.profiles as p (tenant_id, profile_id, full_name, phone, email, active)
select %(tenant)s, profile_id, full_name, phone, email, active from said order by profile_id
on conflict (tenant_id, profile_id) do update
set full_name = coalesce(excluded.full_name, p.full_name), phone = coalesce(excluded.phone, p.phone),
    email = coalesce(excluded.email, p.email), active = excluded.active, updated_at = clock_timestamp()
where row (p.full_name, p.phone, p.email, p.active) is distinct from row (
    coalesce(excluded.full_name, p.full_name), coalesce(excluded.phone, p.phone), coalesce(excluded.email, p.email),
    excluded.active
)
returning p.xmax = 0 as added;

-- name: differences
-- What ``save`` would add or change, for a dry run: 'added' or 'changed' per profile.
select s.profile_id, case when p.profile_id is null then 'added' else 'changed' end
from unnest(
    %(ids)s::text[], %(names)s::text[], %(phones)s::text[], %(emails)s::text[], %(active)s::boolean[]
) as s (profile_id, full_name, phone, email, active)
left join crm.profiles p on p.tenant_id = %(tenant)s and p.profile_id = s.profile_id
where p.profile_id is null or row (p.full_name, p.phone, p.email, p.active) is distinct from row (
    coalesce(s.full_name, p.full_name), coalesce(s.phone, p.phone), coalesce(s.email, p.email), s.active
)
order by s.profile_id;

-- name: read
select profile_id, full_name, phone, email, active, created_at, updated_at, packages_synced_at, packages_count,
    refreshed_at
from crm.profiles
where tenant_id = %(tenant)s and profile_id = any (%(ids)s);

-- name: read_all
select profile_id, full_name, phone, email, active, created_at, updated_at, packages_synced_at, packages_count,
    refreshed_at
from crm.profiles
where tenant_id = %(tenant)s and (active or not %(active_only)s)
order by profile_id
limit %(limit)s;
