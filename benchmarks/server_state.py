"""What PostgreSQL says about itself: WAL written, rows written, and a quiet moment before each measurement."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

TABLES = ("customers", "transactions", "transaction_items", "products")

_WRITTEN = """
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
from pg_catalog.pg_stat_user_tables where schemaname = %s
"""


@dataclass(frozen=True)
class Reading:
    """``wal`` is a position in bytes, ``rows`` the number ever inserted, updated or deleted in one schema."""

    wal: int
    rows: int


def settle(url: str) -> None:
    """Do now what autovacuum does within minutes of a load, so that it falls into no measurement, and checkpoint.

    Freshly loaded pages are marked at their first vacuum; with checksums each mark is logged.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")
        connection.execute("checkpoint")


def reading(url: str, schema: str = "blaze") -> Reading:
    """WAL and rows so far. Sessions report their rows when they end."""
    with psycopg.connect(url, autocommit=True) as connection:
        wal = connection.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
        rows = connection.execute(_WRITTEN, (schema,)).fetchone()
    assert wal is not None
    assert rows is not None
    return Reading(int(wal[0]), int(rows[0]))


def row_counts(url: str, schema: str = "blaze", tables: tuple[str, ...] = TABLES) -> dict[str, int]:
    """Rows per table, as the administrator sees them."""
    with psycopg.connect(url, autocommit=True) as connection:
        counts = {}
        for table in tables:
            row = connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
            ).fetchone()
            counts[table] = int(row[0]) if row else 0
    return counts


def described(url: str) -> str:
    """Version and the settings that decide how fast it writes."""
    names = (
        "shared_buffers",
        "max_wal_size",
        "fsync",
        "synchronous_commit",
        "wal_level",
        "data_checksums",
        "autovacuum",
    )
    with psycopg.connect(url, autocommit=True) as connection:
        version = connection.execute("show server_version").fetchone()
        values = [
            f"{name}={row[0]}"
            for name in names
            if (row := connection.execute("select current_setting(%s)", (name,)).fetchone())
        ]
    return f"PostgreSQL {version[0] if version else '?'} ({', '.join(values)})"
