-- Which customer of the CRM a profile is (CRM-05 to CRM-08). Live is a mapping in state auto or confirmed; it is lost
-- while its stable_hash_id is with none of the CRM's customers.

-- name: lock
-- One writer of mappings per tenant, people included, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended(%(key)s, 0));

-- name: customers_version
-- Another one whenever the copy of the customers is.
select count(*), count(deleted_at), coalesce(max(last_changed_at), 'epoch'), coalesce(max(run_id), 0)
from crm.customers where tenant_id = %(tenant)s;

-- name: customers
-- Packages are found by the hash alone: who has none cannot be linked.
select customer_id, stable_hash_id, customer_name, contact_number, email
from crm.customers
where tenant_id = %(tenant)s and deleted_at is null and stable_hash_id <> ''
order by customer_id;

-- name: customers_of_hash
select customer_id, stable_hash_id, customer_name, contact_number, email
from crm.customers
where tenant_id = %(tenant)s and stable_hash_id = %(hash)s and deleted_at is null
order by customer_id;

-- name: live
select m.profile_id, m.stable_hash_id, m.state, m.customer_id, m.customer_name, m.contact_number, m.method, m.score,
    not exists (
        select from crm.customers c
        where c.tenant_id = m.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null
    ) as lost
from crm.customer_mapping m
where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed')
  and (%(profiles)s::text[] is null or m.profile_id = any (%(profiles)s))
order by m.profile_id;

-- name: hold
-- Of these mappings those that are still live, and nobody takes them away before the end of the transaction.
select m.profile_id
from crm.customer_mapping m
join unnest(%(profiles)s::text[], %(hashes)s::text[]) as h (profile_id, stable_hash_id) using (profile_id, stable_hash_id)
where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed')
order by m.profile_id
for share of m;

-- name: decided_pairs
-- Pairs that a person said no to, or wants to decide again.
select profile_id, stable_hash_id, state
from crm.customer_mapping
where tenant_id = %(tenant)s and state in ('rejected', 'ambiguous')
  and (%(profiles)s::text[] is null or profile_id = any (%(profiles)s));

-- name: owners
-- Whose customers these are; of all where none are named.
select stable_hash_id, profile_id
from crm.customer_mapping
where tenant_id = %(tenant)s and state in ('auto', 'confirmed')
  and (%(hashes)s::text[] is null or stable_hash_id = any (%(hashes)s));

-- name: renumbered
-- Whether the CRM gave its customers other ids since they were noted.
select exists (
    select from crm.customer_mapping m
    where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed')
      and exists (
          select from crm.customers c
          where c.tenant_id = m.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null)
      and not exists (
          select from crm.customers c
          where c.tenant_id = m.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null
            and c.customer_id = m.customer_id)
);

-- name: rivals
-- Profiles without a customer that may be as near to some customers as those that are looked at: the same e-mail, or
-- half of the phone's last nine digits. More than there are in truth, and cheap: each is scored afterwards.
select p.profile_id, p.full_name, p.phone, p.email
from crm.profiles p
where p.tenant_id = %(tenant)s and p.active and not p.profile_id = any (%(profiles)s)
  and (lower(p.email) like any (%(emails)s::text[])
       or regexp_replace(p.phone, '[^0-9]', '', 'g') like any (%(digits)s::text[])
       or p.phone !~ '^[ -~]*$')
  and not exists (
      select from crm.customer_mapping m
      where m.tenant_id = p.tenant_id and m.profile_id = p.profile_id and m.state in ('auto', 'confirmed'))
order by p.profile_id;

-- name: link
-- Where somebody linked the profile or the customer in the meantime, or a person decided, nothing is written (CRM-05).
insert into crm.customer_mapping (
    tenant_id, profile_id, stable_hash_id, customer_id, customer_name, contact_number, method, score, evidence, state,
    actor
)
select %(tenant)s, l.profile_id, l.stable_hash_id, l.customer_id, l.customer_name, l.contact_number, l.method, l.score,
    l.evidence, 'auto', %(actor)s
from unnest(
    %(profiles)s::text[], %(hashes)s::text[], %(customers)s::bigint[], %(names)s::text[], %(numbers)s::text[],
    %(methods)s::text[], %(scores)s::numeric[], %(evidence)s::jsonb[]
) as l (profile_id, stable_hash_id, customer_id, customer_name, contact_number, method, score, evidence)
order by l.profile_id
on conflict do nothing
returning profile_id;

-- name: renumber
-- The source rebuilt its ids: a note, no decision.
update crm.customer_mapping m
set customer_id = n.customer_id
from unnest(%(profiles)s::text[], %(hashes)s::text[], %(customers)s::bigint[])
    as n (profile_id, stable_hash_id, customer_id)
where m.tenant_id = %(tenant)s and m.profile_id = n.profile_id and m.stable_hash_id = n.stable_hash_id
  and m.customer_id is distinct from n.customer_id;

-- name: forget_ids
-- Ids from before they were rebuilt: they belong to somebody else now.
update crm.customer_mapping m
set customer_id = null
where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed') and m.customer_id is not null
  and not exists (
      select from crm.customers c
      where c.tenant_id = m.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null);

-- name: move
-- The customer has another name or phone, so another hash; the mapping keeps its state, and packages follow. A pair that
-- was decided before stays decided, and a customer that is somebody's stays theirs.
with said as (
    select * from unnest(
        %(profiles)s::text[], %(hashes)s::text[], %(new_hashes)s::text[], %(customers)s::bigint[], %(names)s::text[],
        %(numbers)s::text[]
    ) as s (profile_id, stable_hash_id, new_hash, customer_id, customer_name, contact_number)
), moved as (
    update crm.customer_mapping m
    set stable_hash_id = said.new_hash, customer_id = said.customer_id, customer_name = said.customer_name,
        contact_number = said.contact_number,
        previous_hashes = array_append(array_remove(m.previous_hashes, m.stable_hash_id), m.stable_hash_id)
    from said
    where m.tenant_id = %(tenant)s and m.profile_id = said.profile_id and m.stable_hash_id = said.stable_hash_id
      and m.state in ('auto', 'confirmed')
      and not exists (
          select from crm.customer_mapping o
          where o.tenant_id = %(tenant)s and o.stable_hash_id = said.new_hash
            and (o.profile_id = said.profile_id or o.state in ('auto', 'confirmed')))
    returning m.profile_id, said.stable_hash_id as old_hash, said.new_hash
), followed as (
    update crm.packages p
    set stable_hash_id = moved.new_hash, last_changed_at = now(), run_id = coalesce(%(run)s, p.run_id)
    from moved
    where p.tenant_id = %(tenant)s and p.profile_id = moved.profile_id and p.stable_hash_id = moved.old_hash
), closed as (
    -- what was asked about the old record is answered by the new one
    update crm.match_reviews r
    set state = 'obsolete', actor = %(actor)s, decided_at = clock_timestamp()
    from moved
    where r.tenant_id = %(tenant)s and r.profile_id = moved.profile_id and r.stable_hash_id = moved.old_hash
      and r.state in ('open', 'confirmed')
)
select profile_id from moved;

-- name: retire
-- It is asked about again, should its customer come back.
with retired as (
    update crm.customer_mapping
    set state = 'ambiguous', actor = %(actor)s, decided_at = clock_timestamp()
    where tenant_id = %(tenant)s and profile_id = %(profile)s and stable_hash_id = %(hash)s
)
update crm.packages
set stable_hash_id = %(new_hash)s, last_changed_at = now()
where tenant_id = %(tenant)s and profile_id = %(profile)s and stable_hash_id = %(hash)s;

-- name: evidence
select evidence from crm.customer_mapping
where tenant_id = %(tenant)s and profile_id = %(profile)s and stable_hash_id = %(hash)s;

-- name: put
-- What a person decided; whatever the pair was before.
insert into crm.customer_mapping as m (
    tenant_id, profile_id, stable_hash_id, customer_id, customer_name, contact_number, method, score, evidence, state,
    actor
)
values (
    %(tenant)s, %(profile)s, %(hash)s, %(customer)s, %(name)s, %(number)s, 'manual', %(score)s, %(evidence)s, %(state)s,
    %(actor)s
)
on conflict (tenant_id, profile_id, stable_hash_id) do update
set state = excluded.state, method = excluded.method, actor = excluded.actor, score = excluded.score,
    evidence = excluded.evidence, decided_at = clock_timestamp(),
    customer_id = coalesce(excluded.customer_id, m.customer_id),
    customer_name = coalesce(excluded.customer_name, m.customer_name),
    contact_number = coalesce(excluded.contact_number, m.contact_number);

-- name: forget_packages
-- They are somebody else's: they are gone, and the profile counts as never synced (CRM-14).
with gone as (
    update crm.packages
    set deleted_at = now(), last_changed_at = now()
    where tenant_id = %(tenant)s and profile_id = %(profile)s and deleted_at is null
    returning 1
), forgotten as (
    update crm.profiles
    set packages_synced_at = null, packages_count = null
    where tenant_id = %(tenant)s and profile_id = %(profile)s and packages_synced_at is not null
)
select count(*) from gone;

-- name: counts
-- For checks: the mapping rate and what waits for a person.
select
    (select count(*) from crm.profiles where tenant_id = %(tenant)s and active) as profiles,
    (select count(*) from crm.customer_mapping m join crm.profiles p using (tenant_id, profile_id)
     where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed') and p.active) as linked,
    (select count(*) from crm.customer_mapping m
     where m.tenant_id = %(tenant)s and m.state in ('auto', 'confirmed') and not exists (
         select from crm.customers c
         where c.tenant_id = m.tenant_id and c.stable_hash_id = m.stable_hash_id and c.deleted_at is null)) as lost,
    (select count(*) from crm.match_reviews where tenant_id = %(tenant)s and state = 'open') as open_reviews,
    (select min(created_at) from crm.match_reviews where tenant_id = %(tenant)s and state = 'open') as oldest_review;
