-- The replaced job's packages beside ours (CMP-18). Reads the temporary tables of one comparison: "old_packages", and
-- "compared", which has a row for each key.

-- name: forget_twins
-- Of several rows with one key the last counts.
delete from old_packages o
using (select profile_id, crm_package_id, max(line_no) as line_no from old_packages group by 1, 2) newest
where newest.profile_id = o.profile_id and newest.crm_package_id = o.crm_package_id and newest.line_no > o.line_no;

-- name: name_profiles
-- A row that only tells the customer belongs to the profile that has this customer now, or had it before a renaming.
update old_packages o
set profile_id = l.profile_id
from (
    select m.profile_id, unnest(array_prepend(m.stable_hash_id, m.previous_hashes)) as stable_hash_id
    from crm.customer_mapping m
    where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed')
) l
where o.profile_id is null and l.stable_hash_id = o.stable_hash_id;

-- name: name_nobody
-- Nobody is linked to this customer. The key only has to tell it from others.
update old_packages set profile_id = 'customer ' || left(stable_hash_id, 8) where profile_id is null;

-- name: reasons
-- Why a row is on one side only: one reason each, how many, of how many profiles, and the first few keys.
with live as (
    select m.profile_id, array_prepend(m.stable_hash_id, m.previous_hashes) as hashes
    from crm.customer_mapping m
    where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed')
), places as (
    -- where a customer is in the order of ids, which the job read without a second page
    select l.profile_id, min(c.place) as place
    from (select profile_id, unnest(hashes) as stable_hash_id from live) l
    join (select stable_hash_id, row_number() over (order by customer_id) as place
          from crm.customers where tenant_id = %(tenant)s and deleted_at is null) c using (stable_hash_id)
    group by l.profile_id
), sets as (
    select profile_id, count(*) as rows from old_packages group by profile_id
), theirs as (
    select distinct crm_package_id from old_packages
), ours as (
    select distinct p.crm_package_id
    from crm.packages p
    join live l on l.profile_id = p.profile_id and p.stable_hash_id = any (l.hashes)
    where p.tenant_id = %(tenant)s and p.deleted_at is null
), asked as (
    select r.profile_id, bool_or(r.reason = %(name_only)s) as name_only
    from crm.match_reviews r
    where r.tenant_id = %(tenant)s and r.state = 'open'
    group by r.profile_id
), told as (
    select c.key_1, c.key_2, c.row_class,
           case
               when c.origin = 'dropped' then 'expired_or_undated'
               when c.row_class = 'only_staging' then case
                   when theirs.crm_package_id is not null then 'other_person'
                   when sets.rows > 0 then 'package_missing'
                   when places.place > %(first_answer)s then 'beyond_first_answer'
                   else 'set_missing' end
               when ours.crm_package_id is not null
                 or (l.profile_id is not null and not o.stable_hash_id = any (l.hashes)) then 'other_person'
               when l.profile_id is not null then case when f.packages_synced_at is null then 'not_read' else 'not_in_crm' end
               when asked.name_only then 'linked_by_name'
               when asked.profile_id is not null then 'asked_about'
               else 'not_linked'
           end as reason
    from compared c
    left join old_packages o on o.profile_id = c.key_1 and o.crm_package_id = c.key_2
    left join live l on l.profile_id = c.key_1
    left join crm.profiles f on f.tenant_id = %(tenant)s and f.profile_id = c.key_1
    left join places on places.profile_id = c.key_1
    left join sets on sets.profile_id = c.key_1
    left join ours on ours.crm_package_id = c.key_2
    left join theirs on theirs.crm_package_id = c.key_2
    left join asked on asked.profile_id = c.key_1
    where c.row_class <> 'both'
)
select row_class, reason, count(*) as rows, count(distinct key_1) as profiles,
       (array_agg(key_1 || '/' || key_2 order by key_1, key_2))[1:5] as keys
from told
group by 1, 2
order by 1, 2;
