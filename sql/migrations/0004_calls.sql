-- Calls and batches are accounted for whatever happens to a process or to the database.

-- Committed batches of a run. A batch whose commit was not confirmed finds its own number here, and is not written twice.
alter table platform.sync_runs add column batches bigint not null default 0;

-- A run's row changes with every call: the trigger is asked only where it has something to say.
drop trigger if exists keep_finished_runs on platform.sync_runs;
create trigger keep_finished_runs before update on platform.sync_runs
    for each row when (old.state in ('succeeded', 'partial', 'failed', 'cancelled'))
    execute function platform.keep_finished_runs();
