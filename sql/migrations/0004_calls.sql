-- Calls and batches are accounted for whatever happens to a process or to the database.

-- Committed batches of a run. A batch whose commit was not confirmed finds its own number here, and is not written twice.
alter table platform.sync_runs add column batches bigint not null default 0;

-- A run's row changes with every call: the trigger is asked only where it has something to say.
drop trigger if exists keep_finished_runs on platform.sync_runs;
create trigger keep_finished_runs before update on platform.sync_runs
    for each row when (old.state in ('succeeded', 'partial', 'failed', 'cancelled'))
    execute function platform.keep_finished_runs();

-- Who uses a credential's budget, and who waits for it (HTTP-12, HTTP-13). A credential may be shared by tenants, so
-- these rows are none's: credential and caller are keyed hashes, and tell nothing but how often something was used.
-- The rows live for an hour; the key is changed at once.
alter table platform.call_budget add column caller text not null default '';
-- squawk-ignore ban-drop-constraint
alter table platform.call_budget drop constraint call_budget_pkey;
-- squawk-ignore adding-serial-primary-key-field, constraint-missing-not-valid
alter table platform.call_budget add primary key (credential, slot, caller);

create table platform.call_demand (
    credential  text             not null,
    caller      text             not null,
    weight      double precision not null,
    waits_until timestamptz      not null,
    primary key (credential, caller)
);

-- Calls per day of UTC, for five weeks.
create table platform.call_days (
    credential text   not null,
    caller     text   not null,
    day        date   not null,
    calls      bigint not null,
    primary key (credential, day, caller)
);

grant select, insert, update, delete on platform.call_demand, platform.call_days to sp_loader;
