"""Names for ids: fetched once a day, written when they change."""

from collections.abc import Sequence

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.credentials import accounts
from sync_platform.db.pool import Database
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import one, rows, sync, sync_all, versions
from sync_platform_tests.sync.truth import assert_tables_equal_truth

PATHS = ("/vendors", "/employees", "/store/inventory/brands", "/store/inventory/categories")


def asked(sandbox: BlazeSandbox, paths: Sequence[str] = PATHS) -> list[int]:
    return [sandbox.journal.count(endpoint=path) for path in paths]


def test_lookups_are_read_once_a_day_and_unchanged_ones_not_written(
    platform: Platform, owner: Tenant, sandbox: BlazeSandbox, clock: TestClock
) -> None:
    """HTTP-09."""
    sync(platform, owner, "products")
    first, before = asked(sandbox), versions(platform.database, owner, ["lookups"])
    clock.forward(23 * 60)
    sync(platform, owner, "products", days=1)
    assert asked(sandbox) == first
    clock.forward(61)
    sync(platform, owner, "products", days=1)
    assert asked(sandbox) == [2 * number for number in first]
    assert versions(platform.database, owner, ["lookups"]) == before


def test_every_lookup_is_stored_under_its_kind(platform: Platform, owner: Tenant, shop: Shop) -> None:
    """BLZ-24."""
    sync(platform, owner, "products")
    found = rows(platform.database, owner, "select kind, count(*)::int from blaze.lookups group by 1 order by 1")
    kinds = ("brands", "categories", "employees", "terminals", "vendors")
    assert dict(found) == {kind: len(shop.truth(kind)) for kind in kinds} | {"shops": 1}
    zone = one(platform.database, owner, "select name, zone from blaze.lookups where kind = 'shops'")
    assert zone == (shop.name, shop.spec.zone)


def test_a_vendor_that_changes_its_name_changes_it_on_all_products(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-23, BLZ-24: the products themselves have not changed."""
    sync_all(platform, owner)
    shop.lookups.vendors[0]["name"] = "Renamed Farms"
    shop.lookups.vendors[0]["modified"] += 1000
    clock.forward(25 * 60)
    sync(platform, owner, "products", days=1)
    named = one(platform.database, owner, "select count(*) from blaze.products where vendor = 'Renamed Farms'")
    assert named[0] > 0
    assert_tables_equal_truth(platform.database, owner, [shop])


def test_a_shop_that_corrects_its_zone_has_other_days(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """BLZ-05, HTTP-09: the zone is remembered, and asked for again with the other lookups."""
    sync_all(platform, owner)
    shop.lookups.store["shop"] |= {"timeZone": "America/New_York", "modified": shop.tick()}
    clock.forward(25 * 60)
    sync_all(platform, owner, days=1)
    [account] = accounts(platform.database, owner.id, "blaze")
    assert account.settings["zone"] == "America/New_York"
    mark = "select watermark at time zone 'America/New_York' from platform.sync_cursors where entity = 'transactions'"
    assert f"{one(platform.database, owner, mark)[0]:%H:%M}" == "00:00"


def test_a_lookup_that_cannot_be_read_does_not_stop_the_products(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, clock: TestClock
) -> None:
    """HTTP-09: the failure is in the ledger; names come with the next refresh, which is due at once."""
    sandbox.faults.add(Fault(kind="status", path="/vendors", status=404))
    result = sync(platform, owner, "products")
    assert result.state == "succeeded"
    states = rows(platform.database, owner, "select entity, state from platform.sync_runs order by id")
    assert states == [("lookups", "failed"), ("products", "succeeded")]
    sandbox.faults.clear()
    sync(platform, owner, "products", days=1)
    assert_tables_equal_truth(platform.database, owner, [shop], ["products"])


def test_no_pin_and_no_password_is_stored_anywhere(
    platform: Platform, owner: Tenant, shop: Shop, database: Database, database_url: str
) -> None:
    """SYS-13: neither loaded nor quarantined; the whole database is searched."""
    secrets = [value for e in shop.truth("employees") for value in (e["password"],)]
    shop.lookups.employees[0]["firstName"] = 5  # makes a reject of an employee
    sync_all(platform, owner)
    assert one(database, owner, "select count(*) from platform.quarantine where entity = 'lookups'") == (1,)
    with connect(database_url) as conn:  # the administrator: the loader may not read every table
        tables = conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname in ('blaze', 'platform', 'public')"
        ).fetchall()
        for (table,) in tables:
            text = conn.execute(f"select coalesce(string_agg(t::text, ' '), '') from {table} t").fetchone()  # type: ignore[arg-type]
            assert text is not None
            assert not [secret for secret in secrets if secret in text[0]], table
            assert '"pin"' not in text[0], table
