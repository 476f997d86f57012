"""The invented clinics of the demonstration: two merchants in two zones."""

from datetime import date, datetime, timedelta

from sync_platform.sandbox.mx_books import Clock
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_spec import MxSpec

MX_DAYS = 30


def mx_demo_merchants(
    today: date, *, now: datetime | None = None, clock: Clock | None = None, seed: int = 2026
) -> list[Merchant]:
    """Two clinics, 30 days up to and with ``today``: each about 400 payments and 200 invoices.

    ``now`` cuts both off at the present; without it each has worked to the end of its own ``today``.
    """
    return [build_merchant(spec, clock=clock) for spec in mx_demo_specs(today, now=now, seed=seed)]


def mx_demo_specs(today: date, *, now: datetime | None = None, seed: int = 2026) -> list[MxSpec]:
    """What the two clinics are made of. Both number their invoices from the same number on."""
    places = (("Juniper Clinic", "America/New_York"), ("Saguaro Wellness", "America/Phoenix"))
    return [
        MxSpec(
            name=name,
            merchant_id=1_000_000_000 + number,
            consumer_key=f"demo-consumer-key-{number}",
            consumer_secret=f"demo-consumer-secret-{number}",
            zone=zone,
            seed=seed + number,
            first_day=today - timedelta(days=MX_DAYS - 1),
            days=MX_DAYS,
            payments_per_day=13.0,
            unpaid_invoices=25,
            now=now,
        )
        for number, (name, zone) in enumerate(places, 1)
    ]
