-- name: take_calls
select granted, wait_seconds, used
from platform.take_calls(%(credential)s, %(calls)s, %(limit)s, %(period)s, %(caller)s);

-- name: breaker
select failures, opened_at is not null as open from platform.circuit_breakers
where tenant_id = %(tenant_id)s and source = %(source)s;

-- name: breaker_allows
select platform.breaker_allows(%(source)s, %(open_for)s) as allowed;

-- name: breaker_report
select platform.breaker_report(%(source)s, %(success)s, %(threshold)s) as open;
