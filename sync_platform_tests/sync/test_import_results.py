"""What an import leaves behind: all of a file or nothing, and an account of it (CSV-02 to CSV-11, CSV-20)."""

import gzip
from dataclasses import replace

import pytest

from sync_platform.db.import_batches import list_batches
from sync_platform.sandbox.purchase_files import EXPORT
from sync_platform.sync.import_options import Reading
from sync_platform_tests.db.purchase_lines import ledger, outbox
from sync_platform_tests.sync.importing import (
    HEADER,
    OPTIONS,
    do_import,
    in_ledger,
    load_references,
    purchase_file,
    text_file,
)

STAGES = ["received", "parsing", "grouping", "validating", "inserting", "finishing", "cleanup"]


@pytest.fixture(autouse=True)
def references(database, tenant, other_tenant):
    for one in (tenant, other_tenant):
        load_references(database, one)


def test_a_file_is_in_the_ledger_with_its_lines_and_messages(platform, tenant, other_tenant):
    """CSV-02, CSV-04, CSV-09, CSV-19: all stages in their order, all numbers in the batch."""
    seen = []
    result = do_import(platform, tenant, purchase_file(5000), on_progress=lambda now: seen.append(now.stage))
    batch = result.batch
    assert (batch.state, batch.stage, batch.rows, batch.items, batch.errors) == ("completed", "cleanup", 5000, 5000, 0)
    assert list(dict.fromkeys(seen)) == STAGES
    assert in_ledger(platform.database, tenant) == (batch.purchases, 5000, batch.purchases)
    assert in_ledger(platform.database, other_tenant) == (0, 0, 0)
    assert batch.report["through"] == "function"
    assert str(batch.arrival_day) == "2026-11-20"
    assert set(batch.report["seconds"]) >= {"parsing", "grouping", "validating", "inserting"}


def test_both_ways_into_the_ledger_leave_the_same(make_platform, tenant, other_tenant):
    """CSV-10."""
    content = purchase_file(700)
    by_function, by_table = make_platform(), make_platform(imports={"function_lines": 0})
    assert do_import(by_function, tenant, content).batch.report["through"] == "function"
    assert do_import(by_table, other_tenant, content).batch.report["through"] == "table"
    database = by_function.database
    assert ledger(database, tenant.id) == ledger(database, other_tenant.id)
    assert outbox(database, tenant.id) == outbox(database, other_tenant.id)


def test_an_export_of_a_spreadsheet_is_imported_as_it_is(platform, tenant, other_tenant):
    """CSV-05, CSV-07: semicolons, decimal commas, Windows-1252, CRLF, names of their own, and the same packed."""
    reading = Reading(mapping=EXPORT.mapping())
    content = purchase_file(400, dialect=EXPORT)
    assert b"Stra\xdfe" in content
    result = do_import(platform, tenant, content, replace(OPTIONS, reading=reading))
    assert (result.batch.state, result.batch.rows) == ("completed", 400)
    plain = do_import(platform, other_tenant, gzip.compress(purchase_file(400)))
    assert plain.batch.state == "completed"
    assert ledger(platform.database, tenant.id) == ledger(platform.database, other_tenant.id)


def test_a_mapping_is_remembered_for_files_with_these_headers(platform, tenant, other_tenant):
    """CSV-05: per tenant; what a dry run was told is not remembered."""
    options = replace(OPTIONS, reading=Reading(mapping=EXPORT.mapping()))
    first, second = (purchase_file(20, dialect=EXPORT, first_number=n) for n in (1, 1000))
    assert do_import(platform, tenant, first, replace(options, dry_run=True)).batch.state == "completed"
    assert do_import(platform, tenant, first).batch.error_summary == {"missing_columns": 1}
    assert do_import(platform, tenant, first, options).batch.state == "completed"
    assert do_import(platform, tenant, second).batch.state == "completed"
    assert do_import(platform, other_tenant, second).batch.error_summary == {"missing_columns": 1}


@pytest.mark.parametrize("bad", [2, 2501, 5001])
def test_one_bad_line_keeps_all_others_out(platform, tenant, bad):
    """CSV-08, CSV-11, F-55: first, in the middle, last."""
    result = do_import(platform, tenant, purchase_file(5000, errors={bad: "not_a_number"}))
    assert (result.batch.state, result.batch.rows, result.batch.errors) == ("failed", 5000, 1)
    [error] = result.errors
    assert (error.line, error.column, error.code) == (bad, "quantity", "not_a_number")
    assert "three" in error.raw
    assert in_ledger(platform.database, tenant) == (0, 0, 0)


def test_a_dry_run_does_everything_and_keeps_nothing(platform, tenant):
    """CSV-30, SYS-20: the same numbers, the same errors, and the file may come again."""
    content = purchase_file(300)
    dry = do_import(platform, tenant, content, replace(OPTIONS, dry_run=True)).batch
    assert in_ledger(platform.database, tenant) == (0, 0, 0)
    real = do_import(platform, tenant, content).batch
    counts = ("state", "rows", "purchases", "items", "updated", "skipped", "errors")
    assert [getattr(dry, name) for name in counts] == [getattr(real, name) for name in counts]
    wrong = purchase_file(300, errors={5: "user_unknown", 9: "not_a_date"}, first_number=5000)
    dry_result = do_import(platform, tenant, wrong, replace(OPTIONS, dry_run=True))
    assert dry_result.errors
    assert dry_result.errors == do_import(platform, tenant, wrong).errors
    again = do_import(platform, tenant, content, replace(OPTIONS, dry_run=True, force=True))
    assert set(again.batch.error_summary) == {"number_exists"}


def test_numbers_that_are_there_are_refused_skipped_or_replaced(platform, tenant):
    """CSV-09."""
    first = text_file("T-1,2026-03-14,user-1,sku-1,2,7.50", "T-2,2026-03-14,user-2,sku-1,1,1.00")
    second = text_file("T-1,2026-03-14,user-1,sku-1,3,7.50", "T-3,2026-03-14,user-2,sku-1,1,1.00")
    assert do_import(platform, tenant, first).batch.purchases == 2
    refused = do_import(platform, tenant, second)
    assert [(one.line, one.code) for one in refused.errors] == [(2, "number_exists")]
    skipped = do_import(platform, tenant, second, replace(OPTIONS, mode="skip_existing")).batch
    assert (skipped.purchases, skipped.skipped, skipped.updated) == (1, 1, 0)
    updated = do_import(platform, tenant, second, replace(OPTIONS, mode="update", force=True)).batch
    assert (updated.purchases, updated.updated, updated.unchanged) == (0, 1, 1)
    assert ledger(platform.database, tenant.id)[0]["items"][0]["quantity"] == 3


def test_the_same_file_is_the_batch_that_it_has(platform, tenant):
    """CSV-30, F-56: unless somebody insists, or it failed."""
    content = purchase_file(30)
    first = do_import(platform, tenant, content)
    again = do_import(platform, tenant, content)
    assert (first.new, again.new, again.batch.id) == (True, False, first.batch.id)
    forced = do_import(platform, tenant, content, replace(OPTIONS, force=True, mode="skip_existing"))
    assert (forced.new, forced.batch.state, forced.batch.purchases) == (True, "completed", 0)
    wrong = purchase_file(30, errors={3: "not_a_date"})
    assert do_import(platform, tenant, wrong).batch.id != do_import(platform, tenant, wrong).batch.id
    assert len(list_batches(platform.database, tenant.id)) == 4


def test_columns_that_nobody_knows_are_told_and_left_out(platform, tenant):
    """CSV-05."""
    content = text_file("T-1,2026-03-14,user-1,sku-1,2,7.50,red", header=f"{HEADER},Colour")
    [warning] = do_import(platform, tenant, content).batch.warnings
    assert "Colour" in warning


def test_returns_have_to_be_allowed(platform, tenant):
    """CSV-07."""
    content = text_file("T-1,2026-03-14,user-1,sku-1,-2,7.50")
    assert do_import(platform, tenant, content).errors[0].code == "negative_number"
    assert do_import(platform, tenant, content, replace(OPTIONS, allow_returns=True)).batch.state == "completed"


def test_a_tenant_may_have_a_higher_limit_of_lines(make_platform, tenant, other_tenant):
    """CSV-14: refused while reading, and nothing is left of it."""
    platform = make_platform(imports={"max_lines": 50, "tenant_max_lines": {other_tenant.slug: 60}})
    content = purchase_file(60)
    refused = do_import(platform, tenant, content)
    assert refused.batch.error_summary == {"too_many_lines": 1}
    assert "limit is 50" in refused.batch.problem
    assert in_ledger(platform.database, tenant) == (0, 0, 0)
    assert do_import(platform, other_tenant, content).batch.state == "completed"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"user_id,sku_id\nuser-1,sku-1\n", "missing_columns"),
        (text_file("T-1,2026-03-14,us\x00er,sku-1,2,7.50"), "nul_bytes"),
        (text_file('T-1,2026-03-14,"user-1,sku-1,2,7.50'), "quoting"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_the_reason(platform, tenant, content, code):
    """CSV-05, CSV-15: and the list says what to do."""
    result = do_import(platform, tenant, content)
    assert (result.batch.state, list(result.batch.error_summary)) == ("failed", [code])
    assert result.errors[0].code == code
    assert result.batch.problem
