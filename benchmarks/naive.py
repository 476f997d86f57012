"""The script people have today: requests, json, batches of 500 through SQLAlchemy ``insert ... on conflict do update``.

``python -m benchmarks.naive`` reads its arguments as JSON from standard input. One page after another, one table after
another, everything in the clear; written in good faith, with the keys and columns that the sync fills.
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import requests
from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Numeric, Table, Text, create_engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from benchmarks.rows import Record, customer, lines, product, transaction

SCHEMA = "naive"
PREFIX = "/api/v1/partner"
PAGE, BATCH, WEEK = 100, 500, timedelta(days=7)
METADATA = MetaData(schema=SCHEMA)


def _table(name: str, keys: str, columns: str) -> Table:
    """Columns as ``name`` (text) or ``name:type``."""
    types: dict[str, Any] = {
        "": Text, "money": Numeric(14, 4), "time": DateTime(timezone=True), "flag": Boolean, "integer": Integer,
    }  # fmt: skip
    made = [Column(key, Text, primary_key=True) for key in keys.split()]
    for column in columns.split():
        label, _, kind = column.partition(":")
        made.append(Column(label, types[kind]))
    return Table(name, METADATA, *made)


CUSTOMERS = _table(
    "customers",
    "member_id",
    "name phone email street_address city state zip_code last_visited:time loyalty_points:money lifetime_points:money"
    " customer_type is_medical:flag text_opt_in:flag email_opt_in:flag shop_id created:time modified:time deleted:flag",
)
TRANSACTIONS = _table(
    "transactions",
    "transaction_id",
    "customer_id date:time shop_id seller_id terminal payment_type total_amount:money total_tax:money discounts:money"
    " loyalty_points_earned:money loyalty_points_spent:money refunded_amount:money blaze_status trans_type"
    " refund_status trans_no parent_transaction_id start_time:time end_time:time created:time modified:time"
    " deleted:flag",
)
ITEMS = _table(
    "transaction_items",
    "transaction_id order_item_id",
    "line_no:integer product_id product_sku product_name brand_name category_name quantity:money unit_price:money"
    " total_price:money discount:money discount_type tax:money cost_of_goods:money line_status",
)
PRODUCTS = _table(
    "products",
    "product_id",
    "sku name brand category vendor_id retail_price:money cost:money is_active:flag thc:money cbd:money thca:money"
    " cbda:money cbg:money flower_type strain description weight_per_unit unit_value:money image_url shop_id"
    " created:time modified:time deleted:flag",
)


def main() -> None:
    """Load everything of one shop."""
    asked = json.load(sys.stdin)
    session = requests.Session()
    session.headers.update({"partner_key": asked["partner_key"], "Authorization": asked["shop_key"]})
    engine = create_engine(asked["database_url"].replace("postgresql://", "postgresql+psycopg://", 1))
    zone = ZoneInfo(asked["zone"])
    first, last = date.fromisoformat(asked["first_day"]), date.fromisoformat(asked["last_day"])
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create schema if not exists {SCHEMA}")
        METADATA.create_all(connection)
    url = asked["url"] + PREFIX
    with engine.connect() as connection:
        fill = partial(load, connection, pipelined=asked.get("pipelined", False))
        fill(PRODUCTS, map(product, pages(session, url + "/products", {})))
        for day in weeks(first, last):
            start = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
            window = {"startDate": start, "endDate": start + int(WEEK.total_seconds() * 1000)}
            fill(CUSTOMERS, map(customer, pages(session, url + "/members", window)))
        for day in weeks(first, last):
            until = min(day + WEEK - timedelta(days=1), last)
            dates = {"startDate": f"{day:%m/%d/%Y}", "endDate": f"{until:%m/%d/%Y}"}
            receipts = list(pages(session, url + "/transactions", dates))
            fill(TRANSACTIONS, map(transaction, receipts))
            fill(ITEMS, (line for receipt in receipts for line in lines(receipt)))


def weeks(first: date, last: date) -> Iterator[date]:
    """The first days of windows of a week."""
    while first <= last:
        yield first
        first += WEEK


def pages(session: requests.Session, url: str, params: Record) -> Iterator[Record]:
    """Records of a collection, page after page until one is empty."""
    skip = 0
    while True:
        answer = session.get(url, params={**params, "skip": skip, "limit": PAGE}, timeout=60)
        answer.raise_for_status()
        values = answer.json()["values"]
        if not values:
            return
        yield from values
        skip += len(values)


def load(connection: Connection, table: Table, rows: Iterator[Record], *, pipelined: bool) -> None:
    """Upsert in batches, the last of equal keys wins; a commit per batch."""
    keys = [column.name for column in table.primary_key]
    batch: dict[tuple[Any, ...], Record] = {}
    for row in rows:
        batch[tuple(row[key] for key in keys)] = row
        if len(batch) == BATCH:
            upsert(connection, table, keys, list(batch.values()), pipelined=pipelined)
            batch.clear()
    if batch:
        upsert(connection, table, keys, list(batch.values()), pipelined=pipelined)


def upsert(connection: Connection, table: Table, keys: list[str], rows: list[Record], *, pipelined: bool) -> None:
    """One batch: one statement with 500 rows of values, or 500 statements that the driver sends in a pipeline."""
    statement = insert(table) if pipelined else insert(table).values(rows)
    changes = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    connection.execute(statement, rows if pipelined else None)
    connection.commit()


if __name__ == "__main__":
    main()
