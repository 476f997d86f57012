"""The assets of Blaze: customers, transactions with their items, and products, by day and tenant."""

from collections.abc import Sequence
from functools import partial

import dagster as dg

from sync_platform.db.blaze_tables import TABLES
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.assets.fetched import fetched
from sync_platform.sync.request import Source

BLAZE: Source = "blaze"

_fetch = partial(Fetch, BLAZE, targets=TABLES)

FETCHES = (
    # lines take flower type and strain from products, but a failing product must not stop a receipt: no dependency
    _fetch("products", {"products": "Products as Blaze has them, by day of their last change."}, priority=3),
    _fetch("customers", {"customers": "Members as Blaze has them, by day of their last change."}, priority=2),
    _fetch(
        "transactions",
        {
            "transactions": "Receipts as Blaze has them, by day of completion.",
            "transaction_items": "Lines of receipts as Blaze has them, by day of completion.",
        },
        priority=1,
    ),
)


def asset_key(table: str) -> dg.AssetKey:
    """``blaze/customers``: the key is the table."""
    return dg.AssetKey([BLAZE, table])


def blaze_assets() -> Sequence[dg.AssetsDefinition]:
    """All assets of this vendor."""
    return [fetched(fetch) for fetch in FETCHES]
