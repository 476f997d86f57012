"""Which column of a purchase file is which."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.purchase_fields import FIELDS, REQUIRED
from sync_platform.sandbox.purchase_files import GERMAN, SPANISH
from sync_platform.transforms.purchase_header import header_hash
from sync_platform_tests.transforms.purchase_reading import HEADER, LINE, read, table

WIDE = LINE + ",,,,,a note"


@pytest.mark.parametrize(
    "change", [str.upper, str.title, lambda name: f"  {name.replace('_', ' ')} ", lambda name: name.replace("_", "")]
)
def test_names_are_known_however_they_are_written(change) -> None:
    """CSV-05: case and spaces do not matter."""
    told = read(table(LINE, header=",".join(change(name) for name in HEADER.split(","))))
    assert told.codes == []
    assert told.column("user_id") == ["u-1"]


@given(st.randoms(use_true_random=False))
def test_the_order_of_columns_is_free(rng: random.Random) -> None:
    """CSV-05."""
    cells = list(zip(FIELDS, WIDE.split(","), strict=True))
    rng.shuffle(cells)
    told = read(table(",".join(cell for _, cell in cells), header=",".join(name for name, _ in cells)))
    assert told.codes == []
    assert list(told.lines[0].values())[:2] == ["2", "T-1"]
    assert told.lines[0]["note"] == "a note"
    assert told.lines[0]["tax_amount"] is None


@pytest.mark.parametrize("names", [GERMAN, SPANISH])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_an_export_with_its_own_names_is_read_by_a_saved_mapping(names: dict[str, str], encoding: str) -> None:
    """CSV-05: found by the set of its columns, whatever their order."""
    header = [names[field] for field in FIELDS]
    saved = {header_hash(sorted(header)): {name: field for field, name in names.items()}}
    content = table(WIDE.replace(",", ";"), header=";".join(header)).encode(encoding)
    told = read(content, saved.get)
    assert told.codes == []
    assert told.column("note") == ["a note"]
    assert read(content).codes == [(1, None, "missing_columns")]


def test_a_mapping_to_a_field_that_is_not_ours_is_refused() -> None:
    """CSV-05: it would be left out in silence."""
    with pytest.raises(InvalidRequest, match="cannot be mapped to price; it can be to transaction_number"):
        read(table(LINE), {"Preis": "price"})


def test_missing_columns_are_named_together_with_those_that_are_there() -> None:
    """CSV-05, CSV-12."""
    told = read(table("1,2", header="Beleg,user_id"))
    assert told.lines == []
    assert told.file is not None
    [error] = told.file.errors
    assert error.code == "missing_columns"
    assert all(name in error.message for name in (*set(REQUIRED) - {"user_id"}, "Beleg, user_id"))


@pytest.mark.parametrize("again", ["user_id", "USER ID", "Kunde"])
def test_a_column_that_is_there_twice_is_an_error(again: str) -> None:
    """CSV-05: also where the mapping leads to the same."""
    told = read(table(LINE + ",x", header=f"{HEADER},{again}"), {"Kunde": "user_id"})
    assert told.codes == [(1, "user_id", "duplicate_columns")]
    assert told.lines == []


def test_unknown_columns_are_warnings_and_are_left_out() -> None:
    """CSV-05: those without a name as well, which spreadsheets leave behind."""
    told = read(table(LINE + ",a,,", header=f"{HEADER},shop,,"))
    assert told.codes == []
    assert told.file is not None
    assert [warning.split("'")[1] for warning in told.file.warnings] == ["shop", "number 8", "number 9"]
    assert len(told.lines) == 1


def test_too_many_columns_are_refused() -> None:
    """CSV-14."""
    names = HEADER + "".join(f",c{n}" for n in range(194))
    cells = LINE + "," * 194
    assert read(table(cells, header=names)).refused == ""
    told = read(table(cells + ",", header=names + ",c194"))
    assert told.refused == "too_many_columns"
    assert "201, the limit is 200" in str(told.refusal)


@given(st.lists(st.text(max_size=20), max_size=12))
def test_no_header_breaks_the_reader(names: list[str]) -> None:
    """CSV-05."""
    read(table(LINE, header=",".join(f'"{name}"' for name in names)))


def test_the_hash_of_a_header_does_not_depend_on_order_or_spelling() -> None:
    """CSV-05."""
    assert header_hash(["User ID", "Menge"]) == header_hash(["menge ", "user_id"]) != header_hash(["menge"])
