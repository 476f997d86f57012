"""Numbers of purchase files: exactly, and with one decimal mark by file."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform_tests.transforms.purchase_reading import Told, read, with_cells

AMOUNTS = st.decimals(Decimal(0), Decimal("9999999999.9999"), places=4)


def prices(*cells: str, **rules) -> Told:
    return read(with_cells([{"unit_price": cell} for cell in cells]), **rules)


@given(st.lists(AMOUNTS, min_size=1, max_size=6), st.sampled_from([".", ","]))
def test_every_amount_is_read_exactly(values: list[Decimal], mark: str) -> None:
    """CSV-07, SYS-01."""
    told = prices("0.5".replace(".", mark), *(f"{value:f}".replace(".", mark) for value in values))
    assert told.codes == []
    assert [Decimal(price or "x") for price in told.column("unit_price")[1:]] == values


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1,234.50", "thousands_separator"),
        ("1,234", "thousands_separator"),
        ("1 234", "thousands_separator"),
        ("1'234.5", "thousands_separator"),
        ("1.234.567", "thousands_separator"),
        ("3,5", "decimal_mark"),
        ("1.00000", "too_many_decimals"),
        ("12345678901", "number_too_large"),
        ("-1", "negative_number"),
        ("", "missing_value"),
        ("  ", "missing_value"),
        *(
            (cell, "not_a_number")
            for cell in ("1e5", "$5", "5 €", "5-", "(5)", "NaN", "=1+1", "+5", "1.", ".5", "٣", "--1")
        ),
    ],
)
def test_what_is_no_plain_number_is_an_error_of_its_cell(cell: str, code: str) -> None:
    """CSV-07, CSV-12: the remedy is said, the value is not."""
    told = prices("3.50", cell, "4")
    assert told.codes == [(3, "unit_price", code)]
    assert told.column("unit_price") == ["3.50", None, "4"]


@pytest.mark.parametrize("cell", ["-2", "-2.5", "-0.0001"])
def test_negative_numbers_need_returns_to_be_allowed(cell: str) -> None:
    """CSV-07: in every column of numbers."""
    content = with_cells([{"quantity": cell, "line_total": cell, "tax_amount": cell}])
    assert {code for _, _, code in read(content).codes} == {"negative_number"}
    assert len(read(content).codes) == 3
    told = read(content, allow_returns=True)
    assert told.codes == []
    assert told.column("quantity") == told.column("tax_amount") == [cell]


def test_the_mark_of_a_file_is_decided_by_a_cell_without_doubt_wherever_it_is() -> None:
    """CSV-07: 1,234 has three decimals in a file with a decimal comma."""
    told = prices(*["7"] * 3_000, "1,234", *["7"] * 3_000, "0,5")
    assert told.codes == []
    assert told.column("unit_price")[3_000] == "1.234"


def test_a_cell_read_before_the_mark_was_sure_is_an_error_if_it_was_another() -> None:
    """CSV-07: never 1.234 where 1234 was meant, however late that shows."""
    told = prices(*["7"] * 3_000, "1,234", *["7"] * 3_000, "0.5")
    assert told.codes == [(3_002, "unit_price", "thousands_separator")]


def test_all_of_these_are_counted_although_few_are_kept() -> None:
    """CSV-08."""
    told = prices(*["1,234"] * 50, "0.5", listed_errors=10)
    assert told.file is not None
    assert told.file.error_count == 50
    assert len(told.codes) == 10


@pytest.mark.parametrize("cells", [("1,234",), ("1.234", "5", "12.345"), ("123,456", "7")])
def test_a_file_whose_only_marks_are_in_doubt_is_refused_until_somebody_says(cells: tuple[str, ...]) -> None:
    """CSV-07: decided by file, never guessed."""
    assert prices(*cells).codes == [(2, "unit_price", "ambiguous_decimal")]
    mark = "comma" if "," in cells[0] else "point"
    assert prices(*cells, decimals=mark).codes == []
    other = prices(*cells, decimals="point" if mark == "comma" else "comma")
    assert {code for _, _, code in other.codes} == {"thousands_separator"}


def test_a_file_of_whole_numbers_needs_no_mark() -> None:
    """CSV-07."""
    assert prices("1", "1234", " 5 ").column("unit_price") == ["1", "1234", "5"]


def test_optional_numbers_may_be_blank() -> None:
    """CSV-06: what is missing is computed later."""
    told = read(with_cells([{"line_total": "7.00"}, {"line_total": " "}, {}]))
    assert told.codes == []
    assert told.column("line_total") == ["7.00", None, None]


@given(st.lists(st.text(max_size=30).filter(lambda cell: not set(cell) & set('|"\r\n\0')), max_size=5))
def test_no_text_breaks_the_numbers(cells: list[str]) -> None:
    """CSV-07: a number that PostgreSQL takes, or an error."""
    told = prices(*(cell.encode("utf-8", "replace").decode() for cell in cells))
    assert all(price is None or Decimal(price).is_finite() for price in told.column("unit_price"))
