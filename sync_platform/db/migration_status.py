"""What a database has against what this release has. Every command asks, so it does without alembic and SQLAlchemy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sync_platform.db.connect import connect
from sync_platform.db.sql_files import SqlFile, sql_files

LEDGER = "platform_migrations"


@dataclass(frozen=True)
class MigrationStatus:
    """What a database has against what this release has."""

    current: str | None
    head: str
    pending: tuple[str, ...]
    edited: tuple[str, ...]

    @property
    def behind(self) -> bool:
        """Whether ``db upgrade`` has something to do."""
        return bool(self.pending)

    @property
    def newer(self) -> bool:
        """Whether a newer release was here."""
        return self.current is not None and self.current > self.head


def status(url: str) -> MigrationStatus:
    """What is applied and what is not. Works for every login that holds one of the platform's roles."""
    with connect(url) as connection, connection.transaction():
        return read_status(connection)


def read_status(connection: psycopg.Connection) -> MigrationStatus:
    """The same inside the caller's transaction."""
    files = migrations()
    head = number(files[-1])
    if not connection.execute(
        "select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relname = 'files'",
        (LEDGER,),
    ).fetchone():
        return MigrationStatus(None, head, tuple(f.name for f in (*files, *repeated_files())), ())
    connection.execute("set local role sp_loader")
    row = connection.execute("select version_num from platform_migrations.version").fetchone()
    current = str(row[0]) if row else None
    known = known_files(connection.execute("select name, checksum, revision from platform_migrations.files"))
    return MigrationStatus(
        current,
        head,
        tuple(f.name for f in files if current is None or number(f) > current)
        + tuple(f.name for f in repeated_files() if known.get(f.name) != (f.checksum, head)),
        tuple(f.name for f in files if f.name in known and known[f.name][0] != f.checksum),
    )


def repeated_files() -> tuple[SqlFile, ...]:
    """Functions, views and policies: applied again whenever one of them changed."""
    return (*sql_files("functions"), *sql_files("views"), *sql_files("policies"))


def known_files(rows: Iterable[Sequence[Any]]) -> dict[str, tuple[str, str]]:
    """Checksum and revision by name, out of rows of ``platform_migrations.files``."""
    return {name: (checksum, revision) for name, checksum, revision in rows}


def number(file: SqlFile) -> str:
    """The revision's name: ``0002`` of ``0002_platform.sql``."""
    return file.stem.split("_", 1)[0]


def migrations() -> tuple[SqlFile, ...]:
    """All migrations in order. Raises ValueError for a number that is given twice."""
    files = sql_files("migrations")
    if len({number(file) for file in files}) != len(files):
        raise ValueError("two files in sql/migrations have the same number")
    return files
