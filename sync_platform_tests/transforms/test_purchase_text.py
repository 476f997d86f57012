"""Encodings, line ends and quotes of purchase files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.purchase_text import texts
from sync_platform_tests.transforms.purchase_reading import HEADER, LINE, read, table

NAME = "T-1,2026-03-04,Müller Straße 5 €,s-1,2,3.50"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ascii_lines", [0, 9_000])
def test_each_encoding_is_found_by_the_content(encoding: str, end: str, ascii_lines: int) -> None:
    """CSV-05: also where the first letter that tells comes late."""
    content = end.join([HEADER, *[LINE] * ascii_lines, NAME, NAME])
    told = read(content.encode(encoding))
    assert told.column("user_id")[-2:] == ["Müller Straße 5 €"] * 2
    assert told.codes == []
    assert told.lines[-1]["line"] == str(ascii_lines + 3)


@pytest.mark.parametrize("before", range(262_130, 262_150))
def test_a_letter_between_two_blocks_is_one_letter(before: int) -> None:
    """CSV-05: whatever the size of the blocks; in Windows-1252 the first half alone would look like UTF-8."""
    for encoding in ("utf-8", "cp1252"):
        blocks = ("a" * before + "é;ß").encode(encoding)
        cut = (blocks[at : at + 65_536] for at in range(0, len(blocks), 65_536))
        assert "".join(texts(cut)) == "a" * before + "é;ß"


def test_bytes_that_do_not_decode_are_named_by_line_and_column_and_the_rest_is_read() -> None:
    """CSV-05: UTF-8 with a damaged letter stays UTF-8."""
    content = table(NAME, LINE, NAME, LINE).encode().split(b"\n")
    content[3] = content[3].replace("ü".encode(), b"\xfc")
    told = read(b"\n".join(content))
    assert told.codes == [(4, "user_id", "encoding")]
    assert told.column("user_id") == ["Müller Straße 5 €", "u-1", None, "u-1"]


def test_what_windows_1252_does_not_know_is_an_error_of_its_line() -> None:
    """CSV-05."""
    assert read(table(NAME).encode("cp1252").replace(b"\x80", b"\x81")).codes == [(2, "user_id", "encoding")]


def test_bytes_that_do_not_decode_are_errors_in_columns_that_are_not_imported_too() -> None:
    """CSV-05."""
    content = table(LINE + ",é", LINE + ",é", header=HEADER + ",shop").encode()
    assert read(content.replace(b"\xc3\xa9\n", b"\xc3\n", 1)).codes == [(2, None, "encoding")]


def test_an_odd_byte_at_the_end_of_utf_16_is_an_error() -> None:
    """CSV-05: strictness up to the last byte."""
    assert read(table(LINE).rstrip().encode("utf-16") + b"x").codes != []


def test_an_encoding_that_the_sender_names_is_taken() -> None:
    """CSV-05."""
    content = table("T-1,2026-03-04,Ã¼,s-1,2,3.50").encode("cp1252")
    assert read(content).column("user_id") == ["ü"]
    assert read(content, encoding="cp1252").column("user_id") == ["Ã¼"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_numbered_as_in_the_file(end: str) -> None:
    """CSV-05: the first line of a record counts; blank lines and breaks in quotes count as well."""
    quoted = f'"T-2{end}{end}x",2026-03-04,u-1,s-1,2,3.50'
    told = read(end.join(["", HEADER, "", LINE, quoted, "  ", ",,,,,", LINE, "T-9,,u,s,1,1"]))
    assert told.column("line") == ["4", "5", "10", "11"]
    assert told.column("transaction_number")[1] == f"T-2{end}{end}x"
    assert told.codes == [(11, "transaction_date", "missing_value")]


def test_quotes_are_those_of_the_standard() -> None:
    """CSV-05: RFC 4180; a quote inside a cell that is not quoted is a letter."""
    told = read(table('"T ""1"", a",2026-03-04,5" nail,"s\t1",2,3.50'))
    assert told.column("transaction_number") == ['T "1", a']
    assert told.column("user_id") == ['5" nail']
    assert told.column("sku_id") == ["s\t1"]


def test_text_after_a_closing_quote_is_an_error_and_the_next_lines_are_read() -> None:
    """CSV-05, CSV-08."""
    told = read(table(LINE, '"T"x,2026-03-04,u,s,1,1', LINE))
    assert told.codes == [(3, None, "quoting")]
    assert told.column("line") == ["2", "4"]


def test_a_quote_that_is_never_closed_is_an_error_where_it_begins() -> None:
    """CSV-05."""
    told = read(table(LINE, '"T-2,2026-03-04,u,s,1,1', LINE, LINE))
    assert told.codes == [(3, None, "quoting")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_by_the_header(separator: str) -> None:
    """CSV-05: others may be in quoted names and in cells."""
    header = HEADER.replace(",", separator) + separator + '"a,b;c|d\te"'
    told = read(table(LINE.replace(",", separator) + separator + '",;|\t"', header=header))
    assert told.column("sku_id") == ["s-1"]
    assert told.file is not None
    assert told.file.separator == separator


def test_a_first_line_that_names_the_separator_is_followed() -> None:
    """CSV-05: as spreadsheets write it."""
    told = read("sep=;\r\n" + table(LINE, header=HEADER).replace(",", ";"))
    assert told.column("line") == ["3"]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n \n", b"\xff\xfe", b"a"])
def test_a_file_without_anything_says_so(content: bytes) -> None:
    """CSV-05."""
    told = read(content)
    assert told.refused == "empty_file" or told.codes == [(1, None, "missing_columns")]


def test_blank_lines_are_not_read_for_ever() -> None:
    """CSV-14, F-51: a small archive may hold hundreds of millions of them."""
    assert read("\n" * 120_000, max_lines=1_000).refused == "too_many_lines"


@given(st.binary(max_size=600))
def test_random_bytes_never_raise_anything_else(content: bytes) -> None:
    """CSV-15: lines, errors or a refusal."""
    read(content)
    read(HEADER.encode() + b"\n" + content)
    read(b"\x1f\x8b\x08\x00" + content)
    read(b"\xff\xfe" + HEADER.encode("utf-16-le") + b"\n\0" + content)
