"""The invented world of the demonstration: three shops in three zones."""

from datetime import date, datetime, timedelta

from sync_platform.sandbox.shop import Clock, Shop, build_shop
from sync_platform.sandbox.spec import DEFAULT_TAXES, Country, Rounding, ShopSpec, TaxRate

DAYS = 30
GERMAN_TAX = (TaxRate(name="VAT", kind="Federal", basis_points=1900),)
AUSTRALIAN_TAX = (TaxRate(name="GST", kind="Federal", basis_points=1000),)


def demo_shops(today: date, *, now: datetime | None = None, clock: Clock | None = None, seed: int = 2026) -> list[Shop]:
    """Three shops, 30 days up to and with ``today``: each about 400 members, 2,500 transactions, 250 products.

    ``now`` cuts all three off at the present; without it each has traded to the end of its own ``today``.
    """
    return [build_shop(spec, clock=clock) for spec in demo_specs(today, now=now, seed=seed)]


def demo_specs(today: date, *, now: datetime | None = None, seed: int = 2026) -> list[ShopSpec]:
    """What the three shops are made of."""
    places: tuple[tuple[str, str, Country, Rounding, tuple[TaxRate, ...], int], ...] = (
        ("Sunset Supply", "America/Los_Angeles", "US", "NEAREST_DOLLAR", DEFAULT_TAXES, 22),
        ("Kiez Kontor", "Europe/Berlin", "DE", "ONE_CENT", GERMAN_TAX, 20),
        ("Harbour Goods", "Australia/Sydney", "AU", "FIVE_CENT", AUSTRALIAN_TAX, 24),
    )
    specs = []
    for number, (name, zone, country, rounding, taxes, closes) in enumerate(places, start=1):
        spec = ShopSpec(
            name=name,
            shop_key=f"demo-shop-key-{number}",
            zone=zone,
            seed=seed + number,
            first_day=today - timedelta(days=DAYS - 1),
            days=DAYS,
            members=400,
            products=250,
            sales_per_day=83.0,
            now=now,
            country=country,
            rounding=rounding,
            closes=closes,
            taxes=taxes,
        )
        specs.append(spec)
    return specs
