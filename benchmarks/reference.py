"""The reference tenant (PERF-01), and the smaller ones that are measured beside it. All invented, all from one seed."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import ShopSpec

ZONE = "America/Los_Angeles"
DAYS = 365
CHANGES_HOURS = 6


def reference_spec(now: datetime, share: int = 1) -> ShopSpec:
    """10,047 customers, 186,394 transactions with about 500,000 lines, 8,000 products; a year of trade.

    ``share`` 20 is a twentieth of it: to rehearse the bench, not to measure.

    The history ends some hours before ``now``: each change moves the shop's clock by a second, and no change may lie
    in the future of who reads it.
    """
    end = now - timedelta(hours=CHANGES_HOURS)
    today = end.astimezone(ZoneInfo(ZONE)).date()
    return ShopSpec(
        name="reference",
        shop_key="sandbox-reference-shop-key",
        zone=ZONE,
        seed=2026,
        first_day=today - timedelta(days=DAYS - 1),
        days=DAYS,
        members=10_047 // share,
        products=8_000 // share,
        transactions=186_394 // share,
        now=end,
    )


def tenth_of(spec: ShopSpec) -> ShopSpec:
    """A tenth of the data in the same time: for what is too slow to be measured on the whole."""
    assert spec.transactions is not None
    return replace(
        spec,
        name=f"{spec.name}-tenth",
        shop_key=f"{spec.shop_key}-tenth",
        members=spec.members // 10,
        products=spec.products // 10,
        transactions=spec.transactions // 10,
    )


def empty_like(spec: ShopSpec) -> ShopSpec:
    """The same shop before its first customer: what a process needs before any data."""
    return replace(
        spec, name=f"{spec.name}-empty", shop_key=f"{spec.shop_key}-empty", members=0, products=1, transactions=0
    )


def build(spec: ShopSpec) -> Shop:
    """The shop, with every member modified within its history: a read of the history finds all of them."""
    shop = build_shop(spec)
    for record in shop.truth("members"):
        if record["modified"] < spec.start_ms:
            shop.publish("members", record | {"modified": spec.start_ms + record["modified"] % 86_400_000})
    return shop
