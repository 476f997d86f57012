"""Seeded changes to a merchant while it is being read."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, get_args

from sync_platform.sandbox.mx_books import MxEntity
from sync_platform.sandbox.mx_merchant import Merchant

MxChangeKind = Literal["settle", "void", "chargeback", "refund", "payment", "sale", "instalment", "purchase", "return"]
MX_KINDS: tuple[MxChangeKind, ...] = get_args(MxChangeKind)
# changes of invoices alone; a sale and an instalment change both
OF_INVOICES = ("purchase", "return", "sale")
TRIES = 20


class MxChanges:
    """Changes one merchant. The same seed and the same merchant give the same changes."""

    def __init__(self, merchant: Merchant, seed: int) -> None:
        self._merchant = merchant
        self._rng = Random(f"{seed}/changes/{merchant.name}")
        self._what: dict[MxChangeKind, Callable[[int], object]] = {
            "settle": merchant.settle,
            "void": merchant.void,
            "chargeback": merchant.charge_back,
            "refund": self._refund,
            "instalment": self._instalment,
            "purchase": merchant.add_purchase,
            "return": merchant.return_line,
        }

    def apply(
        self, count: int, *, entity: MxEntity | None = None, kinds: Sequence[MxChangeKind] = MX_KINDS
    ) -> list[str]:
        """Make ``count`` changes and say which, as ``kind id``. ``entity`` limits them to those that concern it."""
        if entity is not None:
            kinds = [kind for kind in kinds if (kind in OF_INVOICES) == (entity == "invoices")] or ("sale",)
        with self._merchant.lock:
            return [self._one(self._rng.choice(kinds)) for _ in range(count)]

    def _one(self, kind: MxChangeKind) -> str:
        """The change to some record that allows it; a new sale where none of those tried does."""
        invoices = kind in ("instalment", "purchase", "return")
        ids = self._merchant.collection("invoices" if invoices else "payments").ids()
        for _ in range(TRIES if kind in self._what and ids else 0):
            record_id = int(self._rng.choice(ids))
            try:
                self._what[kind](record_id)
            except ValueError:
                continue
            return f"{kind} {record_id}"
        if kind == "payment":
            return f"payment {self._merchant.add_payment()['id']}"
        status = "Declined" if self._rng.random() < 0.2 else "Approved"
        return f"sale {self._merchant.add_sale(status=status)['id']}"

    def _refund(self, payment_id: int) -> object:
        return self._merchant.refund(payment_id, same_invoice=self._rng.random() < 0.5)

    def _instalment(self, invoice_id: int) -> object:
        amount = self._rng.choice((None, "5", "12.5"))
        return self._merchant.add_payment(invoice_id, amount=amount)
