"""The small shop that the tests of the stand-in look at."""

from datetime import date
from typing import Any

from sync_platform.sandbox.spec import ShopSpec

# the week in which California's clocks go back
FIRST_DAY = date(2026, 10, 26)


def shop_spec(**changes: Any) -> ShopSpec:
    """The shop as it usually is, apart from ``changes``."""
    usual: dict[str, Any] = {
        "name": "Corner",
        "shop_key": "corner-key",
        "zone": "America/Los_Angeles",
        "seed": 7,
        "first_day": FIRST_DAY,
        "days": 10,
        "members": 130,
        "products": 120,
        "transactions": 330,
    }
    return ShopSpec(**usual | changes)
