"""The packages of the job before this one as a temporary table, and why a row is on one side only (CMP-18)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.rows import class_row

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.db.copy_text import OPTIONS, copy_chunks
from sync_platform.db.field_map import package_map
from sync_platform.db.queries import query

PROFILE, CUSTOMER, PACKAGE = "profile_id", "stable_hash_id", "crm_package_id"
#: What a customer's first answer holds: the job read no second page.
FIRST_ANSWER: Final = 1000
_TENANT = "tenant_id"


@dataclass(frozen=True)
class LonelyRows:
    """Rows that one side lacks, for one reason. ``keys`` are the first few, as ``profile/package``."""

    row_class: str
    reason: str
    rows: int
    profiles: int
    keys: list[str]


def old_columns() -> dict[str, str]:
    """What a row of the job may tell, with types: whose it is, by profile or by customer, and every field."""
    fields = {field.name: field.type for field in package_map().fields}
    return {PROFILE: "text", CUSTOMER: "text", PACKAGE: "text"} | fields


def stage_old_packages(conn: Connection[Any], tenant_id: UUID, lines: Sequence[bytes]) -> int:
    """Lines of ``copy_line``: a number and the values of ``old_columns``. How many had the key of another one."""
    names = sql.SQL(", ").join(map(sql.Identifier, old_columns()))
    types = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in old_columns().items()
    )
    conn.execute(
        sql.SQL(
            "create temporary table old_packages (line_no bigint, {}, tenant_id uuid default {}, origin text,"
            " last_changed_at timestamptz) on commit drop"
        ).format(types, sql.Literal(str(tenant_id)))
    )
    with conn.cursor().copy(
        sql.SQL("copy old_packages (line_no, {}) from stdin {}").format(names, sql.SQL(OPTIONS))
    ) as copy:
        for chunk in copy_chunks(lines):
            copy.write(chunk)
    conn.execute("analyze old_packages")
    conn.execute(query("crm_comparison", "name_profiles"), {"tenant": tenant_id})
    conn.execute(query("crm_comparison", "name_nobody"))
    return conn.execute(query("crm_comparison", "forget_twins")).rowcount


def columns_of_table(conn: Connection[Any], table: str) -> list[str]:
    """Raises InvalidRequest where there is no such table."""
    rows = conn.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        (quoted(table).as_string(conn),),
    ).fetchall()
    if not rows:
        raise InvalidRequest(f"there is no table {table[:80]}; name it with --old-table, or give an export with --file")
    return [name for (name,) in rows]


def rows_of_table(
    conn: Connection[Any], table: str, columns: Iterable[str], tenant_id: UUID, *, several: bool
) -> Iterator[Sequence[str | None]]:
    """The tenant's rows as texts. ``several``: other tenants share the database.

    Raises Refused where nobody can say whose rows they are, or where they may not be read.
    """
    own = _TENANT in columns_of_table(conn, table)
    if several and not own:
        raise Refused(
            f"{table} has no column tenant_id, and this database has several tenants: nobody can say whose rows"
            " these are. Export those of the tenant, and give the export with --file"
        )
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)
    where = sql.SQL(" where {}::text = {}").format(sql.Identifier(_TENANT), sql.Literal(str(tenant_id)))
    statement = sql.SQL("select {} from {}{}").format(texts, quoted(table), where if own else sql.SQL(""))
    try:
        yield from conn.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        raise Refused(
            f"the role sp_promoter may not read {table}; grant it: grant select on {table} to sp_promoter"
        ) from None


def lonely_rows(conn: Connection[Any], tenant_id: UUID, name_only: str) -> list[LonelyRows]:
    """Inside a comparison. ``name_only`` is the reason of questions about people of whom only the names are alike."""
    values = {"tenant": tenant_id, "first_answer": FIRST_ANSWER, "name_only": name_only}
    return conn.cursor(row_factory=class_row(LonelyRows)).execute(query("crm_comparison", "reasons"), values).fetchall()


def quoted(table: str) -> sql.Identifier:
    """``schema.table``. Raises InvalidRequest for anything else."""
    parts = table.split(".")
    if len(parts) != 2 or not all(parts):
        raise InvalidRequest(f"{table[:80]!r} names no table; write schema.table, such as public.crm_packages")
    return sql.Identifier(*parts)
