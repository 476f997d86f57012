-- What is told by others: who may deliver, what came, what is to be done about it (MX-21 to MX-24, CRM-11).

-- name: add_endpoint
insert into platform.webhook_endpoints (tenant_id, source, token_hash, created_at, actor)
values (%(tenant)s, %(source)s, %(token_hash)s, %(now)s, %(actor)s);

-- name: revoke_endpoints
update platform.webhook_endpoints set revoked_at = %(now)s
where tenant_id = %(tenant)s and source = %(source)s and revoked_at is null and token_hash <> %(keep)s;

-- name: endpoints
select token_hash, revoked_at is null as open from platform.webhook_endpoints
where tenant_id = %(tenant)s and source = %(source)s;

-- name: accounts
select account from platform.tenant_sources
where tenant_id = %(tenant)s and source = %(source)s and active;

-- name: store
-- No row: the same content is stored already.
insert into platform.webhook_events
    (tenant_id, source, kind, content_hash, body, account, subject, state, received_at, due_at, handled_at, problem)
values (
    %(tenant)s, %(source)s, %(kind)s, %(content_hash)s, %(body)s, %(account)s, %(subject)s, %(state)s, %(now)s, %(now)s,
    case when %(state)s = 'new' then null else %(now)s::timestamptz end, %(problem)s
)
on conflict (tenant_id, source, content_hash) do nothing
returning id;

-- name: due
select id, account, subject, tries, kind from platform.webhook_events
where tenant_id = %(tenant)s and source = %(source)s and state in ('new', 'failed') and due_at <= %(now)s
order by due_at, id
limit %(limit)s;

-- name: handled
update platform.webhook_events set
    state = 'handled', handled_at = %(now)s, tries = tries + 1, problem = null, run_id = %(run)s
where tenant_id = %(tenant)s and id = any (%(ids)s::bigint[]) and state in ('new', 'failed');

-- name: failed
-- With growing pauses; in the end somebody has to look.
update platform.webhook_events e set
    state = case when e.tries + 1 >= %(tries)s then 'refused' else 'failed' end,
    handled_at = case when e.tries + 1 >= %(tries)s then %(now)s::timestamptz end,
    tries = e.tries + 1,
    due_at = %(now)s::timestamptz + interval '1 minute' * power(2, least(e.tries, 10)),
    problem = f.problem,
    run_id = %(run)s
from unnest(%(ids)s::bigint[], %(problems)s::text[]) as f (id, problem)
where e.tenant_id = %(tenant)s and e.id = f.id and e.state in ('new', 'failed');

-- name: newest
select id, source, kind, account, subject, state, tries, received_at, due_at, handled_at, problem, run_id
from platform.webhook_events
where tenant_id = %(tenant)s and (%(state)s::text is null or state = %(state)s)
order by id desc
limit %(limit)s;

-- name: phones
-- What the newest of these bookings says: it comes before the profile's own phone (CRM-11).
select distinct on (subject) subject, body ->> 'phone' as phone
from platform.webhook_events
where tenant_id = %(tenant)s and id = any (%(ids)s::bigint[]) and kind = 'booking.created' and body ->> 'phone' <> ''
order by subject, id desc;
