"""The physical limit: the same pages fetched and thrown away, the same rows copied from ready buffers."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
import psycopg
from psycopg import sql

from benchmarks.server_state import TABLES

BATCH = 20_000


@dataclass(frozen=True)
class Fetched:
    """What the server alone delivered."""

    seconds: float
    pages: int
    megabytes: float


def fetch(url: str, targets: Sequence[str], partner_key: str, shop_key: str) -> Fetched:
    """Ask the same questions again, one after another over one connection, reading bodies and decoding nothing.

    Goes through httpx's transport as the client does. Fetching ahead would gain nothing where nothing else is done.
    """
    headers = {"partner_key": partner_key, "Authorization": shop_key, "Accept": "application/json"}
    size = 0
    with httpx.HTTPTransport() as transport:
        began = time.perf_counter()
        for target in targets:
            response = transport.handle_request(httpx.Request("GET", url + target, headers=headers))
            assert response.status_code == 200, target
            size += len(b"".join(response.iter_raw()))
            response.close()
        return Fetched(time.perf_counter() - began, len(targets), size / 1e6)


@dataclass(frozen=True)
class Buffers:
    """The rows of the four tables as COPY text. ``batches``: what one transaction writes, in order."""

    columns: dict[str, list[str]]
    batches: list[list[tuple[str, bytes]]]


def ready_buffers(url: str) -> Buffers:
    """Take the rows out of a loaded database, in the order of their keys, 20,000 receipts with their lines together."""
    with psycopg.connect(url) as connection:
        columns = {table: _columns(connection, table) for table in TABLES}
        receipts = _rows(connection, "transactions", columns)
        lines = _rows(connection, "transaction_items", columns)
        counts = connection.execute(
            "select (select count(*) from blaze.transaction_items i"
            " where i.tenant_id = t.tenant_id and i.transaction_id = t.transaction_id)"
            ' from blaze.transactions t order by t.transaction_id collate "C"'
        )
        line_counts = [int(row[0]) for row in counts]
        batches = [[(table, b"".join(_rows(connection, table, columns)))] for table in ("products", "customers")]
    for first in range(0, len(line_counts), BATCH):
        own_lines = itertools.islice(lines, sum(line_counts[first : first + BATCH]))
        own = itertools.islice(receipts, BATCH)
        batches.append([("transactions", b"".join(own)), ("transaction_items", b"".join(own_lines))])
    return Buffers(columns, batches)


def copy(url: str, buffers: Buffers) -> float:
    """Seconds to COPY all buffers into the tables, a commit per batch. By a superuser: row security refuses COPY."""
    with psycopg.connect(url, autocommit=True) as connection:
        began = time.perf_counter()
        for batch in buffers.batches:
            with connection.transaction():
                for table, rows in batch:
                    statement = sql.SQL("copy {} ({}) from stdin").format(
                        sql.Identifier("blaze", table), _names(buffers.columns[table])
                    )
                    with connection.cursor().copy(statement) as copying:
                        copying.write(rows)
        return time.perf_counter() - began


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    rows = connection.execute(
        "select attname from pg_catalog.pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped and attgenerated = '' order by attnum",
        (f"blaze.{table}",),
    )
    return [row[0] for row in rows]


def _rows(connection: psycopg.Connection, table: str, columns: dict[str, list[str]]) -> Iterator[bytes]:
    """Lines of COPY text in the order of the key: ids begin with the time, so this is the order of the source."""
    keys = {"transaction_items": ("transaction_id", "line_no"), "transactions": ("transaction_id",)}
    order = sql.SQL(", ").join(
        sql.SQL('{} collate "C"').format(sql.Identifier(key)) if key.endswith("_id") else sql.Identifier(key)
        for key in keys.get(table, (columns[table][1],))
    )
    statement = sql.SQL("copy (select {} from {} order by {}) to stdout").format(
        _names(columns[table]), sql.Identifier("blaze", table), order
    )
    with connection.cursor().copy(statement) as copying:
        rows = [bytes(row) for row in copying]
    return iter(rows)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
