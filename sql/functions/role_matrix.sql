-- Roles, permissions and the matrix of both (TEN-22, TEN-23); docs/permissions.md is written from what this leaves. Run
-- again by each upgrade, so that a database holds what its release says. A cell is how much the role gets of it:
--   all; own: what is one's own; rates: no rows; masked: no personal data; staff: people up to clinic staff;
--   aggregates: sums without cells of fewer than 5 customers; null: nothing.

insert into platform.roles (role, rank, platform) values
    ('super_admin', 100, true),
    ('tenant_owner', 80, false),
    ('tenant_admin', 60, false),
    ('clinic_staff', 40, false),
    ('nurse', 30, false),
    ('viewer', 20, false),
    ('investor', 10, true)
on conflict (role) do update set rank = excluded.rank, platform = excluded.platform;

with matrix as materialized (
    select row_number() over ()::integer as "position", m.*
    from (values
        ('transactions.read', 'all', 'all', 'all', 'all', null, 'all', 'aggregates'),
        ('invoices.read', 'all', 'all', 'all', 'all', 'all', 'all', 'aggregates'),
        ('products.read', 'all', 'all', 'all', 'all', null, 'all', 'aggregates'),
        ('customers.read', 'all', 'all', 'all', 'all', 'all', 'all', null),
        ('customers.read_pii', 'all', 'all', 'all', 'all', null, null, null),
        ('invoices.manage', 'all', 'all', 'all', null, null, null, null),
        ('invoices.update_status', 'all', 'all', 'all', 'all', null, null, null),
        ('invoices.update_data_sent', 'all', 'all', 'all', 'all', 'all', null, null),
        ('sync.run', 'all', 'all', 'all', null, null, null, null),
        ('sync.dry_run', 'all', 'all', 'all', null, null, null, null),
        ('sync.cancel', 'all', 'all', 'all', null, null, null, null),
        ('sync.emergency', 'all', 'all', null, null, null, null, null),
        ('sync.undo', 'all', 'all', null, null, null, null, null),
        ('webhook.manage', 'all', 'all', null, null, null, null, null),
        ('config.read', 'all', 'all', 'all', null, null, null, null),
        ('config.update', 'all', 'all', null, null, null, null, null),
        ('credentials.rotate', 'all', 'all', null, null, null, null, null),
        ('users.invite', 'all', 'all', 'staff', null, null, null, null),
        ('users.manage', 'all', 'all', null, null, null, null, null),
        ('imports.create', 'all', 'all', 'all', null, null, null, null),
        ('imports.cancel', 'all', 'all', 'all', null, null, null, null),
        ('imports.read', 'all', 'all', 'all', 'all', null, 'all', null),
        ('categories.manage', 'all', 'all', 'all', null, null, null, null),
        ('compare.read', 'all', 'all', 'all', null, null, 'rates', null),
        ('promote.run', 'all', 'all', 'all', null, null, null, null),
        ('promote.rollback', 'all', 'all', 'all', null, null, null, null),
        ('promote.override', 'all', 'all', null, null, null, null, null),
        ('quarantine.read', 'all', 'all', 'all', null, null, null, null),
        ('quarantine.replay', 'all', 'all', 'all', null, null, null, null),
        ('crm.match.review', 'all', 'all', 'all', null, null, null, null),
        ('crm.sync.own', 'own', 'own', 'own', 'own', 'own', 'own', null),
        ('packages.read.own', 'own', 'own', 'own', 'own', 'own', 'own', null),
        ('crm.sync.any', 'all', 'all', 'all', 'all', null, null, null),
        ('packages.read', 'all', 'all', 'all', 'all', null, null, null),
        ('data.export', 'all', 'all', 'all', 'masked', null, null, null),
        ('analytics.read', 'all', 'all', 'all', null, null, null, 'aggregates'),
        ('reports.read', 'all', 'all', 'all', null, null, null, 'aggregates'),
        ('audit.read', 'all', 'all', null, null, null, null, null),
        ('privacy.erase', 'all', 'all', null, null, null, null, null),
        ('tenants.manage', 'all', null, null, null, null, null, null)
    ) as m (permission, super_admin, tenant_owner, tenant_admin, clinic_staff, nurse, viewer, investor)
), cells as materialized (
    select cell.role, m.permission, cell.how
    from matrix m
    cross join lateral (values
        ('super_admin', m.super_admin), ('tenant_owner', m.tenant_owner), ('tenant_admin', m.tenant_admin),
        ('clinic_staff', m.clinic_staff), ('nurse', m.nurse), ('viewer', m.viewer), ('investor', m.investor)
    ) as cell (role, how)
    where cell.how is not null
), named as (
    insert into platform.permissions (permission, "position", how)
    select m.permission, m."position", m.super_admin from matrix m
    on conflict (permission) do update set "position" = excluded."position", how = excluded.how
), gone as (
    delete from platform.role_permissions r
    where not exists (select from cells c where c.role = r.role and c.permission = r.permission)
)
insert into platform.role_permissions (role, permission, how)
select c.role, c.permission, c.how from cells c
on conflict (role, permission) do update set how = excluded.how;
