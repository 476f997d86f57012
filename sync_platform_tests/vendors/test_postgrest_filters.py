"""Filters of PostgREST: what a list says when it is read back by the rules of its documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.errors import InvalidRequest
from sync_platform.vendors.postgrest_filters import in_list, in_lists, url_bytes

values = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


def read_back(text: str) -> list[str]:
    """An ``in.(...)`` as the documents describe it: commas part values, quotes guard them, backslashes guard quotes."""
    assert text.startswith("in.(")
    assert text.endswith(")")
    found, at, inner = [], 0, text[4:-1]
    while at <= len(inner):
        value = ""
        if inner[at : at + 1] == '"':
            at += 1
            while inner[at] != '"':
                at += inner[at] == "\\"
                value, at = value + inner[at], at + 1
            at += 1
        else:
            while at < len(inner) and inner[at] != ",":
                assert inner[at] not in '.:()" '
                value, at = value + inner[at], at + 1
        found.append(value)
        assert inner[at : at + 1] in ("", ",")
        at += 1
    return found


@given(st.lists(values, min_size=1, max_size=8))
def test_a_list_reads_back_as_the_values_that_were_put_in(asked: list[str]) -> None:
    """CRM-01: commas, points, brackets, quotes, backslashes and blanks change no value and add none."""
    assert read_back(in_list(asked)) == asked


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0f0e0d0c0b0a0908", "in.(0f0e0d0c0b0a0908)"),
        ("+66 81 234 5678", 'in.("+66 81 234 5678")'),
        ("a,b", 'in.("a,b")'),
        ('say "x" \\ y', 'in.("say \\"x\\" \\\\ y")'),
        ("", 'in.("")'),
        ("null", "in.(null)"),
    ],
)
def test_quotes_are_written_where_they_are_needed(value: str, written: str) -> None:
    assert in_list([value]) == written


@given(st.lists(values, max_size=60), st.integers(1, 20), st.integers(200, 600))
def test_parts_hold_every_value_once_and_keep_both_bounds(asked: list[str], most: int, room: int) -> None:
    """CRM-01: by number and by the length of the address as it is sent."""
    parts = list(in_lists(asked, most, room))
    assert [value for part in parts for value in part] == list(dict.fromkeys(asked))
    assert all(1 <= len(part) <= most for part in parts)
    bare = url_bytes("/p", {"x": ""})
    assert all(url_bytes("/p", {"x": in_list(part)}) - bare <= room for part in parts)


def test_a_value_that_fits_into_no_address_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidRequest) as refused:
        list(in_lists(["canary" * 50], 10, 100))
    assert "canary" not in str(refused.value)
