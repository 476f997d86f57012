-- name: keep_data_key
-- The first key stays: two commands that start together agree on one.
insert into platform.tenant_keys (tenant_id, wrapped_key, key_id)
values (%(tenant_id)s, %(wrapped_key)s, %(key_id)s)
on conflict (tenant_id) do nothing;

-- name: lock_data_key
select wrapped_key, key_id from platform.tenant_keys where tenant_id = %(tenant_id)s for update;

-- name: rewrap_data_key
update platform.tenant_keys set wrapped_key = %(wrapped_key)s, key_id = %(key_id)s, wrapped_at = now()
where tenant_id = %(tenant_id)s;

-- name: other_environment
-- Data of two environments never meet in one tenant (BLZ-01), not even after one was switched off.
select environment from platform.tenant_sources
where tenant_id = %(tenant_id)s and source = %(source)s and environment <> %(environment)s
limit 1;

-- name: set
insert into platform.tenant_sources as s (tenant_id, source, environment, account, settings, secrets)
values (%(tenant_id)s, %(source)s, %(environment)s, %(account)s, %(settings)s, %(secrets)s)
on conflict (tenant_id, source, environment, account) do update set
    settings = s.settings || excluded.settings,
    secrets = excluded.secrets,
    active = true,
    rotated_at = now(),
    rejected_at = null,
    rejected_reason = null
returning tenant_id, source, environment, account, settings, active, rotated_at, rejected_at, rejected_reason;

-- name: rotate
update platform.tenant_sources set
    secrets = %(secrets)s,
    rotated_at = now(),
    rejected_at = null,
    rejected_reason = null
where tenant_id = %(tenant_id)s and source = %(source)s and environment = %(environment)s and account = %(account)s
returning tenant_id, source, environment, account, settings, active, rotated_at, rejected_at, rejected_reason;

-- name: accounts
select tenant_id, source, environment, account, settings, active, rotated_at, rejected_at, rejected_reason
from platform.tenant_sources
where tenant_id = %(tenant_id)s and source = %(source)s and active
order by environment, account;

-- name: reveal
select k.wrapped_key, s.secrets
from platform.tenant_sources s
join platform.tenant_keys k on k.tenant_id = s.tenant_id
where s.tenant_id = %(tenant_id)s and s.source = %(source)s and s.environment = %(environment)s
  and s.account = %(account)s;

-- name: mark_rejected
-- The first refusal keeps its time. A refusal of a key that was rotated meanwhile says nothing about the new one.
update platform.tenant_sources set rejected_at = coalesce(rejected_at, now()), rejected_reason = %(reason)s
where tenant_id = %(tenant_id)s and source = %(source)s and environment = %(environment)s and account = %(account)s
  and rotated_at is not distinct from %(rotated_at)s;

-- name: clear_rejected
update platform.tenant_sources set rejected_at = null, rejected_reason = null
where tenant_id = %(tenant_id)s and source = %(source)s and environment = %(environment)s and account = %(account)s
  and rejected_at is not null;

-- name: update_settings
update platform.tenant_sources set settings = settings || %(settings)s
where tenant_id = %(tenant_id)s and source = %(source)s and environment = %(environment)s and account = %(account)s;

-- name: active_sources
-- Where a tenant has an account.
select distinct source from platform.tenant_sources where tenant_id = %(tenant)s and active;

-- name: accounts_at
select tenant_id, events, newest, tries from platform.accounts_at(%(source)s, %(tenants)s, %(now)s);
