-- name: take_calls
select granted, wait_seconds, used
from platform.take_calls(%(credential)s, %(calls)s, %(limit)s, %(period)s, %(caller)s);

-- name: budget_use
-- Calls per credential and caller: in the period, in the last hour, and today.
select credential, caller, coalesce(recent.used, 0)::bigint, coalesce(recent.last_hour, 0)::bigint,
       coalesce(today.calls, 0)
from (
    select b.credential, b.caller,
           sum(b.calls) filter (where b.slot > clock_timestamp() - %(period)s) as used,
           sum(b.calls) filter (where b.slot > clock_timestamp() - interval '1 hour') as last_hour
    from platform.call_budget b
    group by b.credential, b.caller
) recent
full join (
    select d.credential, d.caller, d.calls from platform.call_days d
    where d.day = (clock_timestamp() at time zone 'UTC')::date
) today using (credential, caller);

-- name: breaker
select failures, opened_at is not null as open from platform.circuit_breakers
where tenant_id = %(tenant_id)s and source = %(source)s;

-- name: breaker_allows
select platform.breaker_allows(%(source)s, %(open_for)s) as allowed;

-- name: breaker_report
select platform.breaker_report(%(source)s, %(success)s, %(threshold)s) as open;
