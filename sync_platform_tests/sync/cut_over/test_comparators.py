"""Each comparator of the field map, as the view has it, and what a comparison counts of it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sync_platform.db.comparison_views import FILE, views_file
from sync_platform.db.field_map import MappedField, field_map
from sync_platform.db.sql_files import sql_root
from sync_platform.sync.comparison import compare
from sync_platform.sync.drill_down import row_side_by_side
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.cut_over.sides import Sides

NOON = datetime(2026, 6, 1, 19, 0, tzinfo=UTC)  # noon in Los Angeles
CASES: list[tuple[str, str, Any, Any, str]] = [
    # text: exact
    ("customers", "zip_code", "93701", "93701", "equal"),
    ("customers", "zip_code", "93701", "93701-1", "different"),
    # folded: case and spaces
    ("customers", "name", "  Jana   VANCE ", "Jana Vance", "equal"),
    ("customers", "name", "Jana Vance", "Jana Vanse", "different"),
    ("customers", "city", "", "Fresno", "production_null"),
    ("customers", "city", "Fresno", None, "staging_null"),
    ("customers", "city", None, None, "both_null"),
    ("customers", "city", "", None, "both_null"),
    # phone: digits, with and without the country's code
    ("customers", "phone", "(619) 555-0176", "+16195550176", "equal"),
    ("customers", "phone", "619.555.0176", "6195550176", "equal"),
    ("customers", "phone", "619 555 0177", "+16195550176", "different"),
    # e-mail: case and blanks around
    ("customers", "email", " Jana@Example.NET", "jana@example.net", "equal"),
    ("customers", "email", "jana.v@example.net", "jana@example.net", "different"),
    # numbers: half a cent
    ("customers", "loyalty_points", Decimal("10.0050"), Decimal("10.00"), "equal"),
    ("customers", "loyalty_points", Decimal("10.0051"), Decimal("10.00"), "different"),
    ("transaction_items", "quantity", Decimal("1.0001"), Decimal("1.0000"), "equal"),
    ("transaction_items", "quantity", Decimal("1.0002"), Decimal("1.0000"), "different"),
    # times: a second, a minute for receipts; and the tenant's calendar day
    ("customers", "blaze_created", NOON, NOON.replace(second=1), "equal"),
    ("customers", "blaze_created", NOON, NOON.replace(second=1, microsecond=1), "different"),
    ("transactions", "date", NOON, NOON.replace(minute=1), "equal"),
    ("transactions", "date", NOON, NOON.replace(minute=1, second=1), "different"),
    ("customers", "last_visited", NOON, NOON.replace(hour=8), "equal"),
    ("customers", "last_visited", NOON, NOON.replace(hour=6), "different"),
    # flags
    ("products", "is_active", True, True, "equal"),
    ("products", "is_active", True, False, "different"),
]
KEYS = {"customers": ("k1",), "transactions": ("k1",), "transaction_items": ("k1", "l1"), "products": ("k1",)}


@pytest.mark.parametrize(("table", "field", "existing", "staged", "expected"), CASES)
def test_two_values_are_compared_as_the_map_says(
    platform: Platform, sides: Sides, table: str, field: str, existing: Any, staged: Any, expected: str
):
    """CMP-02."""
    names = dict(zip(field_map()[table].key, KEYS[table], strict=True))
    sides.production(table, [names | {field: existing}])
    sides.staging(table, [names | {field: staged}])
    shown = row_side_by_side(platform, sides.tenant, table, KEYS[table])
    assert {one["field"]: one["class"] for one in shown["fields"]}[field] == expected
    (result,) = compare(platform, sides.tenant, [table], actor="test")
    (found,) = [one for one in result.fields if one.field == field]
    assert {name: getattr(found, name) for name in (expected,)} == {expected: 1}
    assert found.compared == int(expected in ("equal", "different") or found.overwriting > 0)


def test_sets_are_compared_whatever_their_order():
    """CMP-02: the comparator that the map of Blaze does not need yet."""
    field = MappedField(name="tags", comparator="set")
    from sync_platform.db.comparison_views import equality

    text = equality(field, "p.tags", "s.tags")
    assert "array_agg(distinct lower(btrim(part)) order by" in text
    assert text.startswith("(p.tags = s.tags or ")


def test_sums_and_the_most_frequent_pairs_are_kept_and_personal_ones_masked(platform: Platform, sides: Sides):
    """CMP-03."""
    staged = [{"member_id": f"m{n}", "loyalty_points": 10, "name": "Jana Vance", "city": "Fresno"} for n in range(9)]
    sides.staging("customers", staged)
    changed: list[dict[str, Any]] = [{"loyalty_points": 7}, {"loyalty_points": 14}, {"name": "Jo", "city": "Davis"}]
    sides.production("customers", [row | (changed[n] if n < 3 else {}) for n, row in enumerate(staged)])
    (result,) = compare(platform, sides.tenant, ["customers"], actor="test")
    fields = {one.field: one for one in result.fields}
    points = fields["loyalty_points"]
    assert (points.difference_sum, points.difference_mean, points.difference_max) == (
        Decimal(-1),
        Decimal("3.5"),
        Decimal(4),
    )
    assert points.pairs[0]["rows"] == 1
    assert fields["name"].pairs == [{"existing": "J***(2)", "blaze": "J***(10)", "rows": 1}]
    assert fields["city"].pairs == [{"existing": "D***(5)", "blaze": "F***(6)", "rows": 1}]


def test_a_record_that_the_source_deleted_is_only_in_production(platform: Platform, sides: Sides):
    """CMP-01."""
    sides.customers(3)
    sides.change("customers", "m00000", as_person=False, deleted_at=NOON)
    (result,) = compare(platform, sides.tenant, ["customers"], actor="test")
    assert (result.matched, result.only_production, result.only_staging) == (2, 1, 0)


def test_the_views_are_those_of_the_field_map():
    """CMP-01: generated from one file; `make views` writes them again."""
    assert (sql_root() / "views" / FILE).read_text(encoding="utf-8") == views_file()
