"""The end of a cut-over: what stands against it, and the columns that go."""

from collections.abc import Callable
from typing import Any

import pytest

from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.field_map import field_map
from sync_platform.sync.comparison import compare
from sync_platform.sync.finalize import finalize, look_at_the_end
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import promote, roll_back
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.cut_over.sides import Sides

OLD = ("public.customers.lifetime_value_old", "public.customers.total_visits_old")


@pytest.fixture
def no_soak(make_platform: MakePlatform) -> Platform:
    return make_platform(cut_over={"soak_days": 0})


def promote_all_groups(platform: Platform, sides: Sides) -> None:
    """Every field of every group, in its order."""
    rows = [{"member_id": f"m{n}", "name": "A", "phone": "5", "email": "e@x.example"} for n in range(40)]
    sides.staging("customers", rows)
    sides.production("customers", [row | {"lifetime_value": 12} for row in rows])
    compare(platform, sides.tenant, actor="test")
    fields = [(field.group, entity.name, field.name) for entity in field_map().values() for field in entity.fields
              if field.group is not None]  # fmt: skip
    for _, table, name in sorted(fields, key=lambda field: field[0] or 0):
        promote(platform, sides.request(f"{table}.{name}", override_reason="a test of the end"))


def has_columns(sides: Sides) -> bool:
    with connect(sides.url) as conn:
        row = conn.execute(
            "select count(*) from pg_attribute where attrelid = 'public.customers'::regclass and attname like '%\\_old'"
        ).fetchone()
    return bool(row and row[0])


def test_what_is_not_promoted_or_still_soaks_stands_against_it(platform: Platform, sides: Sides):
    """CMP-17: after all groups are accepted."""
    sides.customers(40)
    found = look_at_the_end(platform, sides.tenant)
    assert "customers.phone is not promoted" in found.open
    assert (found.columns, found.used_by) == (OLD, ())
    with pytest.raises(Refused, match="not finished yet"):
        finalize(platform, sides.tenant, "test")
    compare(platform, sides.tenant, ["customers"], actor="test")
    promote(platform, sides.request("customers.phone"))
    assert any(text.startswith("customers.phone soaks until") for text in look_at_the_end(platform, sides.tenant).open)


def test_views_and_functions_that_use_the_columns_are_named(no_soak: Platform, sides: Sides):
    """CMP-17: nothing is dropped under somebody's feet."""
    promote_all_groups(no_soak, sides)
    with connect(sides.url) as conn:
        conn.execute("create view public.report as select lifetime_value_old from public.customers")
        conn.execute("create function public.f() returns text language sql as $$ select 'total_visits_old' $$")
    assert look_at_the_end(no_soak, sides.tenant).used_by == ("function f()", "view report")
    with pytest.raises(Refused, match=r"function f.*view report"):
        finalize(no_soak, sides.tenant, "test")
    assert has_columns(sides)


def test_the_columns_go_with_the_last_tenant_and_nothing_can_be_taken_back(
    no_soak: Platform, sides: Sides, other_tenant: Tenant, sides_of: Callable[[Tenant], Any]
):
    """CMP-17, CMP-12: tenants share the tables; staging and the ledger stay."""
    other = sides_of(other_tenant)
    for one in (sides, other):
        promote_all_groups(no_soak, one)
    assert sides.column("customers", "lifetime_value_old")["m0"] == 12
    first = finalize(no_soak, sides.tenant, "test")
    assert (first.dropped, first.kept_for) == ((), 1)
    assert has_columns(sides)
    assert sides.column("customers", "lifetime_value_old")["m0"] is None
    with pytest.raises(Refused, match="finalized"):
        roll_back(no_soak, sides.request("customers.phone"))
    last = finalize(no_soak, other.tenant, "test")
    assert (last.dropped, last.kept_for) == (OLD, 0)
    assert not has_columns(sides)


def test_without_the_columns_a_promotion_keeps_the_values_in_its_ledger_alone(no_soak: Platform, sides: Sides):
    """CMP-12: a tenant who comes after the columns went."""
    with connect(sides.url) as conn:
        conn.execute("alter table public.customers drop column lifetime_value_old, drop column total_visits_old")
    promote_all_groups(no_soak, sides)
    assert sides.column("customers", "lifetime_value")["m0"] == 0
    roll_back(no_soak, sides.request("customers.lifetime_value"))
    assert sides.column("customers", "lifetime_value")["m0"] == 12
