"""Changes at the source whose number is known, and what of them arrived in the tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.server_state import TABLES
from benchmarks.source import Source
from sync_platform.sandbox.spec import ShopSpec


@dataclass(frozen=True)
class Arrived:
    """Rows whose content is new, per table, and rows that were only marked as read again (parents of refunds)."""

    changed: dict[str, int]
    marked: int


def one_percent(source: Source, spec: ShopSpec, seed: int) -> dict[str, int]:
    """Modify one record in a hundred of each collection; returns the number of rows that have to change."""
    assert spec.transactions is not None
    wanted = {"customers": spec.members, "transactions": spec.transactions, "products": spec.products}
    changed = {table: _modified(source, spec, table, count // 100, seed) for table, count in wanted.items()}
    return changed | {"transaction_items": 0}


def an_hour_of_business(source: Source, spec: ShopSpec, seed: int, records: int) -> dict[str, int]:
    """New sales, members and products modified since the last run: ``records`` in all.

    Returns the number of rows that have to change. The lines of the sales come on top and are not counted.
    """
    customers, products = records * 2 // 5, records // 5
    sales = records - customers - products
    source.add_sales(spec.name, sales)
    return {
        "customers": _modified(source, spec, "customers", customers, seed),
        "products": _modified(source, spec, "products", products, seed),
        "transactions": sales,
    }


def arrived(url: str, since: datetime) -> Arrived:
    """What the tables say was written since a moment of the database's clock."""
    changed, marked = {}, 0
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            row: Any = connection.execute(
                sql.SQL(
                    "select count(*) filter (where last_changed_at >= %(since)s),"
                    " count(*) filter (where last_changed_at < %(since)s and last_seen_at >= %(since)s) from {}"
                ).format(sql.Identifier("blaze", table)),
                {"since": since},
            ).fetchone()
            changed[table] = row[0]
            marked += row[1]
    return Arrived(changed, marked)


def proof(url: str, since: datetime, rows: int, expected: dict[str, int]) -> tuple[bool, str]:
    """Whether exactly the changed rows were written: by their contents, and by PostgreSQL's own count ``rows``."""
    found = arrived(url, since)
    right = all(found.changed[table] == count for table, count in expected.items())
    written = sum(found.changed.values()) + found.marked
    records = sum(found.changed[table] for table in expected)
    return right and rows == written, f"{records} of {sum(expected.values())} records, {rows} rows"


def database_time(url: str) -> datetime:
    """The database's clock."""
    with psycopg.connect(url, autocommit=True) as connection:
        row: Any = connection.execute("select clock_timestamp()").fetchone()
    moment: datetime = row[0]
    return moment


def _modified(source: Source, spec: ShopSpec, table: str, count: int, seed: int) -> int:
    """Modify until that many different records are: the choice is random and may fall on one twice."""
    entity = "members" if table == "customers" else table
    ids: set[str] = set()
    while len(ids) < count:
        ids |= source.modify(spec.name, entity, count - len(ids), seed)
        seed += 1_000
    return len(ids)
