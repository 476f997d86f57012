"""186,394 receipts on both sides, made in the database: what Blaze says, and an old report with realistic decay."""

from uuid import UUID

import psycopg
from psycopg import sql

RECEIPTS = 186_394

_LOOKUPS = """
insert into blaze.lookups (tenant_id, kind, lookup_id, name, content_hash, first_seen_at, last_seen_at, last_changed_at,
    run_id)
select %(tenant)s, kind, kind || n, kind || ' ' || n, gen_random_uuid(), now(), now(), now(), 1
from unnest(array['shops', 'employees']) as kind, generate_series(0, 8) as n
"""
# keys in no order, as the ids of a source are
_STAGING = """
insert into blaze.transactions (tenant_id, transaction_id, customer_id, date, shop_id, seller_id, terminal,
    payment_type, total_amount, total_tax, discounts, loyalty_points_earned, loyalty_points_spent, blaze_status,
    trans_type, trans_no,
    line_count, start_time, end_time, completed_time, blaze_created, blaze_modified, business_day, content_hash,
    first_seen_at, last_seen_at, last_changed_at, run_id, source_modified_at)
select %(tenant)s, md5(n::text), md5((n %% 10047)::text), at, 'shops' || n %% 3, 'employees' || n %% 9,
    'till ' || n %% 4, (array['Cash', 'Debit', 'Credit'])[1 + n %% 3], (n %% 20000) / 100.0, (n %% 2000) / 100.0,
    (n %% 300) / 100.0,
    n %% 50, n %% 7, 'Completed', 'Sale', n::text, 3, at, at, at, at, at, (at at time zone 'America/Los_Angeles')::date,
    md5(n::text)::uuid, now(), now(), now() - interval '1 hour', 1, at
from (select n, timestamptz '2025-11-21 08:00Z' + n * interval '169 seconds' as at
      from generate_series(1, %(receipts)s) as n) g
order by 2
"""
# 1 in 100 is missing, 1 in 50 is off by the hours of a zone, 1 in 40 names another tender, 1 in 25 is rounded
_PRODUCTION = """
insert into public.transactions (tenant_id, transaction_id, customer_id, date, shop_location, staff_name, terminal,
    payment_type, total_amount, total_tax, discounts, loyalty_points_earned, loyalty_points_spent)
select tenant_id, transaction_id, customer_id,
    date + case when n %% 50 = 0 then interval '8 hours' else interval '0' end,
    replace(shop_id, 'shops', 'shops '), replace(seller_id, 'employees', 'employees '), terminal,
    case when n %% 40 = 0 then 'Check' when n %% 33 = 0 then upper(payment_type) else payment_type end,
    case when n %% 25 = 0 then round(total_amount) else total_amount end, total_tax,
    case when n %% 100 = 3 then discounts + 1 else discounts end, loyalty_points_earned, loyalty_points_spent
from (select t.*, t.trans_no::integer as n from blaze.transactions t where t.tenant_id = %(tenant)s) t
where n %% 100 <> 7 and %(receipts)s > 0
"""
COLUMNS = (
    "customer_id", "date", "terminal", "payment_type", "total_amount", "total_tax", "discounts",
    "loyalty_points_earned", "loyalty_points_spent", "shop_id", "seller_id", "refunded_amount", "blaze_status",
    "trans_type", "parent_transaction_id", "start_time", "end_time", "completed_time", "blaze_created",
    "blaze_modified",
)  # fmt: skip


def fill(connection: psycopg.Connection, tenant_id: UUID, receipts: int) -> None:
    """Insert both sides and bring the planner's statistics up to date."""
    for statement in (_LOOKUPS, _STAGING, _PRODUCTION):
        connection.execute(statement, {"tenant": tenant_id, "receipts": receipts})
    for table in ("blaze.transactions", "public.transactions", "blaze.lookups"):
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(*table.split("."))))


def full_join(tenant_id: UUID) -> sql.Composed:
    """The least that a comparison could be: both sides joined, equal values counted."""
    counted = sql.SQL("count(*) filter (where p.{0} = s.{0})")
    equal = sql.SQL(", ").join(counted.format(sql.Identifier(name)) for name in COLUMNS)
    side = "(select * from {}.transactions where tenant_id = {})"
    sides = [sql.SQL(side).format(sql.Identifier(name), sql.Literal(tenant_id)) for name in ("public", "blaze")]
    return sql.SQL("select count(*), {} from {} p full join {} s on p.transaction_id = s.transaction_id").format(
        equal, *sides
    )
