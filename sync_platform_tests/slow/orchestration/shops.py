"""The invented shops of these tests, and a process that serves them: ``python -m ... <now> <log of the address>``."""

import sys
from datetime import datetime, timedelta

from sync_platform.sandbox.serve import serve
from sync_platform.sandbox.shop import build_shop
from sync_platform.sandbox.spec import ShopSpec

PARTNER_KEY = "canary-partner-key-52ba"
HISTORY = 9

# in the order of their addition, which is the order of partitions: ranges below are neighbours
ZONES = {
    "alder": "America/Los_Angeles",  # alder, birch and cedar are backfilled
    "birch": "Europe/Berlin",
    "cedar": "Australia/Sydney",
    "dogwood": "America/Los_Angeles",  # dogwood, elm and fir are run as a range
    "elm": "America/New_York",
    "fir": "America/Denver",
    "gorse": "America/Los_Angeles",  # is materialised by hand
    "hazel": "America/Los_Angeles",  # hazel's and holly's runs are killed
    "holly": "Europe/Berlin",
    "iris": "Australia/Sydney",  # is left to the schedule
    "juniper": "America/Los_Angeles",  # is suspended
    "kauri": "Pacific/Auckland",  # is added later
}


def shop_key(name: str) -> str:
    """A key that can be searched for."""
    return f"canary-shop-key-{name}"


def spec_of(name: str, now: datetime) -> ShopSpec:
    """A small shop that has traded for some days up to ``now`` and does not change any more."""
    return ShopSpec(
        name=name,
        shop_key=shop_key(name),
        partner_key=PARTNER_KEY,
        zone=ZONES[name],
        seed=list(ZONES).index(name),
        first_day=now.date() - timedelta(days=HISTORY),
        days=HISTORY + 2,
        members=30,
        products=20,
        sales_per_day=12,
        opens=0,
        closes=24,
        now=now,
    )


if __name__ == "__main__":
    moment = datetime.fromisoformat(sys.argv[1])
    serve([build_shop(spec_of(name, moment)) for name in ZONES])
