"""Foreign JSON on its way into ``jsonb``."""

import json
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_platform.db.json_text import storable, storable_json

TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """Not from a pool: its threads draw random numbers, which hypothesis watches."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@given(value=VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_source_sends_postgresql_can_store(value, connection: psycopg.Connection):
    """SYS-08: a record that cannot be read must not make its batch fail as well."""
    text = storable_json(value, 1 << 20)
    assert text is not None
    stored = connection.execute("select %s::text::jsonb::text", (text,)).fetchone()
    assert stored is not None
    assert json.loads(stored[0], parse_float=Decimal) == json.loads(text, parse_float=Decimal)


def test_decimals_stay_exact_and_nul_is_visible():
    assert storable_json({"a\x00": Decimal("63.7058")}, 100) == '{"a\ufffd":63.7058}'
    assert storable("\ud83d half \x00") == "\ufffd half \ufffd"
    assert storable("whole \U0001f33f") == "whole \U0001f33f"


def test_what_is_too_long_is_not_stored():
    assert storable_json("x" * 99, 100) is None
    assert storable_json("x" * 98, 100) is not None
