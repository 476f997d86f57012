"""A shop in a stand-in server, whose key a tenant has, and the work of a worker in this thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.sync.platform import Platform
from sync_platform.sync.request_worker import RequestWorker


@contextmanager
def shop_of(platform: Platform, tenant: Tenant) -> Iterator[BlazeSandbox]:
    """A small shop of three days up to now."""
    now = datetime.now(UTC)
    spec = ShopSpec(
        name=tenant.slug,
        shop_key=f"{tenant.slug}-shop-key",
        zone=tenant.zone_name,
        seed=7,
        now=now,
        first_day=(now - timedelta(days=2)).date(),
        days=3,
        members=20,
        products=20,
        sales_per_day=10,
    )
    shop = build_shop(spec)
    with BlazeSandbox([shop]) as server:
        set_credential(
            platform.database,
            platform.keyring,
            tenant.id,
            source="blaze",
            environment="stage",
            account=shop.name,
            secrets={"partner_key": spec.partner_key, "shop_key": spec.shop_key},
            settings={"base_url": server.url},
        )
        yield server


def work(platform: Platform) -> None:
    """Until nothing waits."""
    worker = RequestWorker(platform, 1, pulse=0.02, try_again=0)
    while worker.work_one():
        pass
