"""The small clinic that the tests of the stand-in for MX Merchant look at."""

from datetime import date
from typing import Any

from sync_platform.sandbox.mx_spec import MxSpec

# the week in which New York's clocks go back
CLINIC_DAY = date(2026, 10, 29)


def clinic_spec(**changes: Any) -> MxSpec:
    """The clinic as it usually is, apart from ``changes``."""
    usual: dict[str, Any] = {
        "name": "Juniper",
        "merchant_id": 1_000_000_001,
        "consumer_key": "juniper-consumer-key",
        "consumer_secret": "juniper-consumer-secret",
        "zone": "America/New_York",
        "seed": 9,
        "first_day": CLINIC_DAY,
        "days": 10,
        "payments": 160,
        "unpaid_invoices": 12,
    }
    return MxSpec(**usual | changes)


def other_spec(**changes: Any) -> MxSpec:
    """Another clinic, with numbers of invoices like the first one's."""
    usual: dict[str, Any] = {
        "name": "Saguaro",
        "merchant_id": 1_000_000_002,
        "consumer_key": "saguaro-consumer-key",
        "consumer_secret": "saguaro-consumer-secret",
        "zone": "America/Phoenix",
        "seed": 8,
        "payments": 40,
        "unpaid_invoices": 0,
    }
    return clinic_spec(**usual | changes)
