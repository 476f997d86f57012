-- Comparisons of production with staging: what they count, keep and show. Bound to the tenant by row security as well.

-- name: patterns
-- How often each combination of letters occurs: far fewer rows than there are, and every count of a field is in them.
select row_class,
       coalesce(origin = 'dropped', false)
           or (row_class = 'only_production' and origin = 'report' and coalesce(existing_time < %(first_time)s, false))
           as historical,
       case row_class when 'both' then classes else '' end as letters,
       count(*)
from compared
group by 1, 2, 3;

-- name: forget_rows
with days as (delete from platform.comparison_days where tenant_id = %(tenant)s and entity = %(entity)s)
delete from platform.comparison_rows where tenant_id = %(tenant)s and entity = %(entity)s;

-- name: store
insert into platform.comparisons (tenant_id, entity, snapshot_at, first_day, last_day, production_rows, staging_rows,
    matched, only_production, only_staging, historical, consistency, seconds, actor, dagster_run_id)
values (%(tenant)s, %(entity)s, %(snapshot_at)s, %(first_day)s, %(last_day)s, %(production_rows)s, %(staging_rows)s,
    %(matched)s, %(only_production)s, %(only_staging)s, %(historical)s, %(consistency)s, %(seconds)s, %(actor)s,
    %(dagster_run_id)s)
returning id;

-- name: store_field
insert into platform.comparison_fields (tenant_id, comparison_id, field, against, compared, equal, different, accepted,
    production_null, staging_null, both_null, overwriting, threshold, difference_sum, difference_mean, difference_max,
    pairs)
values (%(tenant)s, %(comparison)s, %(field)s, %(against)s, %(compared)s, %(equal)s, %(different)s, %(accepted)s,
    %(production_null)s, %(staging_null)s, %(both_null)s, %(overwriting)s, %(threshold)s, %(difference_sum)s,
    %(difference_mean)s, %(difference_max)s, %(pairs)s);

-- name: newest
select id, entity, snapshot_at, first_day, last_day, production_rows, staging_rows, matched, only_production,
       only_staging, historical, consistency, seconds
from platform.comparisons
where tenant_id = %(tenant)s and entity = %(entity)s
order by id desc
limit %(limit)s;

-- name: fields
select field, compared, equal, different, accepted, production_null, staging_null, both_null, overwriting, threshold,
       against, difference_sum, difference_mean, difference_max, pairs
from platform.comparison_fields
where tenant_id = %(tenant)s and comparison_id = %(comparison)s;

-- name: history
-- Rates of one field over time, oldest first (CMP-08).
select * from (
    select c.id, c.snapshot_at, f.against, f.compared, f.different, f.accepted, f.overwriting, f.threshold
    from platform.comparisons c
    join platform.comparison_fields f on f.tenant_id = c.tenant_id and f.comparison_id = c.id
    where c.tenant_id = %(tenant)s and c.entity = %(entity)s and f.field = %(field)s
      and (%(before)s::bigint is null or c.id < %(before)s)
    order by c.id desc
    limit %(limit)s
) newest
order by id;

-- name: rows
-- Keys to look at, from the newest comparison: of one field by its letter, or of one side only (CMP-06).
select r.key_1, r.key_2, r.row_class, r.classes, r.comparison_id
from platform.comparison_rows r
where r.tenant_id = %(tenant)s and r.entity = %(entity)s
  and (%(row_class)s::text is null or r.row_class = %(row_class)s)
  and (%(place)s::integer is null or substr(r.classes, %(place)s, 1) = any(%(letters)s))
  and (r.key_1, r.key_2) > (%(after_1)s, %(after_2)s)
order by r.key_1, r.key_2
limit %(limit)s;

-- name: days
select day, shop_id, production_rows, staging_rows, matched
from platform.comparison_days
where tenant_id = %(tenant)s and entity = %(entity)s and (not %(unequal)s or production_rows <> staging_rows)
order by day desc nulls last, shop_id
limit %(limit)s;

-- name: accept
insert into platform.accepted_differences (tenant_id, entity, field, key_1, key_2, production_value, staging_value,
    reason, actor, expires_at)
values (%(tenant)s, %(entity)s, %(field)s, %(key_1)s, %(key_2)s, %(production_value)s, %(staging_value)s, %(reason)s,
    %(actor)s, %(expires_at)s)
returning id;

-- name: accepted
select id, entity, field, key_1, key_2, production_value, staging_value, reason, actor, created_at, expires_at, revoked_at
from platform.accepted_differences
where tenant_id = %(tenant)s and (%(entity)s::text is null or entity = %(entity)s)
order by id desc
limit %(limit)s;

-- name: revoke
update platform.accepted_differences set revoked_at = now()
where tenant_id = %(tenant)s and id = %(id)s and revoked_at is null;

-- name: soaking
-- Promotions whose field is still compared with what it replaced (CMP-14).
select field, id
from platform.promotions
where tenant_id = %(tenant)s and entity = %(entity)s and kind = 'promotion' and state = 'active'
  and finished_at > now() - %(soak)s::interval;
