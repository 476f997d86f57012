-- Invitations of a tenant (TEN-25).

-- name: find_by_hash
select f.tenant_id, f.id from platform.find_invitation(%(hashes)s) f;

-- name: insert
insert into platform.invitations (tenant_id, token_hash, email, role, extra_permissions, denied_permissions,
    grant_expires_at, invited_by, inviter, expires_at)
values (%(tenant)s, %(hash)s, %(email)s, %(role)s, %(extra)s, %(denied)s, %(grant_expires_at)s, %(invited_by)s,
    %(inviter)s, now() + make_interval(days => %(days)s))
returning id, email, role, extra_permissions, denied_permissions, grant_expires_at, invited_by, inviter, created_at,
          expires_at, accepted_at, accepted_by, revoked_at, true as is_open;

-- name: list
select id, email, role, extra_permissions, denied_permissions, grant_expires_at, invited_by, inviter, created_at,
       expires_at, accepted_at, accepted_by, revoked_at,
       accepted_at is null and revoked_at is null and expires_at > now() as is_open
from platform.invitations
where tenant_id = %(tenant)s and (%(id)s::bigint is null or id = %(id)s)
order by id desc;

-- name: accept
update platform.invitations set accepted_at = now(), accepted_by = %(person)s
where tenant_id = %(tenant)s and id = %(id)s
  and accepted_at is null and revoked_at is null and expires_at > now();

-- name: revoke
update platform.invitations set revoked_at = now()
where tenant_id = %(tenant)s and id = %(id)s and accepted_at is null and revoked_at is null;
