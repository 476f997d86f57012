"""The tables of a stand-in project in a real PostgreSQL, as the judge of conditions and orders."""

from typing import Any

import psycopg
from psycopg import sql

from sync_platform.sandbox.crm_columns import CUSTOMER_COLUMNS, TEXT, Columns, package_columns
from sync_platform.sandbox.crm_grammar import Condition, Ordering, Tree
from sync_platform.sandbox.crm_project import CrmProject

SQL_OPERATORS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
    "isdistinct": "is distinct from",
}  # fmt: skip
# by code point, and with capitals of all scripts
COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8")
IS = {"null": "is null", "not_null": "is not null"}


def load_tables(connection: psycopg.Connection[Any], project: CrmProject) -> None:
    """Temporary tables with the rows of the project. Texts compare by their code points, as the stand-in's do."""
    rows = connection.execute("select collname from pg_collation where collname = any(%s)", [list(COLLATIONS)])
    collation = min((name for (name,) in rows), key=COLLATIONS.index)
    for table, columns in (("customers", CUSTOMER_COLUMNS), ("packages", package_columns(project.spec.package_ids))):
        listed = sql.SQL(", ").join(_column(name, kind.name, collation) for name, kind in columns.items())
        connection.execute(sql.SQL("create temporary table {} ({})").format(sql.Identifier(table), listed))
        statement = sql.SQL("insert into {} values ({})").format(
            sql.Identifier(table), sql.SQL(", ").join(sql.Placeholder() * len(columns))
        )
        with connection.cursor() as cursor:
            cursor.executemany(statement, [[row[name] for name in columns] for row in project.truth(table)])


def _column(name: str, kind: str, collation: str) -> sql.Composed:
    collated = sql.SQL(" collate {}").format(sql.Identifier(collation)) if kind == TEXT.name else sql.SQL("")
    return sql.SQL("{} {}{}").format(sql.Identifier(name), sql.SQL(kind), collated)


def ids(
    connection: psycopg.Connection[Any], table: str, columns: Columns, where: Condition | Tree, order: list[Ordering]
) -> list[Any]:
    """The ids of the rows that match, ordered, by PostgreSQL."""
    statement = sql.SQL("select id from {} where {} order by {}").format(
        sql.Identifier(table), condition_sql(where, columns), sql.SQL(", ").join(map(_ordering_sql, order))
    )
    return [row[0] for row in connection.execute(statement)]


def condition_sql(part: Condition | Tree, columns: Columns) -> sql.Composable:
    """A condition as SQL."""
    if isinstance(part, Tree):
        found: sql.Composable = sql.SQL(f" {part.joint} ").join(condition_sql(one, columns) for one in part.parts)
        found = sql.SQL("({})").format(found)
    else:
        found = _single_sql(part, columns)
    return sql.SQL("not ({})").format(found) if part.negated else found


def _single_sql(part: Condition, columns: Columns) -> sql.Composable:
    column = sql.Identifier(part.column)
    if part.operator == "is":
        return sql.SQL("{} {}").format(column, sql.SQL(IS[part.value]))
    kind = sql.SQL(columns[part.column].name)
    if part.operator == "in":
        listed = sql.SQL(", ").join(sql.SQL("cast({} as {})").format(sql.Literal(one), kind) for one in part.values)
        return sql.SQL("{} in ({})").format(column, listed)
    value = part.value.replace("*", "%") if "like" in part.operator else part.value
    operator = sql.SQL(SQL_OPERATORS[part.operator])
    return sql.SQL("{} {} cast({} as {})").format(column, operator, sql.Literal(value), kind)


def _ordering_sql(one: Ordering) -> sql.Composed:
    way = "desc" if one.descending else "asc"
    nulls = "first" if one.nulls_first else "last"
    return sql.SQL("{} {} nulls {}").format(sql.Identifier(one.column), sql.SQL(way), sql.SQL(nulls))
