"""The gate: what passes, what does not, and why."""

from decimal import Decimal
from typing import Any

import pytest

from sync_platform.db.connect import connect
from sync_platform.sync.comparison import compare, newest, verdicts
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import promote
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.cut_over.sides import Sides


def asked(platform: Platform, sides: Sides, field: str = "customers.phone") -> tuple[str, ...]:
    """Why the gate is closed."""
    table, _, name = field.partition(".")
    (verdict,) = verdicts(platform, sides.tenant, table, [name])
    assert verdict.passed == (not verdict.reasons)
    return verdict.reasons


@pytest.mark.parametrize(("different", "passes"), [(499, True), (500, False), (501, False)])
def test_a_rate_has_to_be_under_five_percent(platform: Platform, sides: Sides, different: int, passes: bool):
    """F-80, CMP-05: 4.99, 5.00 and 5.01 %."""
    sides.customers(10_000, different)
    (result,) = compare(platform, sides.tenant, ["customers"], actor="test")
    (phone,) = [field for field in result.fields if field.field == "phone"]
    assert phone.rate == Decimal(different) / 100
    reasons = asked(platform, sides)
    assert (not reasons) == passes
    if not passes:
        assert reasons == (f"{different} of 10000 differ ({Decimal(different) / 100} %), which is not under 5 %",)


@pytest.mark.parametrize(("rows", "judged"), [(29, False), (30, True)])
def test_thirty_rows_are_needed(platform: Platform, sides: Sides, rows: int, judged: bool):
    """F-80, CMP-05: fewer are "not enough data", which does not pass."""
    sides.customers(rows)
    compare(platform, sides.tenant, ["customers"], actor="test")
    expected = () if judged else (f"not enough data: {rows} rows compared, at least 30 are needed",)
    assert asked(platform, sides) == expected


def test_the_rows_of_the_table_count_as_well(platform: Platform, sides: Sides):
    """CMP-05: rows that only one side has; 5 of 100 is too many."""
    sides.customers(95)
    sides.production("customers", [{"member_id": f"x{n}", "phone": "1"} for n in range(5)])
    compare(platform, sides.tenant, ["customers"], actor="test")
    expected = ("5 of 100 rows are on one side only (5 %), which is not under 5 %",)
    assert asked(platform, sides) == expected
    assert asked(platform, sides, "customers.rows") == ("5 of 100 differ (5 %), which is not under 5 %",)


def test_receipts_older_than_the_source_do_not_count(platform: Platform, sides: Sides):
    """CMP-05: rows of reports from before the source's first record are kept out of the rate."""
    staged = [{"transaction_id": f"t{n}", "date": "2026-03-01T12:00Z", "total_amount": 5} for n in range(40)]
    sides.staging("transactions", staged)
    sides.production("transactions", staged)
    old = [{"transaction_id": f"old{n}", "date": "2025-03-01T12:00Z", "total_amount": 5} for n in range(60)]
    sides.production("transactions", old)
    (result,) = compare(platform, sides.tenant, ["transactions"], actor="test")
    assert (result.only_production, result.historical, result.keys, result.rate) == (60, 60, 40, Decimal(0))
    assert asked(platform, sides, "transactions.total_amount") == ()


def test_without_a_comparison_or_with_an_old_one_it_is_closed(platform: Platform, sides: Sides):
    """CMP-11: the comparison is younger than 24 hours."""
    sides.customers(100)
    assert asked(platform, sides) == ("not compared yet: run `sync-platform compare run`",)
    compare(platform, sides.tenant, ["customers"], actor="test")
    assert asked(platform, sides) == ()
    with connect(sides.url) as conn:
        conn.execute("update platform.comparisons set snapshot_at = snapshot_at - interval '24 hours 1 second'")
    assert "is too old" in asked(platform, sides)[0]


@pytest.mark.parametrize("left", [0, 50, 94])
def test_staging_that_was_emptied_since_closes_it(platform: Platform, sides: Sides, left: int):
    """F-84: asked after the comparison, with staging empty or half filled."""
    sides.customers(100)
    compare(platform, sides.tenant, ["customers"], actor="test")
    with platform.database.transaction(sides.tenant.id) as conn:
        conn.execute(
            "update blaze.customers set deleted_at = now() where member_id in ("
            " select member_id from blaze.customers order by member_id limit %s)", (100 - left,)
        )  # fmt: skip
    assert asked(platform, sides) == (f"staging has {left} rows now and had 100 when it was compared",)


def test_an_empty_staging_is_not_enough(platform: Platform, sides: Sides):
    """F-84: compared when nothing had been synced yet."""
    sides.production("customers", [{"member_id": f"m{n}", "phone": "5551234567"} for n in range(100)])
    compare(platform, sides.tenant, ["customers"], actor="test")
    assert any("not enough data" in reason for reason in asked(platform, sides))


def test_groups_come_one_after_the_other(platform: Platform, sides: Sides):
    """CMP-10: group 2 waits for group 1, and a field for those that it depends on."""
    sides.customers(100)
    compare(platform, sides.tenant, ["customers"], actor="test")
    assert "first promote email, name, phone" in asked(platform, sides, "customers.lifetime_value")
    reasons = asked(platform, sides, "customers.churn_risk")
    assert any("days_since_last_visit" in reason and reason.startswith("first promote") for reason in reasons)


def test_lines_without_their_receipt_stop_everything_else(platform: Platform, sides: Sides):
    """CMP-11, CMP-20: an open check of the source closes the gate."""
    sides.customers(100)
    sides.staging("transaction_items", [{"transaction_id": "gone", "order_item_id": "1"}])
    (result,) = compare(platform, sides.tenant, ["customers"], actor="test")
    assert result.consistency["blaze"]["lines_without_receipt"] == 1
    assert asked(platform, sides) == ("open check: 1 lines without receipt",)


def test_a_field_may_have_its_own_threshold(make_platform: MakePlatform, sides: Sides):
    """CMP-05: per field in the settings, and a tenant's own before that."""
    sides.customers(100, 3)
    strict = make_platform(cut_over={"thresholds": {"customers.phone": Decimal(2)}})
    compare(strict, sides.tenant, ["customers"], actor="test")
    assert asked(strict, sides) == ("3 of 100 differ (3 %), which is not under 2 %",)
    with strict.database.transaction(sides.tenant.id) as conn:
        conn.execute("""update platform.tenants set settings = '{"thresholds": {"customers.phone": 4}}'""")
    compare(strict, sides.tenant, ["customers"], actor="test")
    assert asked(strict, sides) == ()


def test_a_column_that_reports_never_had_needs_no_data(platform: Platform, sides: Sides):
    """CMP-05: nothing can be lost where production has no value at all."""
    sides.staging("customers", [{"member_id": f"m{n}", "is_medical": True} for n in range(40)])
    sides.production("customers", [{"member_id": f"m{n}"} for n in range(40)])
    compare(platform, sides.tenant, ["customers"], actor="test")
    assert asked(platform, sides, "customers.is_medical") == ()
    assert asked(platform, sides, "customers.city") == ("not enough data: 0 rows compared, at least 30 are needed",)


def test_tenants_are_judged_apart(platform: Platform, sides: Sides, other_tenant: Any, sides_of: Any):
    """CMP-05: one tenant's differences do not close another's gate."""
    other = sides_of(other_tenant)
    sides.customers(100, 50)
    other.customers(100)
    for one in (sides, other):
        compare(platform, one.tenant, ["customers"], actor="test")
    assert asked(platform, sides) != ()
    assert asked(platform, other) == ()
    assert newest(platform, other.tenant, "customers")[0].matched == 100


def test_during_soak_the_replaced_values_are_compared(platform: Platform, sides: Sides):
    """CMP-14: the rate of a promoted field goes on against what it replaced, and is told as such."""
    sides.customers(100, 4)
    compare(platform, sides.tenant, ["customers"], actor="test")
    promote(platform, sides.request("customers.phone"))
    (result,) = compare(platform, sides.tenant, ["customers"], actor="test")
    (phone,) = [field for field in result.fields if field.field == "phone"]
    assert (phone.against, phone.compared, phone.different) == ("before", 100, 4)
