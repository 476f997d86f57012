-- name: traces
-- What the ledger of a tenant says about Dagster runs that should be alive.
select dagster_run_id, bool_or(state = 'running') as writing, bool_or(error_class = 'LeaseExpired') as expired
from platform.sync_runs
where tenant_id = %(tenant)s and dagster_run_id = any(%(runs)s) and started_at > clock_timestamp() - interval '7 days'
group by 1

-- name: close
-- Rows that a run left open although it has ended. A process that lives on all the same finds its row closed, and
-- its batch is rolled back.
update platform.sync_runs set
    state = 'failed',
    finished_at = clock_timestamp(),
    lease_until = null,
    error_class = 'RunEnded',
    error_message = 'its Dagster run ended first; the next run goes on from the last committed batch'
where tenant_id = %(tenant)s and dagster_run_id = %(run)s and state = 'running'
  and started_at > clock_timestamp() - interval '7 days'
returning id
