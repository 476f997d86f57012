-- Calls and batches are accounted for whatever happens to a process or to the database.

-- Committed batches of a run. A batch whose commit was not confirmed finds its own number here, and is not written twice.
alter table platform.sync_runs add column batches bigint not null default 0;
