"""What imports are compared with: the same file by COPY and SQL, and row by row as a simple script does."""

import csv
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database

_BLOCK = 1 << 18
_COLUMNS = (
    "transaction_number, transaction_date, user_id, sku_id, quantity, unit_price, line_total, final_amount,"
    " discount_amount, tax_amount, note"
)

_STAGE = """
create temporary table raw (
    line integer generated always as identity, transaction_number text collate "C", transaction_date timestamptz,
    user_id text collate "C", sku_id text collate "C", quantity numeric, unit_price numeric, line_total numeric,
    final_amount numeric, discount_amount numeric, tax_amount numeric, note text
) on commit drop
"""
_COPY = f"copy pg_temp.raw ({_COLUMNS}) from stdin with (format csv, header)"
_CHECK = """
select
    (select count(*) from raw r where not exists (
        select from purchases.users u where u.tenant_id = %(tenant)s and u.user_id = r.user_id and u.active)),
    (select count(*) from raw r where not exists (
        select from purchases.skus k where k.tenant_id = %(tenant)s and k.sku_id = r.sku_id and k.active)),
    (select count(*) from raw where abs(line_total - quantity * unit_price) > 0.01),
    (select count(*) from (
        select from raw group by transaction_number
        having min(transaction_date) <> max(transaction_date) or min(user_id) <> max(user_id)
            or min(final_amount) <> max(final_amount) or min(discount_amount) <> max(discount_amount)
            or min(tax_amount) <> max(tax_amount)
            or abs(sum(line_total) - min(discount_amount) + min(tax_amount) - min(final_amount)) > 0.01) g),
    (select count(*) from purchases.purchase_ledger l where l.tenant_id = %(tenant)s
        and l.transaction_number in (select transaction_number from raw))
"""
_INSERT = """
with heads as materialized (
    select transaction_number, min(line) as first_line, min(transaction_date) as transaction_date,
        min(user_id) as user_id, min(discount_amount) as discount_amount, min(tax_amount) as tax_amount,
        min(final_amount) as final_amount, (array_agg(note order by line) filter (where note is not null))[1] as note,
        count(*) as lines
    from raw group by transaction_number
), new as (
    insert into purchases.purchase_ledger (tenant_id, transaction_number, transaction_date, user_id, discount_amount,
        tax_amount, final_amount, note, arrival_day, first_seen_at, last_seen_at, last_changed_at)
    select %(tenant)s, transaction_number, transaction_date, user_id, discount_amount, tax_amount, final_amount, note,
        current_date, now(), now(), now()
    from heads order by first_line
    returning purchase_id, transaction_number
), items as (
    insert into purchases.purchase_items_ledger (tenant_id, purchase_id, line_no, sku_id, quantity, unit_price,
        line_total, note, first_seen_at, last_seen_at, last_changed_at)
    select %(tenant)s, n.purchase_id, row_number() over (partition by r.transaction_number order by r.line), r.sku_id,
        r.quantity, r.unit_price, r.line_total, r.note, now(), now(), now()
    from raw r join new n on n.transaction_number = r.transaction_number
)
insert into platform.outbox (tenant_id, topic, subject, payload)
select %(tenant)s, 'purchase.imported', n.transaction_number, jsonb_build_object('change', 'inserted',
    'purchase_id', n.purchase_id, 'transaction_number', n.transaction_number, 'lines', h.lines)
from new n join heads h on h.transaction_number = n.transaction_number
"""

_PURCHASE = """
insert into purchases.purchase_ledger (tenant_id, transaction_number, transaction_date, user_id, final_amount,
    discount_amount, tax_amount, note, arrival_day, first_seen_at, last_seen_at, last_changed_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, current_date, now(), now(), now()) returning purchase_id
"""
_ITEM = """
insert into purchases.purchase_items_ledger (tenant_id, purchase_id, line_no, sku_id, quantity, unit_price, line_total,
    note, first_seen_at, last_seen_at, last_changed_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, now(), now(), now())
"""
_MESSAGE = """
insert into platform.outbox (tenant_id, topic, subject, payload) values (%s, 'purchase.imported', %s,
    jsonb_build_object('change', 'inserted', 'purchase_id', %s::bigint, 'transaction_number', %s::text,
    'lines', %s::int))
"""


class NotTheSame(Exception):
    """A file of the bench was found to be wrong; it is not."""


def by_copy(database: Database, tenant: Tenant, path: Path) -> float:
    """Seconds of COPY, checks of users, SKUs, totals and numbers, and the insert, in one transaction.

    Role, row security, tables and indexes are those of an import.
    """
    values = {"tenant": tenant.id}
    began = time.perf_counter()
    with database.transaction(tenant.id) as conn, path.open("rb") as file:
        _in_zone(conn, tenant)
        conn.execute("select set_config('work_mem', '32MB', true), set_config('jit', 'off', true)")
        conn.execute(_STAGE)
        with conn.cursor().copy(_COPY) as copy:
            while block := file.read(_BLOCK):
                copy.write(block)
        if any(conn.execute(_CHECK, values).fetchone() or ()):
            raise NotTheSame
        conn.execute(_INSERT, values)
    return time.perf_counter() - began


def row_by_row(database: Database, tenant: Tenant, path: Path) -> float:
    """Seconds of a loop with a SELECT per user and SKU and an INSERT per row, in one transaction."""
    began = time.perf_counter()
    with database.transaction(tenant.id) as conn, path.open(newline="", encoding="utf-8") as file:
        _in_zone(conn, tenant)
        for number, lines in groupby(csv.DictReader(file), key=lambda row: row["transaction_number"]):
            rows = list(lines)
            purchase = 0
            note = next((row["note"] for row in rows if row["note"]), None)
            for line_no, row in enumerate(rows, 1):
                _look_up(conn, "users", "user_id", tenant, row["user_id"])
                _look_up(conn, "skus", "sku_id", tenant, row["sku_id"])
                if line_no == 1:
                    head = (row["transaction_date"], row["user_id"], row["final_amount"], row["discount_amount"])
                    purchase = _only(conn, _PURCHASE, (tenant.id, number, *head, row["tax_amount"], note))
                    conn.execute(_MESSAGE, (tenant.id, number, purchase, number, len(rows)))
                item = (row["sku_id"], row["quantity"], row["unit_price"], row["line_total"], row["note"] or None)
                conn.execute(_ITEM, (tenant.id, purchase, line_no, *item))
    return time.perf_counter() - began


def contents(url: str) -> dict[str, tuple[Any, ...]]:
    """What each tenant's ledger holds: purchases, lines, messages, a sum over their values without ids and times."""
    statement = """
        select t.slug, count(distinct p.purchase_id), count(*),
            (select count(*) from platform.outbox o where o.tenant_id = t.id),
            sum(hashtextextended(concat_ws('|', p.transaction_number, p.transaction_date, p.user_id, p.discount_amount,
                p.tax_amount, p.final_amount, coalesce(p.note, 'null'), i.line_no, i.sku_id, i.quantity, i.unit_price,
                i.line_total, coalesce(i.note, 'null')), 0)::numeric)
        from platform.tenants t
        join purchases.purchase_ledger p on p.tenant_id = t.id
        join purchases.purchase_items_ledger i on i.tenant_id = t.id and i.purchase_id = p.purchase_id
        group by t.id, t.slug
    """
    with psycopg.connect(url) as connection:
        return {slug: tuple(rest) for slug, *rest in connection.execute(statement).fetchall()}


def _in_zone(conn: Connection[Any], tenant: Tenant) -> None:
    conn.execute("select set_config('timezone', %s, true)", (tenant.zone_name,))


def _look_up(conn: Connection[Any], table: str, column: str, tenant: Tenant, value: str) -> None:
    statement = f"select active from purchases.{table} where tenant_id = %s and {column} = %s"
    if not _only(conn, statement, (tenant.id, value)):
        raise NotTheSame


def _only(conn: Connection[Any], statement: str, values: tuple[Any, ...]) -> Any:
    row = conn.execute(statement.encode(), values).fetchone()
    return row[0] if row else None
