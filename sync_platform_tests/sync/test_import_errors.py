"""Errors of reading and of the database as one list, and the file of rejected lines (CSV-08, CSV-12, SEC-41)."""

import csv
import io
from dataclasses import replace

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.sandbox.purchase_files import ERRORS, EXPORT
from sync_platform.sync.import_corrections import errors_csv
from sync_platform.sync.import_options import Reading
from sync_platform_tests.sync.importing import (
    HEADER,
    OPTIONS,
    do_import,
    in_ledger,
    load_references,
    purchase_file,
    text_file,
)

POISON = [
    *(f"{mark}{rest}" for mark in "=+-@" for rest in ("HYPERLINK(1)", "cmd|' /C calc'!A0", "SUM(1+1)", "1+1")),
    "\t=1+1", "\r=1+1", "'=1+1", "''=1+1", " =1+1", "a;=1+1", "a\n=1+1", "\uff1d1+1", "=1+1;\"x\"", "-5+2",
]  # fmt: skip


@pytest.fixture(autouse=True)
def references(database, tenant):
    load_references(database, tenant)


def rejected(platform, tenant, result):
    text = "".join(errors_csv(platform, tenant, result.batch.id).lines)
    return text, list(csv.reader(io.StringIO(text, newline="")))


def test_all_errors_of_a_file_are_found_in_one_pass_and_listed_in_its_order(platform, tenant):
    """CSV-08: those of reading and those of the database; SQL finds what is wrong beside what could not be read."""
    codes = [code for code in ERRORS if code not in ("quoting", "differs_in_purchase", "final_amount_wrong")]
    bad = {10 + 20 * at: code for at, code in enumerate(codes)}
    result = do_import(platform, tenant, purchase_file(1000, errors=bad))
    found = {(one.line, one.code) for one in result.errors}
    # a decimal mark is judged by the whole file, and a bad byte may make it Windows-1252
    assert {(line, code) for line, code in bad.items() if code not in ("decimal_mark", "encoding")} <= found
    listed = [one.line or 0 for one in result.errors]
    assert listed == sorted(listed)
    assert sum(result.batch.error_summary.values()) == result.batch.errors >= len(codes) - 2
    assert in_ledger(platform.database, tenant) == (0, 0, 0)


def test_all_errors_are_counted_and_the_first_are_listed(make_platform, tenant):
    """CSV-08, F-55."""
    platform = make_platform(imports={"listed_errors": 10})
    bad = {line: "user_unknown" if line % 2 else "not_a_number" for line in range(2, 502)}
    result = do_import(platform, tenant, purchase_file(500, errors=bad))
    assert result.batch.error_summary["not_a_number"] == 250
    assert result.batch.error_summary["user_unknown"] == 250
    assert [one.line for one in result.errors][-1] <= 11
    assert len(result.errors) == 10


def test_the_rejected_lines_can_be_corrected_and_imported_as_they_are(platform, tenant):
    """CSV-12: the file's own columns, and two more that say what to do."""
    content = text_file(
        "T-1,2026-03-14,user-1,sku-1,two,7.50,=1+1", "T-2,2026-03-14,nobody,nothing,1,1.00,ok",
        "T-3,2026-03-14,user-1,sku-1,1,1.00,fine", header=f"{HEADER},note",
    )  # fmt: skip
    result = do_import(platform, tenant, content)
    text, rows = rejected(platform, tenant, result)
    assert rows[0] == ["import_error_codes", "import_errors", *HEADER.split(","), "note"]
    assert [row[0] for row in rows[1:]] == ["not_a_number", "user_unknown sku_unknown"]
    assert rows[1][1].startswith("line 2: quantity: ")
    assert rows[1][-1] == "'=1+1"
    # still wrong: the second list is like the first
    second = do_import(platform, tenant, text.encode())
    assert rejected(platform, tenant, second)[1][1][2:] == rows[1][2:]
    good = text.replace('"two"', '"2"').replace("nobody", "user-2").replace("nothing", "sku-2")
    assert do_import(platform, tenant, good.encode()).batch.purchases == 2
    with platform.database.transaction(tenant.id) as conn:
        notes = conn.execute("select note from purchases.purchase_ledger order by transaction_number").fetchall()
    assert [note for (note,) in notes] == ["=1+1", "ok"]


def test_rejected_lines_of_a_file_with_a_mapping_are_understood(platform, tenant):
    """CSV-05, CSV-12: the two columns do not make it another header."""
    options = replace(OPTIONS, reading=Reading(mapping=EXPORT.mapping()))
    result = do_import(platform, tenant, purchase_file(30, dialect=EXPORT, errors={4: "not_a_number"}), options)
    text, rows = rejected(platform, tenant, result)
    assert rows[0][2] == "Belegnummer"
    again = do_import(platform, tenant, text.encode())
    assert again.batch.error_summary == {"not_a_number": 1}


def test_no_cell_of_the_list_is_taken_for_a_formula(platform, tenant):
    """SEC-41, F-54: stored as they came, escaped where they are exported."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*HEADER.split(","), "note"])
    for at, cell in enumerate(POISON):
        writer.writerow([f"T-{at}", "2026-03-14", "nobody", "sku-1", 1, 1, cell])
    result = do_import(platform, tenant, out.getvalue().encode())
    _, rows = rejected(platform, tenant, result)
    assert len(rows) == len(POISON) + 1
    assert not [row for row in rows for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@", "\uff1d")]
    assert [(one.raw or [])[-1] for one in result.errors] == POISON


def test_a_line_that_is_no_csv_is_in_the_list_without_its_cells(platform, tenant):
    """CSV-12."""
    result = do_import(platform, tenant, purchase_file(20, errors={5: "quoting"}))
    _, rows = rejected(platform, tenant, result)
    bad = {row[1].split(":")[0]: row for row in rows[1:] if row[0]}["line 5"]
    assert (bad[0], len(bad)) == ("quoting", 2)


def test_another_tenants_errors_are_nobodys_business(platform, tenant, other_tenant):
    """CSV-31."""
    result = do_import(platform, tenant, purchase_file(20, errors={5: "not_a_date"}))
    with pytest.raises(InvalidRequest, match="has no import"):
        errors_csv(platform, other_tenant, result.batch.id)
