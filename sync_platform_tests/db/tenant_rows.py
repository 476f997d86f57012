"""Valid rows for any table of the catalog, so that a new table is attacked without being listed."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_TABLES = """
select n.nspname, c.relname,
       case when c.oid = 'platform.tenants'::regclass then 'id'
            when exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
            then 'tenant_id'
       end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where 'sp_owner'::regrole in (n.nspowner, c.relowner) and c.relkind in ('r', 'p') order by 1, 2
"""
_COLUMNS = """
select a.attname, format_type(a.atttypid, null),
       coalesce((select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
                 where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum]), '')
from pg_attribute a
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef
  and a.attidentity = '' order by a.attnum
"""
_VALUES: dict[str, Any] = {
    "uuid": uuid.UUID(int=7),
    "bigint": 7,
    "integer": 7,
    "numeric": 1,  # a score is at most that
    "double precision": 7,
    "boolean": True,
    "date": "2026-01-07",
    "jsonb": "{}",
    "text[]": "{here}",
    "integer[]": "{7}",
    "timestamp with time zone": "2026-01-07 00:00Z",
}
_PATTERNS = {r"^[A-Z]{2}$": "US", r"^[0-9a-f]{64}$": "0f" * 32}


@dataclass(frozen=True)
class TenantTable:
    """A table; ``tenant_column`` None where it belongs to no tenant."""

    schema: str
    name: str
    tenant_column: str | None
    columns: tuple[tuple[str, str, str], ...]

    @property
    def label(self) -> str:
        """As the inventory writes it."""
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """Quoted."""
        return sql.Identifier(self.schema, self.name)

    def row(self, tenant_id: uuid.UUID, mark: str) -> dict[str, Any]:
        """Required values. Equal marks give equal keys beside the tenant's; slugs belong to one tenant only."""
        values = {name: _value(kind, checks, mark) for name, kind, checks in self.columns}
        if self.tenant_column is not None:
            values[self.tenant_column] = tenant_id
        if self.label == "platform.tenants":
            values["slug"] = f"{mark}-{tenant_id.hex[:8]}"
        return values

    def insert(self, values: dict[str, Any]) -> sql.Composed:
        """One row; the values are bound by name."""
        return sql.SQL("insert into {} ({}) values ({})").format(
            self.identifier,
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )


def tables(connection: psycopg.Connection) -> list[TenantTable]:
    """Every table of the owner, and whatever else is in the schemas that it owns."""
    return [
        TenantTable(schema, name, column, tuple(connection.execute(_COLUMNS, (f"{schema}.{name}",)).fetchall()))
        for schema, name, column in connection.execute(_TABLES).fetchall()
    ]


def _value(kind: str, checks: str, mark: str) -> Any:
    if kind in _VALUES:
        return _VALUES[kind]
    allowed = re.search(r"ARRAY\['([^']+)'", checks)
    if allowed:
        return allowed[1]
    return next((value for pattern, value in _PATTERNS.items() if pattern in checks), mark)
