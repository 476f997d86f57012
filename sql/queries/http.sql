-- What the HTTP service remembers from one request to the next.

-- name: take
select granted, wait_seconds from platform.take_requests(%(who)s, %(count)s, %(limit)s);

-- name: claim
select outcome, status, answer, wait_seconds
from platform.claim_idempotency_key(
    %(tenant)s::uuid, %(id)s, %(fingerprint)s, %(holder)s::uuid,
    make_interval(secs => %(lease)s), make_interval(hours => %(hours)s));

-- name: extend
update platform.idempotency_keys
set lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
where tenant_id = %(tenant)s::uuid and id = %(id)s and holder = %(holder)s::uuid and status is null
returning true;

-- name: answer
update platform.idempotency_keys
set status = %(status)s, answer = %(answer)s
where tenant_id = %(tenant)s::uuid and id = %(id)s and holder = %(holder)s::uuid and status is null
returning true;

-- name: release
delete from platform.idempotency_keys
where tenant_id = %(tenant)s::uuid and id = %(id)s and holder = %(holder)s::uuid and status is null
returning true;
