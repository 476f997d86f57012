-- What others are told: at least once, about one subject in order (CSV-19).

-- name: add
insert into platform.outbox (tenant_id, topic, subject, payload, created_at, due_at)
values (%(tenant)s, %(topic)s, %(subject)s, %(payload)s, %(now)s, %(now)s)
returning id;

-- name: lock
select pg_advisory_xact_lock(hashtextextended('outbox/' || %(tenant)s::text, 0));

-- name: take
-- The oldest that are due. Nothing about a subject leaves while an earlier word about it is on its way or has to be
-- repeated. Who takes them has until due_at to say what became of them; then they are due again.
with due as (
    select o.id from platform.outbox o
    where o.tenant_id = %(tenant)s and o.delivered_at is null and o.due_at <= %(now)s
      and not exists (
          select from platform.outbox e
          where e.tenant_id = %(tenant)s and e.topic = o.topic and e.subject = o.subject and e.id < o.id
            and e.delivered_at is null and e.tries > 0 and e.due_at > %(now)s)
    order by o.id
    limit %(limit)s
), taken as (
    update platform.outbox o set tries = o.tries + 1, due_at = %(now)s::timestamptz + make_interval(secs => %(seconds)s)
    -- as an array: the planner expects one row and would compare each with each
    where o.tenant_id = %(tenant)s and o.id = any (array(select due.id from due))
    returning o.id, o.topic, o.subject, o.payload, o.created_at, o.tries
)
select id, topic, subject, payload, created_at, tries from taken order by id;

-- name: delivered
update platform.outbox set delivered_at = %(now)s, problem = null
where tenant_id = %(tenant)s and id = any (%(ids)s::bigint[]) and delivered_at is null;

-- name: failed
-- With growing pauses, up to an hour. What was taken of the same subject after it waits with it.
with failed as (
    select id, topic, subject, %(now)s::timestamptz + least(
        interval '1 hour', make_interval(secs => %(pause)s) * power(2, least(tries, 20) - 1)) as due_at
    from platform.outbox
    where tenant_id = %(tenant)s and id = %(id)s and delivered_at is null
)
update platform.outbox o set due_at = f.due_at, problem = case when o.id = f.id then %(problem)s else o.problem end
from failed f
where o.tenant_id = %(tenant)s and o.topic = f.topic and o.subject = f.subject and o.id >= f.id
  and o.delivered_at is null and o.tries > 0;

-- name: waiting
select count(*), min(created_at) from platform.outbox where tenant_id = %(tenant)s and delivered_at is null;

-- name: stuck
select id, topic, subject, tries, due_at, problem from platform.outbox
where tenant_id = %(tenant)s and delivered_at is null and tries > 0 and problem is not null
order by id
limit %(limit)s;

-- name: purge
delete from platform.outbox where tenant_id = %(tenant)s and delivered_at < %(before)s;
