"""Contracts: who pays regularly."""

from datetime import timedelta
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_writing import instant, midnight, money

STATES = ("Active", "Active", "Active", "Completed", "Cancelled", "Inactive")
INTERVALS = (("Weekly", "4 Weeks", "Saturday", 28), ("Monthly", "1 Month", "15", 30), ("Once", "", "", 0))
SHARE = 4


def contracts(merchant: Merchant) -> list[Record]:
    """One for every fourth customer; always the same ones."""
    spec = merchant.spec
    rng = Random(f"{spec.seed}/mx/contracts")
    today = instant(spec.now_ms).astimezone(spec.tz).date()
    found = []
    for number, customer in enumerate(merchant.people[::SHARE], 1):
        interval, every, on, days = rng.choice(INTERVALS)
        amount = money(rng.choice(spec.products).price)
        start = today - timedelta(days=rng.randrange(20, 200))
        found.append(
            {
                "id": 20_000_000 + number,
                "subscriptionId": 30_000_000 + number,
                "merchantId": spec.merchant_id,
                "name": str(1000 + number),
                "customerName": customer.name,
                "interval": interval,
                "every": every,
                "on": on,
                "amount": amount,
                "type": "Recurring",
                "status": rng.choice(STATES),
                "startDate": midnight(start, spec.tz),
                "lastInvoiceDate": midnight(start + timedelta(days=days), spec.tz),
                "nextBillDate": midnight(start + timedelta(days=2 * days), spec.tz),
                "hasDeclinedPayment": rng.random() < 0.1,
                "grandTotalAmount": amount,
                "currencyCode": "USD",
            }
        )
    return found
