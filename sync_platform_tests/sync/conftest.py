"""A platform on a private database, shops in a stand-in server, and tenants whose keys open them."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.keys import KeyRing
from sync_platform.db.pool import Database
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Entity as Collection
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.settings import Settings, load_settings
from sync_platform.sync.platform import Platform, call_budgets
from sync_platform.sync.request import Entity, SyncRequest

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
TODAY = date(2026, 11, 20)
DAYS = 10


class TestClock:
    """A clock that the test moves."""

    __test__ = False

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def epoch(self) -> float:
        return self.now.timestamp()

    def forward(self, minutes: float = 5) -> None:
        """Time passes: what the shop has changed is in the past now."""
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(
        database_url=database_url, data_dir=tmp_path, master_keys=(Fernet.generate_key().decode(),), _env_file=None
    )


MakePlatform = Callable[..., Platform]


@pytest.fixture
def make_platform(settings: Settings, database: Database, clock: TestClock) -> MakePlatform:
    """``make_platform(sync={"batch_records": 50})``: the same database under other settings; never really sleeps."""

    def make(**overrides: dict[str, Any]) -> Platform:
        changed = {name: getattr(settings, name).model_copy(update=values) for name, values in overrides.items()}
        effective = settings.model_copy(update=changed)
        keyring = KeyRing.from_settings(effective)
        budgets = call_budgets(effective, database, keyring, lambda _: None)
        return Platform(effective, database, keyring, budgets, clock, lambda _: None)

    return make


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    return make_platform()


def small_shop(name: str = "alder", zone: str = "America/Los_Angeles", seed: int = 7, **values: Any) -> ShopSpec:
    """Ten days of a small shop up to now."""
    fields = {
        "name": name,
        "shop_key": f"{name}-shop-key",
        "zone": zone,
        "seed": seed,
        "now": NOW,
        "first_day": TODAY - timedelta(days=DAYS - 1),
        "days": DAYS,
        "members": 60,
        "products": 40,
        "sales_per_day": 30,
    }
    return ShopSpec(**(fields | values))


def within_reach(shop: Shop, *entities: Collection) -> Shop:
    """The shop with all its members, or records of ``entities``, modified during the last twenty days: a read of a
    month finds every one."""
    earliest = shop.spec.now_ms - 20 * 86_400_000
    for entity in entities or ("members",):
        for record in shop.truth(entity):
            shop.publish(entity, record | {"modified": max(record["modified"], earliest)})
    return shop


@pytest.fixture
def shop(clock: TestClock) -> Shop:
    return build_shop(small_shop(), clock=clock.epoch)


@pytest.fixture
def sandbox(shop: Shop, clock: TestClock) -> Iterator[BlazeSandbox]:
    with BlazeSandbox([shop], clock=clock.epoch) as server:
        yield server


Connect = Callable[..., Tenant]


@pytest.fixture
def connect(platform: Platform, make_tenant: Callable[..., Tenant]) -> Connect:
    """A tenant with the keys of a shop."""

    def make(sandbox: BlazeSandbox, shop: Shop, tenant: Tenant | None = None) -> Tenant:
        owner = tenant or make_tenant(shop.name, zone=shop.spec.zone)
        set_credential(
            platform.database,
            platform.keyring,
            owner.id,
            source="blaze",
            environment="stage",
            account=shop.name,
            secrets={"partner_key": shop.spec.partner_key, "shop_key": shop.spec.shop_key},
            settings={"base_url": sandbox.url},
        )
        return owner

    return make


@pytest.fixture
def owner(connect: Connect, sandbox: BlazeSandbox, shop: Shop) -> Tenant:
    """The tenant of ``shop``."""
    return connect(sandbox, shop)


def request_for(tenant: Tenant, entity: Entity, days: int = DAYS, **values: Any) -> SyncRequest:
    """The last ``days`` days up to today, asked for by hand."""
    first = TODAY - timedelta(days=days - 1)
    fields: dict[str, Any] = {"days": ((first, TODAY),), "kind": "manual", "actor": "test"}
    return SyncRequest(tenant, entity, **(fields | values))
