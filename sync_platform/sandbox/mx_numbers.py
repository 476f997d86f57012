"""Identifiers and references as MX Merchant gives them out, told apart by merchant."""

from datetime import date, datetime
from itertools import count

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
# the last eight digits of a reference are never as small as an invoice number
FIRST_REFERENCE = 400_000


class MxNumbers:
    """Numbers records in the order in which they are asked for, so that a seed always gives the same ones.

    Numbers of payments, invoices and purchases do not fit into 32 bits, and no two merchants share one.
    """

    def __init__(self, merchant_id: int, first_invoice_number: int) -> None:
        own = merchant_id % 1_000_000
        self._payments = count(4_000_000_000_000_101 + own * 10**8)
        self._invoices = count(3_000_010_299_001 + own * 10**7)
        self._purchases = count(5_000_009_815_001 + own * 10**7)
        self._numbers = count(first_invoice_number)
        self._references = count()
        self._letters = LETTERS[own % len(LETTERS)]

    def payment(self) -> int:
        """The next payment."""
        return next(self._payments)

    def invoice(self) -> tuple[int, int]:
        """The next invoice: its id, and its number, which other merchants use as well."""
        return next(self._invoices), next(self._numbers)

    def purchase(self) -> int:
        """The next line of an invoice."""
        return next(self._purchases)

    def reference(self, at: datetime, *, digits: bool) -> str:
        """The processor's reference of a payment: twelve digits, or eleven and a letter among the last eight."""
        number = next(self._references)
        start = f"{at.year % 10}{at.toordinal() - date(at.year, 1, 1).toordinal() + 1:03d}"
        if digits:
            return f"{start}{at.hour:02d}{FIRST_REFERENCE + number % 600_000:06d}"
        return f"{start}{self._letters}{number % 10_000_000:07d}"
