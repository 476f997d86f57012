-- What sp_web reads is up to who asks (TEN-24, TEN-26, TEN-27): restrictive policies beside the tenant's isolation. Each
-- table with business data needs a permission; every other table of a tenant needs a role there that sees rows, so that
-- a new table is closed to investors without being listed here. Policies ask once per query, not per row.

do $$
declare
    t record;
begin
    for t in
        select c.oid::regclass as name, coalesce(w.condition, 'platform.belongs_here()') as condition
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        left join (values
            ('blaze.transactions', 'platform.may(''transactions.read'')'),
            ('blaze.transaction_items', 'platform.may(''transactions.read'')'),
            ('public.transactions', 'platform.may(''transactions.read'')'),
            ('public.transaction_items', 'platform.may(''transactions.read'')'),
            ('mx_merchant.payments', 'platform.may(''transactions.read'')'),
            ('purchases.purchase_ledger', 'platform.may(''transactions.read'')'),
            ('purchases.purchase_items_ledger', 'platform.may(''transactions.read'')'),
            ('mx_merchant.invoices', 'platform.may(''invoices.read'')'),
            ('mx_merchant.invoice_items', 'platform.may(''invoices.read'')'),
            ('blaze.products', 'platform.may(''products.read'')'),
            ('blaze.lookups', 'platform.may(''products.read'')'),
            ('public.products', 'platform.may(''products.read'')'),
            ('purchases.skus', 'platform.may(''products.read'')'),
            ('mx_merchant.product_categories', 'platform.may(''products.read'')'),
            ('blaze.customers', 'platform.may(''customers.read_pii'')'),
            ('public.customers', 'platform.may(''customers.read_pii'')'),
            ('crm.customers', 'platform.may(''customers.read_pii'')'),
            ('crm.match_reviews', 'platform.may(''crm.match.review'') and platform.may(''customers.read_pii'')'),
            ('purchases.users', 'platform.may(''customers.read_pii'')'),
            ('purchases.bulk_import_batches', 'platform.may_import()'),
            ('purchases.bulk_import_errors', 'platform.may_import()'),
            ('purchases.column_mappings', 'platform.may_import()'),
            ('platform.comparison_rows', 'platform.may(''compare.read'', ''all'')'),
            ('platform.comparison_days', 'platform.may(''compare.read'', ''all'')'),
            ('platform.accepted_differences', 'platform.may(''compare.read'', ''all'')'),
            ('platform.promotions', 'platform.may(''compare.read'', ''all'')'),
            ('platform.comparisons', 'platform.may(''compare.read'')'),
            ('platform.comparison_fields', 'platform.may(''compare.read'')'),
            ('platform.quarantine', 'platform.may(''quarantine.read'')'),
            ('platform.user_tenant_permissions', 'platform.may(''users.invite'')'),
            ('platform.invitations', 'platform.may(''users.invite'')')
        ) as w (name, condition) on w.name = format('%s.%s', n.nspname, c.relname)
        where (n.nspname in ('platform', 'blaze', 'mx_merchant', 'crm', 'purchases')
               or n.nspname = 'public'
               and c.relname in ('customers', 'transactions', 'transaction_items', 'products'))
          and c.relkind in ('r', 'p')
          and (c.oid = 'platform.tenants'::regclass or exists (
              select from pg_catalog.pg_attribute a
              where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
          -- they have policies of their own, below
          and c.oid not in ('crm.profiles'::regclass, 'crm.packages'::regclass, 'crm.customer_mapping'::regclass,
                            'platform.service_tokens'::regclass)
    loop
        execute format('drop policy if exists web_access on %s', t.name);
        execute format(
            'create policy web_access on %s as restrictive for select to sp_web using ((select %s))',
            t.name, t.condition);
    end loop;
end
$$;

-- A person's own profile and packages; the profile also where nobody asks, because events bring it up to date.
drop policy if exists web_access on crm.profiles;
create policy web_access on crm.profiles as restrictive for select to sp_web using (
    (select platform.nobody_asks() or platform.may('customers.read_pii'))
    or (profile_id = (select platform.current_user_id()::text) and (select platform.may('packages.read.own'))));
drop policy if exists web_access on crm.packages;
create policy web_access on crm.packages as restrictive for select to sp_web using (
    (select platform.may('packages.read'))
    or (profile_id = (select platform.current_user_id()::text) and (select platform.may('packages.read.own'))));
drop policy if exists web_access on crm.customer_mapping;
create policy web_access on crm.customer_mapping as restrictive for select to sp_web using (
    (select platform.may('customers.read_pii') or platform.may('packages.read'))
    or (profile_id = (select platform.current_user_id()::text) and (select platform.may('packages.read.own'))));

-- A token sees itself; the others are seen by whoever may rotate keys.
drop policy if exists web_access on platform.service_tokens;
create policy web_access on platform.service_tokens as restrictive for select to sp_web using (
    id = (select platform.current_token_id())
    or (select platform.has_permission(
        platform.current_user_id(), platform.current_tenant(), 'credentials.rotate')));

-- A nurse notes when the documents of an invoice were sent, in the own name (TEN-26).
drop policy if exists web_data_sent on mx_merchant.invoices;
create policy web_data_sent on mx_merchant.invoices as restrictive for update to sp_web
    using ((select platform.may('invoices.update_data_sent')))
    with check (data_sent_by is null or data_sent_by = (select platform.current_user_id()));

-- The functions with their owner's rights read grants, tokens and invitations of all tenants.
drop policy if exists directory on platform.user_tenant_permissions;
create policy directory on platform.user_tenant_permissions for select to sp_owner using (true);
drop policy if exists directory on platform.service_tokens;
create policy directory on platform.service_tokens for select to sp_owner using (true);
drop policy if exists directory on platform.invitations;
create policy directory on platform.invitations for select to sp_owner using (true);

-- Grants of the platform belong to no tenant; the loader writes them in a transaction without one, or in that of the
-- platform's own audit chain, whose id is zero.
drop policy if exists platform_grants on platform.user_tenant_permissions;
create policy platform_grants on platform.user_tenant_permissions for all to sp_loader
    using (tenant_id is null and coalesce(
        (select platform.current_tenant()), '00000000-0000-0000-0000-000000000000')
        = '00000000-0000-0000-0000-000000000000')
    with check (tenant_id is null and coalesce(
        (select platform.current_tenant()), '00000000-0000-0000-0000-000000000000')
        = '00000000-0000-0000-0000-000000000000');
