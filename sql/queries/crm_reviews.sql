-- What a person has to decide: a profile and a customer side by side (CRM-08).

-- name: ask
-- A question that is open shows both as they are now; one that was decided is not asked again. Returns those that were
-- not open before.
insert into crm.match_reviews as r (
    tenant_id, profile_id, stable_hash_id, customer_id, score, evidence, reason, profile, customer
)
select %(tenant)s, q.profile_id, q.stable_hash_id, q.customer_id, q.score, q.evidence, q.reason, q.profile, q.customer
from unnest(
    %(profiles)s::text[], %(hashes)s::text[], %(customers)s::bigint[], %(scores)s::numeric[], %(evidence)s::jsonb[],
    %(reasons)s::text[], %(profile_records)s::jsonb[], %(customer_records)s::jsonb[]
) as q (profile_id, stable_hash_id, customer_id, score, evidence, reason, profile, customer)
order by q.profile_id, q.stable_hash_id
on conflict (tenant_id, profile_id, stable_hash_id) do update
set customer_id = excluded.customer_id, score = excluded.score, evidence = excluded.evidence, reason = excluded.reason,
    profile = excluded.profile, customer = excluded.customer, state = 'open', actor = null, note = null,
    decided_at = null,
    created_at = case when r.state = 'open' then r.created_at else clock_timestamp() end
where r.state = 'obsolete' or r.state = 'open'
  and row (r.customer_id, r.score, r.evidence, r.reason, r.profile, r.customer) is distinct from
      row (excluded.customer_id, excluded.score, excluded.evidence, excluded.reason, excluded.profile, excluded.customer);

-- name: open_of
select count(*) from crm.match_reviews
where tenant_id = %(tenant)s and state = 'open' and profile_id = any (%(profiles)s);

-- name: close
-- Questions about these profiles that are none any more: nobody scores now, or the profile has its customer. And those
-- about profiles that are not active any more.
update crm.match_reviews r
set state = 'obsolete', actor = %(actor)s, decided_at = clock_timestamp()
where r.tenant_id = %(tenant)s and r.state = 'open'
  and (r.profile_id = any (%(profiles)s) or exists (
           select from crm.profiles p
           where p.tenant_id = r.tenant_id and p.profile_id = r.profile_id and not p.active))
  and (not exists (
           select from unnest(%(asked_profiles)s::text[], %(asked_hashes)s::text[]) as a (profile_id, stable_hash_id)
           where a.profile_id = r.profile_id and a.stable_hash_id = r.stable_hash_id)
       or exists (
           select from crm.customer_mapping m
           join crm.customers c using (tenant_id, stable_hash_id)
           where m.tenant_id = r.tenant_id and m.profile_id = r.profile_id and m.state in ('auto', 'confirmed')
             and c.deleted_at is null));

-- name: list
select id, profile_id, stable_hash_id, customer_id, score, evidence, reason, profile, customer, state, actor, note,
    created_at, decided_at
from crm.match_reviews
where tenant_id = %(tenant)s and (%(state)s::text is null or state = %(state)s)
order by created_at desc, id desc
limit %(limit)s;

-- name: page
-- Newest number first, for who turns pages: when a question is asked again, its time changes.
select id, profile_id, stable_hash_id, customer_id, score, evidence, reason, profile, customer, state, actor, note,
    created_at, decided_at
from crm.match_reviews
where tenant_id = %(tenant)s and (%(state)s::text is null or state = %(state)s)
  and (%(before)s::bigint is null or id < %(before)s)
order by id desc
limit %(limit)s;

-- name: find
select id, profile_id, stable_hash_id, customer_id, score, evidence, reason, profile, customer, state, actor, note,
    created_at, decided_at
from crm.match_reviews
where tenant_id = %(tenant)s and id = %(id)s;

-- name: decide
update crm.match_reviews
set state = %(state)s, actor = %(actor)s, note = nullif(%(note)s, ''),
    decided_at = case when %(state)s = 'open' then null else clock_timestamp() end
where tenant_id = %(tenant)s and id = %(id)s;

-- name: record
-- A decision about a pair that nobody had asked about.
insert into crm.match_reviews (
    tenant_id, profile_id, stable_hash_id, customer_id, score, evidence, reason, profile, customer, state, actor, note,
    decided_at
)
values (
    %(tenant)s, %(profile)s, %(hash)s, %(customer)s, %(score)s, %(evidence)s, %(reason)s, %(profile_record)s,
    %(customer_record)s, %(state)s, %(actor)s, nullif(%(note)s, ''), clock_timestamp()
)
on conflict (tenant_id, profile_id, stable_hash_id) do update
set state = excluded.state, reason = excluded.reason, actor = excluded.actor, note = excluded.note,
    profile = excluded.profile, customer = excluded.customer, customer_id = excluded.customer_id,
    score = excluded.score, evidence = excluded.evidence, decided_at = clock_timestamp()
returning id;
