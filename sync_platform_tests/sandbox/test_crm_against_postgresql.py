"""Conditions and orders of the stand-in for the CRM, with PostgreSQL as the judge (SBX-04)."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.sandbox.crm_columns import CUSTOMER_COLUMNS, package_columns
from sync_platform.sandbox.crm_conditions import matching
from sync_platform.sandbox.crm_grammar import Condition, Ordering, Tree
from sync_platform.sandbox.crm_ranges import Span
from sync_platform.sandbox.crm_reading import Table, ordered
from sync_platform_tests.sandbox.crm_club import build_club
from sync_platform_tests.sandbox.crm_database import ids, load_tables

CLUB = build_club(customers=150, no_phone_share=0.2)
COLUMNS = {"customers": CUSTOMER_COLUMNS, "packages": package_columns("integer")}
TRUTH = {name: CLUB.truth(name) for name in COLUMNS}
TEXTS = st.text("abAB*%_\\ .-+0689@รÅ", max_size=6)


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server_url) as connection:
        load_tables(connection, CLUB)
        yield connection


def values(table: str, column: str) -> st.SearchStrategy[str]:
    """Values that are there, and texts of the same type that may not be."""
    there = sorted({str(row[column]) for row in TRUTH[table] if row[column] is not None}) or ["0"]
    kind = COLUMNS[table][column].name
    other = {
        "text": TEXTS,
        "integer": st.integers(-5, 400).map(str),
        "numeric": st.decimals(-2, 40, places=1).map(str),
        "date": st.dates().map(str),
    }
    return st.sampled_from(there) | other.get(kind, st.sampled_from(there))


@st.composite
def conditions(draw: st.DrawFn, table: str, *, depth: int = 2) -> Condition | Tree:
    negated = draw(st.booleans())
    if depth and draw(st.booleans()):
        parts = draw(st.lists(conditions(table, depth=depth - 1), min_size=1, max_size=3))
        return Tree(draw(st.sampled_from(("and", "or"))), tuple(parts), negated)
    column = draw(st.sampled_from(sorted(COLUMNS[table])))
    operators = ["eq", "neq", "gt", "gte", "lt", "lte", "isdistinct", "in", "is"]
    if COLUMNS[table][column].name == "text":
        operators += ["like", "ilike"]
    operator = draw(st.sampled_from(operators))
    if operator == "is":
        return Condition(column, operator, draw(st.sampled_from(("null", "not_null"))), (), negated)
    if operator == "in":
        listed = draw(st.lists(values(table, column), min_size=1, max_size=4))
        return Condition(column, operator, "", tuple(listed), negated)
    value = draw(values(table, column))
    if operator in ("like", "ilike") and (len(value) - len(value.rstrip("\\"))) % 2:
        value += "_"  # PostgreSQL refuses a pattern that ends in an escape
    return Condition(column, operator, value, (), negated)


@st.composite
def orders(draw: st.DrawFn, table: str) -> list[Ordering]:
    columns = draw(st.lists(st.sampled_from(sorted(COLUMNS[table])), max_size=3, unique=True))
    drawn = [Ordering(column, draw(st.booleans()), draw(st.booleans())) for column in columns if column != "id"]
    return [*drawn, Ordering("id", draw(st.booleans()))]


@pytest.mark.parametrize("table", COLUMNS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_rows_and_their_order_are_postgresqls(connection, table, data) -> None:
    """SBX-04: comparisons with null, patterns, lists, trees, nulls first and last."""
    where = data.draw(conditions(table))
    order = data.draw(orders(table))
    columns, rows = COLUMNS[table], CLUB.collection(table)
    found = matching(rows, [where], table, columns)
    found = ordered(found, order, Table(table, columns, rows, {}), Span(0, None))
    assert [row["id"] for row in found] == ids(connection, table, columns, where, order)


def test_the_hash_is_the_one_that_the_database_makes(connection) -> None:
    """SBX-01: md5 of lower(trim(name)) || '::' || digits, null where either is null."""
    statement = r"""
        select id from customers where stable_hash_id is distinct from
            md5(lower(trim(customer_name)) || '::' || regexp_replace(contact_number, '[^0-9]', '', 'g'))
    """
    assert connection.execute(statement).fetchall() == []
    assert any(row["stable_hash_id"] is None for row in TRUTH["customers"])
