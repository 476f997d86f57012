-- The open invitation with this hash, before its tenant is known (TEN-25): SECURITY DEFINER, and nothing is told of one
-- whose hash is not given. Whether it may be taken up is decided in a transaction of its tenant.
create or replace function platform.find_invitation(p_hashes text[])
    returns table (id bigint, tenant_id uuid)
    language sql
    stable
    security definer
    set search_path = ''
    begin atomic
        select i.id, i.tenant_id from platform.invitations i
        where i.token_hash = any (p_hashes)
          and i.accepted_at is null and i.revoked_at is null and i.expires_at > now();
    end;

revoke all on function platform.find_invitation(text[]) from public;
grant execute on function platform.find_invitation(text[]) to sp_loader;
