"""What is to be corrected can be imported itself: whole purchases, or the whole file (CSV-12)."""

import csv
import io

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.db.pool import Database
from sync_platform.sandbox.purchase_files import EXPORT, PLAIN
from sync_platform.sync.import_corrections import errors_csv
from sync_platform.sync.import_files import ImportFiles
from sync_platform.sync.import_options import ImportOptions, Reading
from sync_platform_tests.sync.importing import (
    HEADER,
    OPTIONS,
    do_import,
    in_ledger,
    load_references,
    purchase_file,
    text_file,
)

PURCHASES = """
select p.transaction_number, p.transaction_date, p.user_id, p.discount_amount, p.tax_amount, p.final_amount, p.note,
    i.line_no, i.sku_id, i.quantity, i.unit_price, i.line_total, i.note
from purchases.purchase_ledger p join purchases.purchase_items_ledger i using (tenant_id, purchase_id)
order by p.transaction_number, i.line_no
"""
BAD = {2: "not_a_number", 9: "ragged_line", 10: "user_unknown", 77: "differs_in_purchase", 301: "not_a_date"}


@pytest.fixture(autouse=True)
def references(database, tenant, other_tenant):
    load_references(database, tenant)
    load_references(database, other_tenant)


def rows_of(database: Database, tenant):
    with database.transaction(tenant.id) as conn:
        return conn.execute(PURCHASES).fetchall()


def corrections(platform, tenant, result, **values):
    found = errors_csv(platform, tenant, result.batch.id, **values)
    return list(csv.reader(io.StringIO("".join(found.lines), newline=""))), found.warning


def written(rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("dialect", [PLAIN, EXPORT])
def test_the_whole_file_corrected_is_the_file_that_was_right_at_first(platform, tenant, other_tenant, dialect):
    """CSV-12: the same rows in the same order, and no error columns are left to fill."""
    options = ImportOptions("test", reading=Reading(mapping=dialect.mapping() or None))
    good = purchase_file(300, dialect=dialect)
    result = do_import(platform, tenant, purchase_file(300, dialect=dialect, errors=BAD), options)
    rows, warning = corrections(platform, tenant, result, whole=True)
    right = list(csv.reader(io.StringIO(good.decode(dialect.encoding), newline=""), delimiter=dialect.separator))
    assert (len(rows), warning) == (301, None)
    wrong = [line for line, row in enumerate(rows, 1) if row[0]]
    assert set(BAD) <= {1, *wrong}
    assert [row[2:] for line, row in enumerate(rows, 1) if line not in wrong] == [
        row for line, row in enumerate(right, 1) if line not in wrong
    ]
    fixed = [[*row[:2], *right[at]] if row[0] else row for at, row in enumerate(rows)]
    fixed[0] = rows[0]
    assert do_import(platform, tenant, written(fixed)).batch.state == "completed"
    do_import(platform, other_tenant, good, options)
    assert rows_of(platform.database, tenant) == rows_of(platform.database, other_tenant)


def test_a_purchase_is_given_with_all_of_its_lines(platform, tenant):
    """CSV-12: without its final amount nothing would tell that it came back with one line less."""
    content = text_file(
        "T-1,2026-03-14,user-1,sku-1,1,1.00", "T-2,2026-03-14,user-1,sku-1,1,2.00",
        "T-2,2026-03-14,user-1,sku-2,two,2.00", " T-2 ,2026-03-14,user-1,sku-3,1,2.00",
        "T-3,2026-03-14,user-1,sku-1,1,3.00",
    )  # fmt: skip
    rows, warning = corrections(platform, tenant, do_import(platform, tenant, content))
    assert warning is None
    assert [(row[0], row[2], row[5]) for row in rows[1:]] == [
        ("", "T-2", "sku-1"), ("not_a_number", "T-2", "sku-2"), ("", " T-2 ", "sku-3"),
    ]  # fmt: skip
    fixed = [[cell.replace("two", "2") for cell in row] for row in rows]
    assert do_import(platform, tenant, written(fixed)).batch.items == 3
    assert in_ledger(platform.database, tenant)[:2] == (1, 3)


@pytest.mark.parametrize("line", [",2026-03-14,user-1,sku-1,1,1.00", 'T-2,"2026"x,user-1,sku-1,1,1.00'])
def test_a_line_of_no_known_purchase_brings_its_neighbours(platform, tenant, line):
    """CSV-12: it may belong to either of them."""
    around = [f"T-{n},2026-03-14,user-1,sku-1,1,1.00" for n in (1, 2, 3, 4)]
    result = do_import(platform, tenant, text_file(*around[:2], line, *around[2:]))
    rows, _ = corrections(platform, tenant, result)
    assert [(bool(row[0]), row[2] if row[2:] else "") for row in rows[1:]] == [
        (False, "T-2"), (True, ""), (False, "T-3"),
    ]  # fmt: skip


def test_when_the_stored_file_is_gone_that_is_said(platform, tenant):
    """CSV-12, CSV-16: what is left are the wrong lines."""
    content = text_file("T-2,2026-03-14,user-1,sku-1,1,2.00", "T-2,2026-03-14,user-1,sku-2,two,2.00")
    result = do_import(platform, tenant, content)
    ImportFiles(platform.settings).remove(result.batch.stored_as)
    rows, warning = corrections(platform, tenant, result)
    assert [row[0] for row in rows[1:]] == ["not_a_number"]
    assert warning is not None
    assert "is gone" in warning
    with pytest.raises(InvalidRequest, match="is gone"):
        errors_csv(platform, tenant, result.batch.id, whole=True)


def test_errors_beyond_the_list_are_named_as_a_number(make_platform, tenant):
    """CSV-08."""
    platform = make_platform(imports={"listed_errors": 5})
    result = do_import(platform, tenant, purchase_file(50, errors=dict.fromkeys(range(2, 22), "not_a_number")))
    rows, warning = corrections(platform, tenant, result, whole=True)
    assert len(rows) == 51
    assert warning is not None
    assert warning.startswith(f"{result.batch.errors - 5} more errors")


def test_a_file_that_was_not_read_to_its_end_is_not_given_whole(platform, tenant):
    """CSV-12: its header is wrong, not a line."""
    result = do_import(platform, tenant, text_file("1", header="quantity"), OPTIONS)
    rows, warning = corrections(platform, tenant, result)
    assert [row[0] for row in rows[1:]] == ["missing_columns"]
    assert warning is None
    with pytest.raises(InvalidRequest, match="correct your own file"):
        errors_csv(platform, tenant, result.batch.id, whole=True)


def test_a_list_of_corrections_can_be_wrong_once_more(platform, tenant):
    """CSV-12: the two columns are there once, and cells are as they came."""
    content = text_file(
        "T-1,2026-03-14,user-1,sku-1,two,7.50,=1+1", "T-1,2026-03-14,user-1,sku-1,1,1.00,@x", header=f"{HEADER},note"
    )
    first, _ = corrections(platform, tenant, do_import(platform, tenant, content), whole=True)
    second, _ = corrections(platform, tenant, do_import(platform, tenant, written(first)), whole=True)
    assert second == first
    assert [row[-1] for row in first[1:]] == ["'=1+1", "'@x"]
