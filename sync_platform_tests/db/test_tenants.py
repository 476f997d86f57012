"""The registry of tenants (TEN-01)."""

import pytest

from sync_platform.core.errors import InvalidRequest, UnknownTenant
from sync_platform.db.pool import Database
from sync_platform.db.tenants import add_tenant, directory, find_tenant, set_tenant_state

GOOD = {"slug": "cedar", "name": "Cedar Dispensary", "zone": "America/Denver", "country": "US"}


def test_a_tenant_is_found_again_by_its_slug(database: Database):
    """TEN-01."""
    added = add_tenant(database, **GOOD)
    assert find_tenant(database, "cedar") == added
    assert (added.zone_name, added.country, added.state) == ("America/Denver", "US", "active")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "c"),
        ("slug", "Cedar"),
        ("slug", "cedar|x"),
        ("slug", "x" * 41),
        ("slug", "cedar\n"),
        ("slug", "../cedar"),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", "Ce\x00dar"),
        ("zone", "Mars/Olympus"),
        ("zone", "America"),
        ("zone", "../etc/passwd"),
        ("zone", "/etc/passwd"),
        ("zone", ""),
        ("zone", "America/De\x00nver"),
        ("country", "us"),
        ("country", "USA"),
        ("country", "XX"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_is_stored(database: Database, field: str, value: str):
    """TEN-01, TEN-10."""
    with pytest.raises(InvalidRequest):
        add_tenant(database, **{**GOOD, field: value})
    assert directory(database) == []


def test_a_slug_that_is_taken_is_refused_with_a_remedy(database: Database):
    """TEN-01."""
    add_tenant(database, **GOOD)
    with pytest.raises(InvalidRequest, match="'cedar' is taken; choose another"):
        add_tenant(database, **{**GOOD, "name": "Another"})
    assert len(directory(database)) == 1


def test_the_directory_keeps_the_order_of_addition(database: Database):
    """The order of partition keys does not depend on names."""
    slugs = ["pine", "ash", "oak", "elm", "birch"]
    for slug in slugs:
        add_tenant(database, **{**GOOD, "slug": slug})
    assert [tenant.slug for tenant in directory(database)] == slugs


def test_a_suspended_tenant_leaves_the_directory_and_can_come_back(database: Database):
    """TEN-01."""
    cedar = add_tenant(database, **GOOD)
    add_tenant(database, **{**GOOD, "slug": "ash"})
    set_tenant_state(database, cedar.id, "suspended")
    assert [tenant.slug for tenant in directory(database)] == ["ash"]
    assert [tenant.slug for tenant in directory(database, states=["suspended"])] == ["cedar"]
    assert find_tenant(database, "cedar").state == "suspended"
    set_tenant_state(database, cedar.id, "active")
    assert [tenant.slug for tenant in directory(database)] == ["cedar", "ash"]


@pytest.mark.parametrize("slug", ["nobody", "NOT A SLUG", "", "x'; drop table platform.tenants; --"])
def test_an_unknown_tenant_is_refused_with_a_remedy(database: Database, slug: str):
    """TEN-01."""
    with pytest.raises(UnknownTenant, match="tenant list"):
        find_tenant(database, slug)
