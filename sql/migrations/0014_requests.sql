-- What was asked for over HTTP and takes its time: a queue per tenant, worked off by the service's workers (API-03).
-- A request is a row; the runs that it starts are rows of the ledger that name it.

alter table platform.sync_runs add column if not exists request_id uuid;

create table if not exists platform.run_requests (
    tenant_id       uuid        not null references platform.tenants (id),
    id              uuid        not null,
    kind            text        not null check (length(kind) between 1 and 60),
    arguments       jsonb       not null default '{}' check (jsonb_typeof(arguments) = 'object'),
    actor           text        not null check (length(actor) <= 200),
    origin          text        check (length(origin) <= 200),           -- id of the HTTP request that asked
    state           text        not null default 'queued'
        check (state in ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')),
    stage           text        not null default 'waiting' check (length(stage) <= 100),
    done            bigint      not null default 0,                      -- steps, of those that are planned (API-04)
    planned         bigint      not null default 1,
    records         bigint      not null default 0,                      -- that were read or written so far
    parts           jsonb       not null default '{}',                   -- what is done of it: never done again
    result          jsonb,
    error_code      text        check (length(error_code) <= 60),
    error_message   text        check (length(error_message) <= 1000),
    attempts        integer     not null default 0,
    claim           uuid,
    lease_until     timestamptz,
    due_at          timestamptz not null default clock_timestamp(),
    cancel_asked_at timestamptz,
    cancel_reason   text        check (length(cancel_reason) <= 200),
    revision        bigint      not null default 1,                      -- of what can be seen of it
    created_at      timestamptz not null default clock_timestamp(),
    started_at      timestamptz,
    finished_at     timestamptz,
    primary key (tenant_id, id),
    check ((state = 'running') = (claim is not null and lease_until is not null)),
    check ((state in ('succeeded', 'partial', 'failed', 'cancelled')) = (finished_at is not null)),
    -- all steps are done in the final state only; whatever did not finish never says so (API-04)
    check (done >= 0 and (done < planned or (done = planned and state in ('succeeded', 'partial'))))
);
create index if not exists run_requests_open on platform.run_requests (tenant_id, due_at)
    where state in ('queued', 'running');
create index if not exists run_requests_newest on platform.run_requests (tenant_id, kind, created_at desc);
create index if not exists run_requests_finished on platform.run_requests (tenant_id, finished_at)
    where finished_at is not null;

-- queued -> running -> succeeded, partial, failed or cancelled; back to queued where it has to wait. What has ended does
-- not change, and progress never goes back, whoever reports it (API-04).
create or replace function platform.keep_request_states() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'queued' or new.done <> 0 or new.result is not null then
            raise exception 'a request begins as queued' using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if old.finished_at is not null then
        raise exception 'request % has ended and cannot be changed', old.id using errcode = 'restrict_violation';
    end if;
    if new.state <> old.state and not (
        (old.state = 'queued' and new.state in ('running', 'failed', 'cancelled'))
        or (old.state = 'running' and new.state in ('queued', 'succeeded', 'partial', 'failed', 'cancelled'))
    ) then
        raise exception 'request % is % and cannot become %', old.id, old.state, new.state
            using errcode = 'restrict_violation';
    end if;
    if new.done < old.done or new.records < old.records or new.done * old.planned < old.done * new.planned then
        raise exception 'the progress of request % would go back', old.id using errcode = 'restrict_violation';
    end if;
    -- a sign of life alone is nothing to be seen
    if (new.state, new.stage, new.done, new.planned, new.records, new.cancel_asked_at)
        is distinct from (old.state, old.stage, old.done, old.planned, old.records, old.cancel_asked_at) then
        new.revision = old.revision + 1;
    end if;
    return new;
end
$$;

drop trigger if exists keep_request_states on platform.run_requests;
create trigger keep_request_states before insert or update on platform.run_requests
    for each row execute function platform.keep_request_states();
revoke all on function platform.keep_request_states() from public;

grant select, insert, update, delete on platform.run_requests to sp_loader;
-- the service asks and looks; whoever works writes the rest
grant select on platform.run_requests to sp_web;
grant insert (tenant_id, id, kind, arguments, actor, origin) on platform.run_requests to sp_web;
grant select (tenant_id, id, kind, actor, origin, state, stage, done, planned, records, error_code, attempts,
    created_at, started_at, finished_at) on platform.run_requests to sp_readonly;
