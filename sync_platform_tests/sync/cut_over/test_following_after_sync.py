"""After a promotion every successful sync carries on into production, and is not failed by that (BLZ-10)."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from psycopg import sql
from structlog.testing import capture_logs

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database
from sync_platform.sandbox.shop import Shop
from sync_platform.sync import following
from sync_platform.sync.comparison import compare
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import promote
from sync_platform.sync.request import Entity, SyncResult
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.cut_over.sides import Sides
from sync_platform_tests.sync.syncing import ask


def synced(platform: Platform, tenant: Tenant, *entities: Entity, **values: str) -> list[SyncResult]:
    """As a command or a run does it."""
    work = [[ask(tenant, entity, platform, **values) for entity in entities]]
    return list(sync_many(platform, work))


@pytest.fixture
def production(platform: Platform, owner: Tenant, shop: Shop, database_url: str) -> Sides:
    """Every member of the shop in production, with another city; the field is promoted."""
    sides = Sides(platform.database, owner, database_url)
    assert synced(platform, owner, "customers")[0].finished
    sides.production("customers", [{"member_id": member, "city": "Old Town"} for member in shop.members.ids()])
    compare(platform, owner, ["customers"], actor="test")
    promote(platform, sides.request("customers.city", override_reason="a test"))
    return sides


def move(shop: Shop, clock: TestClock, city: str) -> str:
    """A member moves; returns who."""
    clock.forward()
    member = next(m["id"] for m in shop.truth("members") if m.get("address"))
    found = next(m for m in shop.truth("members") if m["id"] == member)
    shop.modify("members", member, address=found["address"] | {"city": city})
    clock.forward()
    return str(member)


def test_what_a_sync_changed_is_in_production_when_it_ends(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, production: Sides
) -> None:
    """BLZ-10."""
    member = move(shop, clock, "Fresno")
    (result,) = synced(platform, owner, "customers")
    assert (result.finished, result.warnings) == (True, ())
    assert production.column("customers", "city")[member] == "Fresno"


def test_a_dry_run_carries_nothing_over(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock, production: Sides
) -> None:
    """SYS-20."""
    member = move(shop, clock, "Fresno")
    before = production.checksum()
    synced(platform, owner, "customers", kind="dry_run")
    assert production.checksum() == before
    assert production.column("customers", "city")[member] != "Fresno"


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody holds production's customers."""
    with connect(url) as conn, conn.transaction():
        conn.execute("lock table public.customers in access exclusive mode")
        yield


def test_a_table_that_is_held_delays_following_and_does_not_fail_the_sync(
    make_platform: MakePlatform, owner: Tenant, shop: Shop, clock: TestClock, production: Sides, database_url: str
) -> None:
    """BLZ-10: a warning; the next sync brings what this one left, whether or not it changes something itself."""
    platform = make_platform(cut_over={"lock_slice": 0.05})
    member = move(shop, clock, "Fresno")
    with locked(database_url), capture_logs() as lines:
        (result,) = synced(platform, owner, "customers")
    assert result.finished
    (warning,) = result.warnings
    assert "LockNotAvailable" in warning
    assert [line["tenant"] for line in lines if line["event"] == "following_failed"] == [owner.slug]
    assert production.column("customers", "city")[member] != "Fresno"
    (result,) = synced(platform, owner, "customers")
    assert result.warnings == ()
    assert production.column("customers", "city")[member] == "Fresno"


def test_where_nothing_is_promoted_nothing_is_looked_through(
    platform: Platform, owner: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLZ-10: most tenants, every few minutes."""
    monkeypatch.setattr(following, "follow", _forbidden)
    assert synced(platform, owner, "products", "customers", "transactions")[-1].warnings == ()


def test_receipts_carry_on_what_is_derived_from_them_and_products_do_not(
    platform: Platform, owner: Tenant, production: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLZ-10, BLZ-30: a customer's values come from receipts."""
    asked: list[list[str]] = []
    monkeypatch.setattr(following, "follow", lambda _platform, _tenant, tables: asked.append(tables))
    for entity in ("products", "customers", "transactions"):
        synced(platform, owner, entity)  # type: ignore[arg-type]
    assert asked == [["customers"], ["customers"]]
    assert production.tenant == owner


def _forbidden(*_: object) -> None:
    raise AssertionError(f"follow was called in {threading.current_thread().name}")


def test_a_login_that_may_only_load_syncs_without_a_warning(
    platform: Platform, owner: Tenant, database_url: str, sandbox: object
) -> None:
    """TEN-03: whoever has nothing promoted needs no promoter."""
    name = f"loader_{owner.id.hex[:12]}"
    with connect(database_url) as admin:
        admin.execute(sql.SQL("create role {} login noinherit").format(sql.Identifier(name)))
        admin.execute(sql.SQL("grant sp_loader to {}").format(sql.Identifier(name)))
        try:
            with Database(re.sub(r"//[^@]*@", f"//{name}@", database_url), pool_size=4) as database:
                (result,) = synced(replace(platform, database=database), owner, "customers")
            assert (result.finished, result.warnings) == (True, ())
        finally:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
