"""Queries that live in ``sql/queries/<file>.sql``, each under a ``-- name:`` line."""

import re
from collections.abc import Mapping
from functools import cache

from psycopg import sql

from sync_platform.db.sql_files import sql_root

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


def query(file: str, name: str) -> sql.SQL:
    """The statement ``name`` of ``file``, with psycopg placeholders (``%(tenant)s``). Raises KeyError."""
    return queries(file)[name]


@cache
def queries(file: str) -> Mapping[str, sql.SQL]:
    """All statements of one file by name. Raises ValueError for a name that is given twice."""
    parts = _NAME.split((sql_root() / "queries" / f"{file}.sql").read_text(encoding="utf-8"))
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"sql/queries/{file}.sql gives a name twice")
    return {name: sql.SQL(text.strip().removesuffix(";")) for name, text in zip(names, parts[2::2], strict=True)}
