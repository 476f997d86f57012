-- When packages of the CRM are read (DAG-10).

-- name: own_cron
select settings ->> 'cron' from platform.tenant_sources
where tenant_id = %(tenant)s and source = 'crm' and active and settings ->> 'cron' <> ''
order by account
limit 1

-- name: own_time
-- With the moment up to which a run by the clock has read, by the platform's clock; how it ended does not matter.
select s.settings ->> 'cron', (
    select max(r.window_end) from platform.sync_runs r
    where r.tenant_id = s.tenant_id and r.source = s.source and r.entity = 'packages' and r.kind = 'scheduled')
from platform.tenant_sources s
where s.tenant_id = %(tenant)s and s.source = 'crm' and s.active and s.settings ->> 'cron' <> ''
order by s.account
limit 1
