"""Promotion and rollback of one field: what is written, what is left alone, and that every byte comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.promotions import list_promotions
from sync_platform.sync.comparison import compare
from sync_platform.sync.following import follow
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import promote, roll_back
from sync_platform.sync.promotion_preview import preview_promotion, preview_rollback, rows_left_alone
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.cut_over.sides import Sides


@pytest.fixture
def small_batches(make_platform: MakePlatform) -> Platform:
    return make_platform(cut_over={"batch_rows": 7})


def prepared(platform: Platform, sides: Sides, rows: int = 100, different: int = 4) -> None:
    """Customers on both sides, compared."""
    sides.customers(rows, different)
    compare(platform, sides.tenant, ["customers"], actor="test")


def test_a_field_is_replaced_where_it_differs_and_taken_back_to_the_byte(small_batches: Platform, sides: Sides):
    """CMP-12, CMP-15: promote followed by rollback gives byte-identical tables."""
    prepared(small_batches, sides)
    before = sides.checksum()
    done = promote(small_batches, sides.request("customers.phone"))
    assert (done.state, done.written, done.left_alone) == ("active", 4, 0)
    assert sides.column("customers", "phone") == {f"m{n:05}": f"+1555{n:07}" for n in range(100)}
    assert sides.checksum() != before
    back = roll_back(small_batches, sides.request("customers.phone"))
    assert (back.state, back.written, back.left_alone) == ("done", 4, 0)
    assert sides.checksum() == before
    assert [row.state for row in list_promotions(small_batches.database, sides.tenant.id)] == ["done", "rolled_back"]


def test_nothing_is_overwritten_by_a_missing_value(platform: Platform, sides: Sides):
    """CMP-13, SYS-07: staging's null leaves production's value, and rows that only production has stay as they are."""
    sides.staging("customers", [{"member_id": f"m{n}", "city": None if n < 2 else "Fresno"} for n in range(40)])
    sides.production("customers", [{"member_id": f"m{n}", "city": "Davis" if n < 3 else "Fresno"} for n in range(40)])
    sides.production("customers", [{"member_id": "only", "city": "Napa"}])
    compare(platform, sides.tenant, ["customers"], actor="test")
    promote(platform, sides.request("customers.city"))
    cities = sides.column("customers", "city")
    assert (cities["m0"], cities["m1"], cities["m2"], cities["only"]) == ("Davis", "Davis", "Fresno", "Napa")


def test_consent_is_cleared_and_names_of_lookups_only_fill(platform: Platform, sides: Sides):
    """SYS-07, BLZ-24: policy always clears; policy fill never replaces."""
    sides.staging(
        "transactions", [{"transaction_id": f"t{n}", "shop_id": "s1", "blaze_status": None} for n in range(40)]
    )
    names = ["Old Town", None]
    sides.production(
        "transactions",
        [{"transaction_id": f"t{n}", "shop_location": names[n % 2], "blaze_status": "Void"} for n in range(40)],
    )
    with platform.database.transaction(sides.tenant.id) as conn:
        conn.execute(
            "insert into blaze.lookups (tenant_id, kind, lookup_id, name, content_hash, first_seen_at, last_seen_at,"
            " last_changed_at, run_id) values (%s, 'shops', 's1', 'Harbor', gen_random_uuid(), now(), now(), now(), 1)",
            (sides.tenant.id,),
        )
    compare(platform, sides.tenant, ["transactions"], actor="test")
    promote(platform, sides.request("transactions.shop_location", override_reason="names are ours"))
    assert set(sides.column("transactions", "shop_location").values()) == {"Old Town", "Harbor"}
    promote(platform, sides.request("transactions.blaze_status", override_reason="the source is right"))
    assert set(sides.column("transactions", "blaze_status").values()) == {None}


def test_a_closed_gate_needs_a_reason_that_is_kept(platform: Platform, sides: Sides):
    """CMP-11: the override is audited."""
    prepared(platform, sides, different=30)
    with pytest.raises(Refused, match="30 of 100 differ"):
        promote(platform, sides.request("customers.phone"))
    assert list_promotions(platform.database, sides.tenant.id) == []
    done = promote(platform, sides.request("customers.phone", override_reason="the reports were wrong"))
    assert (done.override_reason, done.written) == ("the reports were wrong", 30)
    with platform.database.transaction(sides.tenant.id, "sp_audit") as conn:
        logged = conn.execute("select actor, action, subject, detail ->> 'override' from platform.audit_log").fetchall()
    assert logged == [("test", "promotion", "customers.phone", "the reports were wrong")]


def test_the_dry_run_says_what_will_happen_and_writes_nothing(platform: Platform, sides: Sides):
    """SYS-20: counts, and 20 differences with before and after; personal values masked."""
    prepared(platform, sides, different=30)
    sides.change("customers", "m00050", phone=None)
    before = sides.checksum()
    preview = preview_promotion(platform, sides.request("customers.phone"))
    assert (preview.filled, preview.changed, preview.left_alone) == (0, 30, 1)
    assert preview.verdict is not None
    assert not preview.verdict.passed
    assert len(preview.sample) == 20
    assert {tuple(row) for row in preview.sample} == {("key", "before", "after", "changed_since")}
    assert all("***" in row["after"] for row in preview.sample)
    assert sides.checksum() == before
    assert list_promotions(platform.database, sides.tenant.id) == []


def test_what_a_person_changed_since_the_comparison_is_listed_not_overwritten(platform: Platform, sides: Sides):
    """F-19."""
    prepared(platform, sides)
    sides.change("customers", "m00001", phone="+15550000042")
    sides.change("customers", "m00077", phone="+15550000043")
    done = promote(platform, sides.request("customers.phone"))
    assert (done.written, done.left_alone) == (3, 2)
    phones = sides.column("customers", "phone")
    assert (phones["m00001"], phones["m00077"], phones["m00000"]) == ("+15550000042", "+15550000043", "+15550000000")
    left = rows_left_alone(platform, sides.tenant, "customers", "phone", done.id)
    assert [row["key"] for row in left] == ["m00001", "m00077"]
    roll_back(platform, sides.request("customers.phone"))
    assert sides.column("customers", "phone")["m00001"] == "+15550000042"


def test_they_are_replaced_when_that_is_wanted(platform: Platform, sides: Sides):
    """F-19: with --include-edited; a rollback then restores what the person wrote."""
    prepared(platform, sides)
    sides.change("customers", "m00001", phone="+15550000042")
    done = promote(platform, sides.request("customers.phone", include_edited=True))
    assert done.written == 4
    assert sides.column("customers", "phone")["m00001"] == "+15550000001"
    roll_back(platform, sides.request("customers.phone"))
    assert sides.column("customers", "phone")["m00001"] == "+15550000042"


def test_production_follows_staging_after_the_promotion(small_batches: Platform, sides: Sides):
    """BLZ-10: also rows that were equal when the field was promoted; a person's value stays."""
    prepared(small_batches, sides)
    promote(small_batches, sides.request("customers.phone"))
    assert [(one.written, one.left_alone) for one in follow(small_batches, sides.tenant)] == [(0, 0)]
    for number in (0, 1, 50, 60):
        sides.change("customers", f"m{number:05}", as_person=False, phone=f"+1777{number:07}")
    sides.change("customers", "m00001", phone="+15550000099")
    sides.change("customers", "m00060", phone="+15550000098")
    assert [(one.written, one.left_alone) for one in follow(small_batches, sides.tenant)] == [(2, 2)]
    phones = sides.column("customers", "phone")
    assert [phones[f"m{n:05}"][:5] for n in (0, 1, 50, 60)] == ["+1777", "+1555", "+1777", "+1555"]
    assert [(one.written, one.left_alone) for one in follow(small_batches, sides.tenant)] == [(0, 0)]


@pytest.mark.parametrize("choice", ["restore", "keep"])
def test_500_later_changes_are_restored_or_kept(platform: Platform, sides: Sides, choice: str):
    """F-82, CMP-15: changes by syncs and by people since the promotion, with both choices; every one is listed."""
    prepared(platform, sides, rows=1000, different=40)
    original = sides.column("customers", "phone")
    promote(platform, sides.request("customers.phone"))
    promoted = sides.column("customers", "phone")
    for number in range(250):
        sides.change("customers", f"m{number:05}", as_person=False, phone=f"+1777{number:07}")
    follow(platform, sides.tenant)
    with platform.database.transaction(sides.tenant.id) as conn:
        conn.execute(
            "update public.customers set phone = '+1888' || right(member_id, 5)"
            " where member_id < 'm00270' and member_id >= 'm00020'"
        )
    newer = sides.column("customers", "phone")
    preview = preview_rollback(platform, sides.request("customers.phone"))
    touched = {key for key in original if newer[key] != promoted[key]} & {f"m{n:05}" for n in range(250)}
    assert preview.left_alone == len(touched) == 250
    done = roll_back(platform, sides.request("customers.phone", changed_since=choice))
    after = sides.column("customers", "phone")
    recorded = {f"m{n:05}" for n in range(250)}  # rows that the promotion or a sync after it ever wrote
    expected = {
        key: original[key] if key in recorded and (choice == "restore" or newer[key] == promoted[key]) else newer[key]
        for key in original
    }
    assert after == expected
    assert len(rows_left_alone(platform, sides.tenant, "customers", "phone", done.id, limit=1000)) == 250


def test_rows_that_only_staging_has_are_inserted_and_taken_out_again(small_batches: Platform, sides: Sides):
    """CMP-05, CMP-13: promoting the rows themselves; rows that only production has are left alone."""
    prepared(small_batches, sides)
    sides.staging("customers", [{"member_id": f"new{n}", "phone": f"+1666{n}", "city": "Davis"} for n in range(4)])
    compare(small_batches, sides.tenant, ["customers"], actor="test")
    before = sides.checksum()
    done = promote(small_batches, sides.request("customers.rows"))
    assert (done.state, done.written) == ("active", 4)
    assert sides.column("customers", "city")["new3"] == "Davis"
    assert sides.column("customers", "origin")["new3"] == "blaze"
    sides.staging("customers", [{"member_id": "later", "phone": "+16669"}])
    assert [(one.field, one.written) for one in follow(small_batches, sides.tenant)] == [("rows", 1)]
    roll_back(small_batches, sides.request("customers.rows"))
    assert sides.checksum() == before


def test_group_two_keeps_the_replaced_values_beside(make_platform: MakePlatform, sides: Sides):
    """CMP-12: lifetime_value_old and total_visits_old are filled, and emptied by a rollback."""
    platform = make_platform(cut_over={"soak_days": 0})
    rows = [{"member_id": f"m{n}", "name": "A", "phone": "5", "email": "e@x.example"} for n in range(40)]
    sides.staging("customers", rows)
    sides.production("customers", [row | {"lifetime_value": 12 if n < 1 else 0} for n, row in enumerate(rows)])
    before = sides.checksum()
    compare(platform, sides.tenant, actor="test")
    for field in ("name", "phone", "email"):
        promote(platform, sides.request(f"customers.{field}"))
    promote(platform, sides.request("customers.lifetime_value"))
    assert sides.column("customers", "lifetime_value_old")["m0"] == 12
    assert sides.column("customers", "lifetime_value")["m0"] == 0
    roll_back(platform, sides.request("customers.lifetime_value"))
    assert sides.checksum() == before


def test_a_field_is_not_promoted_twice_and_not_taken_back_twice(platform: Platform, sides: Sides):
    """CMP-16."""
    prepared(platform, sides)
    promote(platform, sides.request("customers.phone"))
    with pytest.raises(Refused, match="promoted already"):
        promote(platform, sides.request("customers.phone"))
    roll_back(platform, sides.request("customers.phone"))
    with pytest.raises(Refused, match="is not promoted"):
        roll_back(platform, sides.request("customers.phone"))
    compare(platform, sides.tenant, ["customers"], actor="test")
    assert promote(platform, sides.request("customers.phone")).state == "active"


def test_an_unknown_field_is_named_with_those_there_are(platform: Platform, sides: Sides):
    for field in ("customers.fax", "people.phone"):
        with pytest.raises(InvalidRequest, match=r"phone|customers"):
            promote(platform, sides.request(field))


def test_another_tenants_rows_are_never_touched(
    platform: Platform, sides: Sides, other_tenant: Tenant, sides_of: Callable[[Tenant], Any]
):
    """TEN-04: promotion and rollback under row security."""
    other = sides_of(other_tenant)
    other.customers(100, 30)
    theirs = other.column("customers", "phone")
    prepared(platform, sides)
    promote(platform, sides.request("customers.phone"))
    assert other.column("customers", "phone") == theirs
    roll_back(platform, sides.request("customers.phone"))
    assert other.column("customers", "phone") == theirs
    assert list_promotions(platform.database, other_tenant.id) == []
