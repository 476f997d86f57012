"""Many tenants that have synced before: each with a shop's rows, keys and cursors, and five changed records waiting."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.tenants import add_tenant, directory
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES, SyncRequest

LATENCY = 0.02
CHANGED = 5
# what a first sync leaves behind; copied from the first tenant to the others
STATE = (
    "blaze.customers",
    "blaze.transactions",
    "blaze.transaction_items",
    "blaze.products",
    "blaze.lookups",
    "platform.sync_cursors",
)


@dataclass
class Town:
    """Tenants whose shops are one: the stand-in answers each of them with the same records, 20 ms after the call."""

    shop: Shop
    sandbox: BlazeSandbox
    tenants: Sequence[Tenant]

    def change(self) -> None:
        """Five members, receipts and products of every tenant are changed at the source."""
        for kind, field in (("members", "loyaltyPoints"), ("transactions", "pointsEarned"), ("products", "unitPrice")):
            for record_id in self.shop.collection(kind).ids()[-CHANGED:]:
                before = self.shop.collection(kind).get(record_id)
                self.shop.modify(kind, record_id, **{field: float(before.get(field) or 0) + 1})  # type: ignore[arg-type]

    def left(self, platform: Platform) -> int:
        """How many of the changes have not reached a table, over all tenants."""
        wanted = {
            "customers": ("member_id", self.shop.members), "transactions": ("transaction_id", self.shop.transactions),
            "products": ("product_id", self.shop.products),
        }  # fmt: skip
        missing = 0
        for table, (key, collection) in wanted.items():
            ids = collection.ids()[-CHANGED:]
            modified = {i: datetime.fromtimestamp(collection.get(i)["modified"] / 1000, UTC) for i in ids}
            for tenant in self.tenants:
                statement = sql.SQL("select {}, source_modified_at from {} where {} = any (%s)").format(
                    sql.Identifier(key), sql.Identifier("blaze", table), sql.Identifier(key)
                )
                with platform.database.transaction(tenant.id) as conn:
                    stored = dict(conn.execute(statement, (ids,)).fetchall())
                missing += sum(stored.get(i) != at for i, at in modified.items())
        return missing


@contextmanager
def town(platform: Platform, admin_url: str, number: int) -> Iterator[Town]:
    """``number`` tenants that are up to date, with the stand-in they are synced from."""
    now = datetime.now(UTC)
    spec = ShopSpec(
        name="bench", shop_key="sandbox-shop-key", zone="UTC", seed=1, first_day=now.date() - timedelta(days=2), days=4,
        members=20, products=20, sales_per_day=12, opens=0, closes=24, now=now - timedelta(minutes=10),
    )  # fmt: skip
    shop = build_shop(spec)
    with BlazeSandbox([shop]) as sandbox:
        for n in range(number):
            tenant = add_tenant(platform.database, slug=f"shop-{n:04}", name=f"Shop {n}", zone="UTC", country="US")
            set_credential(
                platform.database, platform.keyring, tenant.id, source="blaze", environment="stage", account="main",
                secrets={"partner_key": spec.partner_key, "shop_key": spec.shop_key},
                settings={"base_url": sandbox.url, "zone": "UTC", "shop_id": str(shop.lookups.store["shop"]["id"])},
            )  # fmt: skip
        tenants = directory(platform.database)
        _first_sync(platform, tenants[0], now)
        _copy_state(admin_url, tenants[0], tenants[1:])
        sandbox.faults.add(Fault(kind="latency", seconds=LATENCY))
        yield Town(shop, sandbox, tenants)


def _first_sync(platform: Platform, tenant: Tenant, now: datetime) -> None:
    for entity in ENTITIES:
        days = ((now.date() - timedelta(days=2), now.date()),)
        result = sync_blaze(
            platform, SyncRequest(tenant=tenant, entity=entity, days=days, kind="manual", actor="bench")
        )
        if result.error:
            raise result.error


def _copy_state(admin_url: str, source: Tenant, others: Sequence[Tenant]) -> None:
    with psycopg.connect(admin_url) as conn:
        for name in STATE:
            schema, table = name.split(".")
            rows = conn.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                " and not attisdropped and attgenerated = '' and attname <> 'tenant_id'",
                (name,),
            )
            columns = [row[0] for row in rows]
            listed = sql.SQL(", ").join(map(sql.Identifier, columns))
            conn.execute(
                sql.SQL(
                    "insert into {table} (tenant_id, {columns}) select other, {columns} from {table}"
                    " cross join unnest(%(others)s::uuid[]) as other where tenant_id = %(source)s"
                ).format(table=sql.Identifier(schema, table), columns=listed),
                {"others": [other.id for other in others], "source": source.id},
            )
        conn.execute("analyze")
