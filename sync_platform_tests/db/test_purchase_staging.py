"""Checks of a staged file: errors are found in one pass, with line, column and what to do (CSV-06 to CSV-09)."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform_tests.db.purchase_lines import found_errors, line, load_references, new_batch, write


@pytest.fixture
def shop(database: Database, tenant: Tenant) -> Tenant:
    """A tenant with users and SKUs."""
    load_references(database, tenant.id)
    return tenant


def codes(database, tenant, lines, mark=1, **batch):
    found = found_errors(database, new_batch(database, tenant.id, mark, **batch), lines)
    assert found.count == len(found.listed)
    return [(error.line, error.column, error.code) for error in found.listed]


def test_a_good_file_has_no_errors(database: Database, shop: Tenant):
    """CSV-06, CSV-07: totals may be given or not, lines of a purchase need not be neighbours."""
    lines = [
        line(2, line_total="15.00", final_amount="37.5", tax_amount="0.50"),
        line(3, "T-2", final_amount="15.01"),
        line(4, quantity="3", final_amount="37.50", discount_amount="0.5"),
    ]
    assert codes(database, shop, lines) == []


@pytest.mark.parametrize(("column", "first", "second"), [
    ("transaction_date", "2026-03-14T10:02:25+00:00", "2026-03-14T10:02:26+00:00"),
    ("user_id", "user-1", "user-2"),
    ("final_amount", "45", "46"),
    ("discount_amount", "1", "2"),
    ("tax_amount", "1", "1.0001"),
])  # fmt: skip
def test_lines_of_a_purchase_that_contradict_each_other_are_named_both(
    database: Database, shop: Tenant, column: str, first: str, second: str
):
    """CSV-06."""
    lines = [line(2, "T-0"), line(3), line(5, **{column: first}), line(9, **{column: second})]
    if column in ("transaction_date", "user_id"):
        lines[1] = line(3, **{column: first})
    found = found_errors(database, new_batch(database, shop.id), lines)
    assert [(error.line, error.column, error.code) for error in found.listed] == [(9, column, "differs_in_purchase")]
    assert f"line {3 if column in ('transaction_date', 'user_id') else 5}" in found.listed[0].message
    assert second not in found.listed[0].message


def test_equal_amounts_that_are_written_differently_do_not_contradict(database: Database, shop: Tenant):
    """CSV-06."""
    assert codes(database, shop, [line(2, final_amount="30"), line(3, final_amount="30.0000")]) == []


@pytest.mark.parametrize(("total", "wrong"), [("15.01", False), ("14.99", False), ("15.0101", True), ("14.98", True)])
def test_line_totals_may_be_wrong_by_the_tolerance(database: Database, shop: Tenant, total: str, wrong: bool):
    """CSV-07."""
    expected = [(2, "line_total", "line_total_wrong")] if wrong else []
    assert codes(database, shop, [line(2, line_total=total)]) == expected


@pytest.mark.parametrize(("final", "wrong"), [("31.51", False), ("31.49", False), ("31.5101", True), ("30", True)])
def test_final_amounts_are_the_lines_less_discount_plus_tax(database: Database, shop: Tenant, final: str, wrong: bool):
    """CSV-07."""
    lines = [line(2, final_amount=final, discount_amount="1", tax_amount="2.5"), line(4)]
    assert codes(database, shop, lines) == ([(2, "final_amount", "final_amount_wrong")] if wrong else [])


def test_totals_that_come_out_negative_or_too_large_are_errors(database: Database, shop: Tenant):
    """CSV-07."""
    large = {"quantity": "9999999999", "unit_price": "9999999999"}
    lines = [line(2, discount_amount="16"), line(3, "T-2", **large)]
    expected = [(2, "final_amount", "negative_number"), (3, "final_amount", "number_too_large"),
                (3, "line_total", "number_too_large")]  # fmt: skip
    assert codes(database, shop, lines) == expected
    assert codes(database, shop, lines[:1], mark=2, allow_returns=True) == []


def test_a_total_is_not_judged_where_a_line_could_not_be_read(database: Database, shop: Tenant):
    """CSV-08: what is wrong is said once, not again as a wrong sum."""
    unreadable = [line(2, final_amount="20"), line(3, quantity=None)]
    lost = [line(2, final_amount="20"), line(3, None)]
    far = [line(2, final_amount="20"), line(9, None)]
    assert codes(database, shop, unreadable) == []
    assert codes(database, shop, lost) == []
    assert codes(database, shop, far) == [(2, "final_amount", "final_amount_wrong")]


def test_users_and_skus_are_the_tenants_own_and_active(database: Database, shop: Tenant, other_tenant: Tenant):
    """CSV-08."""
    load_references(database, other_tenant.id)
    lines = [
        line(2, user_id="user-9"), line(3, user_id="user-9", sku_id="sku-9"), line(4, "T-2", user_id="user-5"),
        line(5, "T-3", sku_id="sku-5"), line(6, "T-4", user_id="User-1"),
    ]  # fmt: skip
    expected = [
        (2, "user_id", "user_unknown"), (3, "user_id", "user_unknown"), (4, "user_id", "user_inactive"),
        (6, "user_id", "user_unknown"), (3, "sku_id", "sku_unknown"), (5, "sku_id", "sku_inactive"),
    ]  # fmt: skip
    assert codes(database, shop, lines) == expected


def test_another_tenants_references_do_not_count(database: Database, shop: Tenant, other_tenant: Tenant):
    """CSV-08, TEN-04."""
    found = found_errors(database, new_batch(database, other_tenant.id), [line(2)])
    assert [error.code for error in found.listed] == ["user_unknown", "sku_unknown"]


def test_numbers_that_are_in_the_ledger_are_errors_only_where_the_mode_says_nothing(database: Database, shop: Tenant):
    """CSV-09."""
    write(database, new_batch(database, shop.id), [line(2), line(3, "T-2")])
    lines = [line(2, "T-3"), line(3, "T-2"), line(4, "T-2"), line(5, "T-1")]
    expected = [(3, "transaction_number", "number_exists"), (5, "transaction_number", "number_exists")]
    assert codes(database, shop, lines, mark=2) == expected
    for mark, mode in enumerate(("skip_existing", "update"), 3):
        assert codes(database, shop, lines, mark, mode=mode) == []


def test_all_errors_are_counted_and_the_first_are_listed(database: Database, shop: Tenant):
    """CSV-08: F-55 with a small list."""
    lines = [line(n, f"T-{n}", user_id="nobody", line_total="1") for n in range(2, 402)]
    found = found_errors(database, new_batch(database, shop.id), lines, limit=10)
    assert found.by_code == {"line_total_wrong": 400, "user_unknown": 400}
    assert found.count == 800
    assert [error.line for error in found.listed] == [*range(2, 12)] * 2
