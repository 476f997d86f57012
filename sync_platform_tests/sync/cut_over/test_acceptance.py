"""Accepted differences: a row or a rule, counted apart, with an end; and the way from a figure to its rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.db.compared import FieldResult
from sync_platform.sync.acceptance import Acceptance, accept, accepted_differences, revoke
from sync_platform.sync.comparison import compare, history
from sync_platform.sync.drill_down import days_apart, differing_rows, row_side_by_side
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.cut_over.sides import Sides


def compared(platform: Platform, sides: Sides, field: str) -> FieldResult:
    """The field, compared now."""
    (result,) = compare(platform, sides.tenant, ["customers"], actor="test")
    return next(one for one in result.fields if one.field == field)


def test_a_row_and_a_rule_are_counted_apart_and_never_hidden(platform: Platform, sides: Sides):
    """CMP-07."""
    staged = [{"member_id": f"m{n}", "customer_type": "Active", "loyalty_points": 5} for n in range(40)]
    sides.staging("customers", staged)
    sides.production(
        "customers",
        [row | ({"customer_type": "Member"} if n < 4 else {"loyalty_points": 6}) for n, row in enumerate(staged)],
    )
    assert compared(platform, sides, "customer_type").rate == 10
    rule = Acceptance("customers", "customer_type", "another word for it", (), "Member", "Active")
    number = accept(platform, sides.tenant, rule, "test")
    found = compared(platform, sides, "customer_type")
    assert (found.different, found.accepted, found.compared, found.rate) == (0, 4, 40, Decimal(0))
    one = Acceptance("customers", "loyalty_points", "asked the shop", ("m9",))
    accept(platform, sides.tenant, one, "test")
    typed = Acceptance("customers", "loyalty_points", "points of the trial", (), "6.00", None)
    found = compared(platform, sides, "loyalty_points")
    assert (found.different, found.accepted) == (35, 1)
    accept(platform, sides.tenant, typed, "test")
    assert compared(platform, sides, "loyalty_points").accepted == 36
    revoke(platform, sides.tenant, number, "test")
    assert compared(platform, sides, "customer_type").rate == 10
    assert [row["reason"] for row in accepted_differences(platform, sides.tenant)][-1] == "another word for it"
    rates = [row["percent"] for row in history(platform, sides.tenant, "customers", "customer_type")]
    assert rates == [10, 0, 0, 0, 10]


def test_it_ends_when_it_is_said_to(platform: Platform, sides: Sides):
    """CMP-07: an expired one counts again."""
    sides.customers(40, 2)
    past = datetime.now(UTC) - timedelta(seconds=1)
    accept(platform, sides.tenant, Acceptance("customers", "phone", "until then", ("m00000",), expires_at=past), "test")
    future = datetime.now(UTC) + timedelta(hours=1)
    accept(platform, sides.tenant, Acceptance("customers", "phone", "still", ("m00001",), expires_at=future), "test")
    found = compared(platform, sides, "phone")
    assert (found.different, found.accepted) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        Acceptance("customers", "phone", "no"),
        Acceptance("customers", "phone", "neither row nor value"),
        Acceptance("customers", "fax", "no such field", ("m1",)),
        Acceptance("transaction_items", "quantity", "half a key", ("t1",)),
        Acceptance("customers", "loyalty_points", "no number", (), "many"),
        Acceptance("products", "is_active", "no flag", (), "yes"),
    ],
)
def test_what_cannot_be_accepted_is_said(platform: Platform, sides: Sides, wrong: Acceptance):
    """A rule that the column cannot hold would fail every comparison from then on."""
    with pytest.raises(InvalidRequest):
        accept(platform, sides.tenant, wrong, "test")


def test_from_a_figure_to_its_rows_and_to_one_of_them(platform: Platform, sides: Sides):
    """CMP-06: page by page, personal values masked; and one row with both sides."""
    sides.customers(40, 5)
    sides.production("customers", [{"member_id": "x1"}])
    sides.staging("customers", [{"member_id": "y1"}])
    compare(platform, sides.tenant, ["customers"], actor="test")
    first = differing_rows(platform, sides.tenant, "customers", field="phone", limit=3)
    rest = differing_rows(platform, sides.tenant, "customers", field="phone", after=("m00002",))
    assert [row["key"] for row in first + rest] == [f"m{n:05}" for n in range(5)]
    assert first[0] == {"key": "m00000", "row_class": "both", "existing": "+***(12)", "blaze": "+***(12)"}
    for shown, key in (("only_production", "x1"), ("only_staging", "y1")):
        assert [row["key"] for row in differing_rows(platform, sides.tenant, "customers", shown=shown)] == [key]
    row = row_side_by_side(platform, sides.tenant, "customers", ("m00000",))
    assert (row["origin"], row["blaze_run"]) == ("report", 1)
    with pytest.raises(InvalidRequest, match="neither"):
        row_side_by_side(platform, sides.tenant, "customers", ("nobody",))


def test_a_value_that_only_production_has_is_found(platform: Platform, sides: Sides):
    """CMP-06: staging null where nothing would be overwritten; looked up as it is now."""
    sides.staging("customers", [{"member_id": f"m{n}", "city": "Napa" if n else None} for n in range(3)])
    sides.production("customers", [{"member_id": f"m{n}", "city": "Napa"} for n in range(3)])
    compare(platform, sides.tenant, ["customers"], actor="test")
    found = differing_rows(platform, sides.tenant, "customers", field="city", shown="staging_null")
    assert [row["key"] for row in found] == ["m0"]


def test_days_and_shops_with_other_counts_are_listed(platform: Platform, sides: Sides):
    """CMP-04."""
    rows = [{"transaction_id": f"t{n}", "date": f"2026-06-0{1 + n % 2}T20:00Z"} for n in range(6)]
    sides.staging("transactions", [
        row | {"shop_id": "s1", "business_day": f"2026-06-0{1 + n % 2}"} for n, row in enumerate(rows)
    ])  # fmt: skip
    sides.production("transactions", rows[:-1])
    compare(platform, sides.tenant, ["transactions"], actor="test")
    found = days_apart(platform, sides.tenant, "transactions", all_days=False)
    assert [(str(day["day"]), day["shop_id"], day["production_rows"], day["staging_rows"]) for day in found] == [
        ("2026-06-02", "s1", 2, 3)
    ]
    assert len(days_apart(platform, sides.tenant, "transactions", all_days=True)) == 2


def test_a_comparison_of_some_days_opens_no_gate(platform: Platform, sides: Sides):
    """CMP-05: over matched keys of the window; the gate asks for all of them."""
    from sync_platform.sync.comparison import verdicts

    staged = [
        {"transaction_id": f"t{n}", "date": f"2026-06-{1 + n % 20:02}T20:00Z", "total_amount": Decimal(n)}
        for n in range(100)
    ]
    sides.staging("transactions", [
        row | {"business_day": f"2026-06-{1 + n % 20:02}"} for n, row in enumerate(staged)
    ])  # fmt: skip
    sides.production("transactions", staged)
    days = (datetime(2026, 6, 1, tzinfo=UTC).date(), datetime(2026, 6, 10, tzinfo=UTC).date())
    (result,) = compare(platform, sides.tenant, ["transactions"], actor="test", days=days)
    assert (result.matched, result.first_day) == (50, days[0])
    (verdict,) = verdicts(platform, sides.tenant, "transactions", ["total_amount"])
    assert verdict.reasons == ("not compared yet: run `sync-platform compare run`",)
    with pytest.raises(InvalidRequest, match="customers"):
        compare(platform, sides.tenant, ["customers"], actor="test", days=days)
