-- The packages that a profile has, for people and applications: whose they are, what is left of them, and whether they
-- may still be used (CRM-12). Nothing is stored; "today" is the tenant's own. Only packages of the customer that the
-- profile is mapped to are shown: what is left of a mapping that was taken back is nobody's to see.

drop view if exists analytics.customer_packages;
create view analytics.customer_packages with (security_invoker = true) as
with tenant as (
    select t.id, (now() at time zone t.zone)::date as today
    from platform.tenants t where t.id = (select platform.current_tenant())
)
select p.tenant_id, p.profile_id, f.full_name, m.state as mapping_state, p.stable_hash_id, p.crm_package_id,
       p.package_name, p.package_display_name, p.package_type, p.validity_period, p.pax,
       p.total_hours, p.used_hours, p.remaining_hours, p.first_use_date, p.expiration_date, p.purchased_at,
       case when p.expiration_date is null then 'undated' when p.expiration_date < t.today then 'expired'
            else 'active' end as state,
       p.last_changed_at, f.packages_synced_at
from crm.packages p
join tenant t on t.id = p.tenant_id
join crm.profiles f on f.tenant_id = p.tenant_id and f.profile_id = p.profile_id
join crm.customer_mapping m
    on m.tenant_id = p.tenant_id and m.profile_id = p.profile_id and m.state in ('auto', 'confirmed')
    and (p.stable_hash_id = m.stable_hash_id or p.stable_hash_id = any (m.previous_hashes))
where p.tenant_id = (select platform.current_tenant()) and p.deleted_at is null;

grant select on analytics.customer_packages to sp_loader, sp_web, sp_readonly;
