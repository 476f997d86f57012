"""Reading one table: conditions, order, columns, embedded tables."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync_platform.sandbox.collection import Record, encode
from sync_platform.sandbox.crm_columns import TEXT, Columns, cast, column_of
from sync_platform.sandbox.crm_conditions import matching
from sync_platform.sandbox.crm_grammar import Chosen, Ordering
from sync_platform.sandbox.crm_query import Level, ReadQuery
from sync_platform.sandbox.crm_ranges import Span
from sync_platform.sandbox.crm_refusals import PgrstRefusal
from sync_platform.sandbox.crm_rows import Rows

Project = Callable[[Record], Record]


@dataclass(frozen=True)
class Table:
    """A table or what a function returned. ``joins``: tables that can be embedded, by the column they share."""

    name: str
    columns: Columns
    rows: Rows | list[Record]
    joins: dict[str, tuple[str, "Table"]]


def found_rows(table: Table, query: ReadQuery) -> list[Record]:
    """All rows that match, without an order."""
    rows = matching(table.rows, query.level().conditions, table.name, table.columns)
    for item in query.chosen:
        if item.inner:
            rows = [row for row in rows if _embedded(table, item, query, row, None)]
    return rows


def ordered(rows: list[Record], order: Sequence[Ordering], table: Table, span: Span) -> list[Record]:
    """By the columns of ``order``. Rows that are equal in all of them come in another order for every page:
    PostgreSQL promises none."""
    if not order:
        return rows
    rows = list(rows)
    if span.limit is not None and all(one.column != "id" for one in order):
        page = f"{span.offset + span.limit}/"
        rows.sort(key=lambda row: zlib.crc32(f"{page}{row['id']}".encode()))
    for one in reversed(order):
        kind, name = column_of(table.name, table.columns, one.column), one.column
        keyed = [(row[name] if kind is TEXT else kind.stored(row[name]), row) for row in rows]
        there = [pair for pair in keyed if pair[0] is not None]
        there.sort(key=lambda pair: pair[0], reverse=one.descending)
        nulls = [row for key, row in keyed if key is None]
        rows = nulls + [row for _, row in there] if one.nulls_first else [row for _, row in there] + nulls
    return rows


def projection(table: Table, query: ReadQuery, most: int | None) -> Callable[[Record], bytes]:
    """A row as it is sent. Raises ``PgrstRefusal`` for columns and tables that are not there."""
    whole = len(query.chosen) == 1 and query.chosen[0].name == "*"
    _check(table, query.chosen)
    if whole:
        return encode
    return lambda row: encode(_projected(table, query.chosen, query, row, most))


def _check(table: Table, chosen: Sequence[Chosen]) -> None:
    for item in chosen:
        if item.embedded is not None:
            if item.name not in table.joins:
                raise _no_relation(table.name, item.name)
            _check(table.joins[item.name][1], item.embedded)
        elif item.name != "*":
            column_of(table.name, table.columns, item.name)


def _projected(table: Table, chosen: Sequence[Chosen], query: ReadQuery, row: Record, most: int | None) -> Record:
    sent: Record = {}
    for item in chosen:
        if item.embedded is not None:
            sent[item.alias] = _embedded(table, item, query, row, most)
        elif item.name == "*":
            sent |= row
        else:
            sent[item.alias] = cast(row[item.name], item.cast) if item.cast else row[item.name]
    return sent


def _embedded(table: Table, item: Chosen, query: ReadQuery, row: Record, most: int | None) -> list[Record]:
    """The rows of another table that belong to this one, with conditions, order and limit of their own."""
    if item.name not in table.joins:
        raise _no_relation(table.name, item.name)
    column, other = table.joins[item.name]
    level = query.level(item.alias) if item.alias in query.levels else query.level(item.name)
    rows = other.rows.of(row[column]) if isinstance(other.rows, Rows) and row[column] is not None else []
    rows = matching(rows, level.conditions, other.name, other.columns)
    span = Span(level.offset, level.limit).capped(most)
    rows = cut(ordered(rows, level.order, other, span), span)
    return [_projected(other, item.embedded or (), ReadQuery((), {"": Level()}, {}), one, most) for one in rows]


def cut(rows: list[Record], span: Span) -> list[Record]:
    """The rows of the span."""
    return rows[span.offset :] if span.limit is None else rows[span.offset : span.offset + span.limit]


def _no_relation(table: str, other: str) -> PgrstRefusal:
    return PgrstRefusal(
        400,
        "PGRST200",
        f"Could not find a relationship between '{table}' and '{other}' in the schema cache",
        details=f"Searched for a foreign key relationship between '{table}' and '{other}' in the schema 'public', "
        "but no matches were found.",
    )
