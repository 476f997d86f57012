"""The assets of MX Merchant: payments with the invoices they lead to and their lines, by day and tenant."""

from collections.abc import Sequence

import dagster as dg

from sync_platform.db.mx_tables import TABLES
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.assets.fetched import fetched
from sync_platform.sync.mx_entities import SOURCE

PAYMENTS = Fetch(
    SOURCE,
    "payments",
    {
        "payments": "Payments as MX Merchant has them, by day of creation.",
        # an invoice is older than its payments: its row may belong to another partition than the one that found it
        "invoices": "Invoices that payments name, by day of creation, which may be before that of their payments.",
        "invoice_items": "Lines of those invoices, by the invoice's day.",
    },
    TABLES,
)

FETCHES = (PAYMENTS,)


def mx_merchant_assets() -> Sequence[dg.AssetsDefinition]:
    """All assets of this vendor: one fetch fills them all."""
    return [fetched(fetch) for fetch in FETCHES]
