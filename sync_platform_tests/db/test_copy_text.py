"""What is sent as a line arrives as the values it was made of."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_platform.db.copy_text import OPTIONS, array_text, copy_chunks, copy_line
from sync_platform.db.pool import Database

AWKWARD = st.sampled_from(
    ["\x01", "\\N", "\\", '"', '""', '"a', "{}", "'", "\t", "\n", "\r\n", "\\.", "", " ", "é\u2028", "\x7f\x02"]
)
TEXT = st.none() | AWKWARD | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
ROW = st.tuples(
    TEXT,
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
    st.none() | st.integers(-(2**62), 2**62),
    st.none() | st.booleans(),
    TEXT,
    st.none() | st.lists(AWKWARD | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=9)),
)


def line_of(row: tuple[Any, ...]) -> bytes:
    return copy_line([array_text(value) if isinstance(value, list) else value for value in row])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=8))
def test_every_value_survives(database: Database, rows: list[tuple[Any, ...]]) -> None:
    """SYS-01, SYS-21, section 18 trap 6: blank, null and whatever looks like one are kept apart."""
    with database.transaction(None) as conn:
        conn.execute(
            "create temporary table staged (n serial, a text, b numeric, c bigint, d boolean, e text, f text[])"
            " on commit drop"
        )
        with conn.cursor().copy(f"copy staged (a, b, c, d, e, f) from stdin {OPTIONS}") as copy:
            for chunk in copy_chunks([line_of(row) for row in rows]):
                copy.write(chunk)
        assert conn.execute("select a, b, c, d, e, f from staged order by n").fetchall() == rows


def test_a_number_keeps_its_digits() -> None:
    """SYS-01: no rounding on the way, and no exponent that PostgreSQL would not read."""
    assert copy_line([Decimal("63.7058"), Decimal("1E+3"), Decimal("-0.0"), True]) == b"63.7058,1E+3,-0.0,true"
