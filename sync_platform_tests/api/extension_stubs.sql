-- What sql/optional/pg_cron.sql uses of pg_cron, pg_net and Supabase's vault, with their names and arguments. They only
-- write down what they are called with.
create schema cron;
create table cron.job (jobid bigserial, jobname text unique, schedule text, command text);
create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql
    begin atomic
        insert into cron.job as j (jobname, schedule, command) values (job_name, schedule, command)
        on conflict (jobname) do update set schedule = excluded.schedule, command = excluded.command
        returning jobid;
    end;

create schema net;
create table net.called (id bigserial, url text, body jsonb, params jsonb, headers jsonb, timeout_milliseconds int);
create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}',
    headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000
) returns bigint language sql
    begin atomic
        insert into net.called (url, body, params, headers, timeout_milliseconds)
        values (url, body, params, headers, timeout_milliseconds) returning id;
    end;

create schema vault;
create table vault.decrypted_secrets (name text unique, decrypted_secret text);
