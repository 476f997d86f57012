"""A purchase file as a whole: all of its errors in one pass, limits, memory."""

import io
import tracemalloc

import pytest

from sync_platform.db import purchases_staging
from sync_platform.import_settings import ImportSettings
from sync_platform.sandbox.purchase_files import ERRORS, EXPORT, PLAIN, write_purchases
from sync_platform.transforms.purchase_file import read_purchases
from sync_platform.transforms.purchase_header import ERROR_COLUMNS
from sync_platform.transforms.purchase_problems import PROBLEMS, problem_table
from sync_platform.transforms.purchase_rules import MIB, FileRules
from sync_platform_tests.transforms.purchase_reading import BERLIN, HEADER, LINE, Told, read, table, with_cells

USERS, SKUS = [f"user-{n}" for n in range(40)], [f"sku-{n}" for n in range(20)]
FOUND_LATER = {"user_unknown", "sku_unknown", "differs_in_purchase", "final_amount_wrong", "line_total_wrong"}


def written(lines: int, errors: dict[int, str] | None = None, dialect=PLAIN) -> bytes:
    out = io.BytesIO()
    write_purchases(out, lines, USERS, SKUS, errors=errors, dialect=dialect)
    return out.getvalue()


def test_every_error_of_a_file_is_found_in_one_pass() -> None:
    """CSV-08, CSV-12: line, column, code; the others of its lines and all other lines are staged."""
    seeded = dict(zip(range(2, 400, 17), [*ERRORS, "quoting"], strict=False))
    told = read(written(5_000, seeded))
    assert {line: code for line, _, code in told.codes} == {
        line: code for line, code in seeded.items() if code not in FOUND_LATER
    }
    assert [line for line, _, _ in told.codes] == sorted(line or 0 for line, _, _ in told.codes)
    left_out = {line for line, code in seeded.items() if code in ("quoting", "cell_too_long")}
    assert {int(line or 0) for line in told.column("line")} == set(range(2, 5_002)) - left_out


def test_every_error_says_what_to_do_and_repeats_nothing_of_the_file() -> None:
    """CSV-12: cells may hold personal data; the line itself is kept beside the message."""
    told = read(with_cells([{"user_id": "x" * 201, "quantity": "Ann Smith", "transaction_date": "Ann Smith"}]))
    assert told.file is not None
    assert len(told.codes) == 3
    for error in told.file.errors:
        assert PROBLEMS[error.code].remedy in error.message
        assert "Ann" not in error.message
        assert len(error.message) <= 500
        assert error.raw[4] == "Ann Smith"


def good_lines() -> list[str]:
    return [HEADER, *[LINE] * 50_000]


@pytest.mark.parametrize("line", [2, 25_001, 50_001])
@pytest.mark.parametrize("code", ["not_a_number", "ragged_line", "quoting"])
def test_one_bad_line_of_50_000_is_found_first_in_the_middle_and_last(line: int, code: str) -> None:
    """F-55."""
    lines = good_lines()
    bad = {"not_a_number": LINE.replace("2,3.50", "two,3.50"), "ragged_line": LINE + ",x", "quoting": f'"T"{LINE}'}
    data = "\n".join([*lines[: line - 1], bad[code], *lines[line:]]).encode()
    file = read_purchases(io.BytesIO(data), FileRules(BERLIN))
    staged = sum(block.lines for block in file.blocks())
    assert [(error.line, error.code) for error in file.errors] == [(line, code)]
    assert staged == (49_999 if code == "quoting" else 50_000)


def test_50_000_bad_lines_are_all_counted_and_1_000_listed() -> None:
    """CSV-08, F-55."""
    data = table(*["T-1,2026-03-04,,s-1,three,3.50"] * 50_000).encode()
    file = read_purchases(io.BytesIO(data), FileRules(BERLIN))
    assert sum(block.lines for block in file.blocks()) == 50_000
    assert file.error_count == 100_000
    assert file.errors_by_code == {"missing_value": 50_000, "not_a_number": 50_000}
    assert len(file.errors) == 1_000
    assert file.errors[-1].line == 501


@pytest.mark.parametrize("cells", [LINE + ",x", "T-1,2026-03-04"])
def test_a_ragged_line_is_staged_with_its_number_only(cells: str) -> None:
    """CSV-05: so that its purchase is not said to be wrong for what this line would bring."""
    told = read(table(LINE, cells, LINE))
    assert told.codes == [(3, None, "ragged_line")]
    [ragged] = [line for line in told.lines if line["line"] == "3"]
    assert {name for name, value in ragged.items() if value is not None} == {"line", "transaction_number"}


def test_more_lines_than_allowed_are_refused_at_the_first_that_is_too_many() -> None:
    """CSV-14."""
    assert read(written(100), max_lines=100).refused == ""
    told = read(written(101), max_lines=100)
    assert told.refused == "too_many_lines"
    assert "the limit is 100" in str(told.refusal)
    assert told.refusal is not None
    assert told.refusal.error.line == 102


@pytest.mark.parametrize(("size", "codes"), [(65_536, []), (65_537, [(3, None, "cell_too_long")]), (10**6, None)])
def test_a_cell_that_is_too_long_is_an_error_of_its_line(size: int, codes: list | None) -> None:
    """CSV-14, F-54: also one of a megabyte, in quotes or not, in a column that is not imported or is."""
    for cell in ("x" * size, f'"{"," * size}"'):
        for name in ("note", "shop"):
            told = read(table(LINE + ",", f"{LINE},{cell}", LINE + ",", header=f"{HEADER},{name}"))
            assert told.codes == ([(3, None, "cell_too_long")] if codes is None else codes)
            assert len(told.lines) == (2 if told.codes else 3)


def test_a_record_that_goes_on_and_on_is_refused() -> None:
    """CSV-14: quoted cells with line breaks, none of them large, all in one record."""
    told = read(table('"a\n",' * 500_000))
    assert told.refused == "line_too_long"


def test_listed_lines_take_a_bounded_memory() -> None:
    """CSV-14: a file of large cells with errors only."""
    wide = "x" * 60_000
    data = table(*[f"T-1,2026-03-04,,s-1,1,1,{wide},{wide}"] * 300, header=f"{HEADER},note,shop").encode()
    file = read_purchases(io.BytesIO(data), FileRules(BERLIN))
    tracemalloc.start()
    try:
        for _ in file.blocks():
            pass
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()
    assert file.error_count == 300
    assert sum(len(cell) for error in file.errors for cell in error.raw) <= 16 * MIB


def peak(lines: int) -> int:
    """Bytes that reading so many lines needs at most, apart from the file itself."""
    stream = io.BytesIO(table(*[LINE] * lines).encode())
    tracemalloc.start()
    try:
        file = read_purchases(stream, FileRules(BERLIN, max_lines=1_000_000))
        assert sum(block.lines for block in file.blocks()) == lines
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    """CSV-14: nothing is kept of a line. That what is remembered of dates is bounded has a test of its own."""
    assert peak(80_000) < 1.1 * peak(30_000) < 16 * MIB


def test_a_real_export_is_read_as_it_is() -> None:
    """CSV-05, CSV-07: semicolon, decimal comma, Windows-1252, CRLF, the names of its own language."""
    plain = read(written(500))
    export = read(written(500, dialect=EXPORT), EXPORT.mapping())
    assert export.codes == plain.codes == []
    assert export.lines == plain.lines


def corrected(told: Told) -> str:
    """What the list of rejected lines holds, with a leading quote where a spreadsheet needs it."""
    assert told.file is not None
    names = [*told.file.names, *ERROR_COLUMNS]
    return table("T-1,2026-03-04,u-1,s-1,2,3.50,'=SUM(1),not_a_number,write digits", header=",".join(names))


def test_a_list_of_rejected_lines_can_be_imported_again() -> None:
    """CSV-12: its own two columns are no surprise, and what was made safe for spreadsheets is as it was."""
    told = read(table("T-1,2026-03-04,u-1,s-1,two,3.50,=SUM(1)", header=HEADER + ",note"))
    again = read(corrected(told))
    assert again.codes == []
    assert again.column("note") == ["=SUM(1)"]
    assert again.file is not None
    assert again.file.warnings == ()


def test_poisoned_cells_are_stored_as_the_text_that_they_are() -> None:
    """F-54."""
    notes = [
        "=HYPERLINK(1)",
        "+cmd",
        "@SUM(1)",
        "-1+1",
        "<script>x</script>",
        "'; drop table x",
        "\\N",
        "null",
        "\\.",
        "🙈",
    ]
    notes += ["\t=1", "{}", "NULL", " x ", 'a"b', "a,b"]
    told = read(with_cells([{"note": '"' + note.replace('"', '""') + '"'} for note in [*notes, "\r=1", "a\nb"]]))
    assert told.codes == []
    assert told.column("note") == [*notes, "\r=1", "a\nb"]


def test_the_limits_are_those_of_the_settings() -> None:
    """CSV-14: a tenant's own number of lines comes first."""
    rules = FileRules.within(ImportSettings(max_upload_mib=7, max_cell_kib=3), BERLIN)
    assert (rules.max_bytes, rules.max_cell, rules.max_lines) == (7 * MIB, 3 * 1024, 50_000)
    assert FileRules.within(ImportSettings(), BERLIN, 1_000_000).max_lines == 1_000_000


def test_the_table_of_codes_has_each_of_them() -> None:
    """CSV-12: those that the database finds as well."""
    assert problem_table().count("\n") == len(PROBLEMS) + 1
    assert set(purchases_staging._MESSAGES) <= set(PROBLEMS)
    assert all(max(map(len, problem[:2])) < 120 for problem in PROBLEMS.values())
