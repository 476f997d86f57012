"""Blaze under the conformance suite."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.blaze_tables import TRANSACTION_ITEMS
from sync_platform.db.credentials import accounts, set_credential
from sync_platform.db.target import Target
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Entity as Collection
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.settings import BlazeSettings
from sync_platform.sync.accounts import check_account, check_entities
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES, SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, SyncResult
from sync_platform.transforms.blaze_records import Member, Product, Transaction
from sync_platform_tests.conformance.faulty import FaultyStandIn
from sync_platform_tests.conformance.source import (
    DAYS,
    Brought,
    EntityUnderTest,
    Failure,
    Field,
    Overrides,
    Record,
    StandIn,
)
from sync_platform_tests.sync.conftest import small_shop, within_reach
from sync_platform_tests.sync.truth import assert_tables_equal_truth

COLLECTIONS: dict[str, Collection] = {"customers": "members", "transactions": "transactions", "products": "products"}
TABLES = {"transactions": ("transactions", "transaction_items")}
PATHS = {"customers": "/members", "transactions": "/transactions", "products": "/products*"}

CUSTOMERS = EntityUnderTest(
    "customers",
    BLAZE_ENTITIES["customers"].target,
    Member,
    (
        Field("email", "email", "text"),
        Field("medical", "is_medical", "flag"),
        Field("loyaltyPoints", "loyalty_points", "money"),
        Field("lastVisitDate", "last_visited", "time"),
    ),
)
ITEM = {"orderItemId": "a"}
TRANSACTIONS = EntityUnderTest(
    "transactions",
    BLAZE_ENTITIES["transactions"].target,
    Transaction,
    (
        Field("transNo", "trans_no", "text"),
        # the only whole number of a row: how many lines the receipt has
        Field("cart.items", "line_count", "integer", ((None, 0), ([], 0), ([ITEM], 1), ([ITEM, {}, {}], 3))),
        Field("cart.totalDiscount", "discounts", "money"),
        Field("startTime", "start_time", "time"),
    ),
    rare=frozenset({"cart.refundAmount", "cart.finalRefundAmt", "parentTransactionId"}),
    brings=(Brought(TRANSACTION_ITEMS),),
)
PRODUCTS = EntityUnderTest(
    "products",
    BLAZE_ENTITIES["products"].target,
    Product,
    (
        Field("description", "description", "text"),
        Field("active", "is_active", "flag"),
        Field("unitPrice", "retail_price", "money"),
        Field("created", "blaze_created", "time"),
    ),
    tells_absence=True,
)


class BlazeStandIn(FaultyStandIn):
    """A shop behind the sandbox."""

    def __init__(self, shop: Shop, server: BlazeSandbox) -> None:
        numbers = {"customers": "loyaltyPoints", "transactions": "cart.total", "products": "unitPrice"}
        super().__init__(server.faults, PATHS, numbers)
        self.shop, self.server, self.zone = shop, server, shop.spec.zone

    def records(self, entity: str) -> dict[str, Record]:
        return {record["id"]: record for record in self.shop.truth(COLLECTIONS[entity])}

    def add(self, entity: str, key: str | None = None) -> str:
        new = {"customers": self.shop.add_member, "transactions": self.shop.add_sale, "products": self.shop.add_product}
        record = new[entity]()
        if key is not None:
            self.rename(entity, record["id"], key)
        return key or str(record["id"])

    def change(self, entity: str, key: str, fields: Mapping[str, Any]) -> None:
        record = self.records(entity)[key]
        for path, value in fields.items():
            *parents, name = path.split(".")
            place = record
            for parent in parents:
                place = place[parent]
            place[name] = value
        self.shop.publish(COLLECTIONS[entity], {"modified": self.shop.tick()} | _without_modified(record, fields))

    def remove(self, entity: str, key: str) -> None:
        self.shop.erase(COLLECTIONS[entity], key)

    def rename(self, entity: str, key: str, new: str) -> None:
        record = self.records(entity)[key]
        self.remove(entity, key)
        self.shop.publish(COLLECTIONS[entity], record | {"id": new, "modified": self.shop.tick()})

    def clear(self) -> None:
        for entity in COLLECTIONS:
            for key in self.records(entity):
                self.remove(entity, key)

    def deny(self, entity: str) -> None:
        self.shop.denied |= {PATHS[entity].removesuffix("*"), PATHS[entity].replace("*", "/modified")}

    def requests(self, entity: str) -> int:
        return sum(
            entry.endpoint.startswith(PATHS[entity].removesuffix("*")) for entry in self.server.journal.entries()
        )

    def assert_stored(self, platform: Platform, tenant: Tenant, entity: str) -> None:
        shop: Any = Receipts(self.shop) if entity == "transactions" else self.shop
        assert_tables_equal_truth(platform.database, tenant, [shop], TABLES.get(entity, (entity,)))


class Receipts:
    """A shop's receipts by themselves. Where its products were not loaded, nothing is known of a line's strain."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def truth(self, entity: str) -> list[Record]:
        return [] if entity == "products" else self._shop.truth(entity)


class Blaze:
    """The point of sale."""

    def __init__(self) -> None:
        self.name: str = SOURCE
        self.account = "main"
        self.checked = frozenset(COLLECTIONS)
        self.entities: tuple[EntityUnderTest, ...] = (CUSTOMERS, TRANSACTIONS, PRODUCTS)
        self.settings: type[BaseModel] = BlazeSettings
        self.secrets = frozenset({"partner_key", "shop_key"})
        self.days = DAYS
        self.refusals: Mapping[Failure, type[SyncError]] = {}
        self.beside: Mapping[str, dict[str, Any]] = {}
        self.small_pages: Overrides = {"blaze": {"page_size": 7}}
        self.other_settings: tuple[Overrides, ...] = (
            {"blaze": {"page_size": 3}},
            {"blaze": {"page_size": 50}},
            {"blaze": {"max_window_days": 3}},
            {"blaze": {"overlap_minutes": 60, "overlap_days": 3}},
        )

    @contextmanager
    def stand_in(self, clock: Callable[[], float]) -> Iterator[StandIn]:
        now = datetime.fromtimestamp(clock(), UTC)
        first_day = now.date() - timedelta(days=3)
        spec = small_shop(now=now, first_day=first_day, days=4, members=36, products=36, sales_per_day=11)
        shop = build_shop(spec, clock=clock)
        within_reach(shop, "members", "products")
        with BlazeSandbox([shop], clock=clock) as server:
            yield BlazeStandIn(shop, server)

    def connect(self, platform: Platform, tenant: Tenant, stand_in: StandIn, *, right_keys: bool = True) -> None:
        assert isinstance(stand_in, BlazeStandIn)
        spec = stand_in.shop.spec
        shop_key = spec.shop_key if right_keys else "invented-shop-key"
        set_credential(
            platform.database,
            platform.keyring,
            tenant.id,
            source=SOURCE,
            environment="stage",
            account=self.account,
            secrets={"partner_key": spec.partner_key, "shop_key": shop_key},
            settings={"base_url": stand_in.server.url},
        )

    def check(self, platform: Platform, tenant: Tenant) -> list[str]:
        [account] = accounts(platform.database, tenant.id, SOURCE)
        check_account(platform, tenant, account)
        return check_entities(platform, tenant, account)

    def sync(self, platform: Platform, request: SyncRequest, on_progress: OnProgress) -> SyncResult:
        return sync_blaze(platform, request, on_progress)

    def command(self, tenant: Tenant, entity: str) -> list[str]:
        return ["sync", "blaze", "--tenant", tenant.slug, "--entity", entity, "--days", "30", "--json"]

    def discovered(self) -> dict[str, Target]:
        return {name: entity.target for name, entity in BLAZE_ENTITIES.items()}


def _without_modified(record: Record, fields: Mapping[str, Any]) -> Record:
    """The record, its version only where the test sets one."""
    return {name: value for name, value in record.items() if name != "modified" or name in fields}
