"""A merchant that can be served and changed at the same time."""

from random import Random
from typing import Any

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_books import Books, Clock
from sync_platform.sandbox.mx_customers import MxCustomer
from sync_platform.sandbox.mx_invoices import Line, paid, summed
from sync_platform.sandbox.mx_payments import Charge, base_of, settle
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sandbox.mx_writing import cents, money, number


class Merchant(Books):
    """What happens at a merchant. Every change takes the lock and is seen by the next request.

    Without a ``clock`` (seconds since the epoch) each change happens one second after the last, from ``spec.now``
    on: repeatable. No change leaves a time in a record: the vendor has no time of modification.
    """

    def __init__(self, spec: MxSpec, *, clock: Clock | None = None) -> None:
        super().__init__(spec, clock)
        self._rng = Random(f"{spec.seed}/mx/changes")

    def customer(self) -> MxCustomer:
        """Somebody who pays, the same ones in the same order for the same seed."""
        return self._rng.choice(self.people)

    def add_invoice(self, *, lines: list[Line] | None = None, created: int | None = None, **fields: Any) -> Record:
        """Somebody is billed, now or at the given epoch millisecond; ``lines=[]`` has no lines and costs 80."""
        with self.lock:
            at = self.tick() if created is None else created
            total = 8_000 if lines == [] else 0
            record = self.billing.invoice(at, self.customer(), "Invoice", lines, total=total) | fields
            return self.publish("invoices", record)

    def add_payment(
        self, invoice: int | None = None, *, amount: str | None = None, created: int | None = None,
        status: str = "Approved", text: str | None = None, **fields: Any,
    ) -> Record:  # fmt: skip
        """Somebody pays ``amount`` before surcharge: for an invoice (what is open of it), or for none.

        ``text`` is the caller's invoice text; usually the invoice's number, or else what the service fills in.
        """
        with self.lock:
            at = self.tick() if created is None else created
            bill = self.invoices.get(str(invoice)) if invoice is not None else None
            base = cents(amount) if amount is not None else max(cents(bill["balance"]), 100) if bill else 6_000
            if bill is not None and text is None:
                text = str(bill["invoiceNumber"])
            charge = Charge(at=at, base=base, customer=self.customer(), source="API", status=status, text=text)
            record = self.publish("payments", self.desk.payment(charge) | fields)
            if bill is not None:
                self.link(record["id"], bill["id"])
                self.publish("invoices", paid(bill, base_of(record)))
            return record

    def add_sale(self, **fields: Any) -> Record:
        """Somebody is billed and pays at once; the payment."""
        with self.lock:
            return self.add_payment(self.add_invoice()["id"], **fields)

    def settle(self, payment_id: int) -> Record:
        """The batch of a payment is closed."""
        with self.lock:
            return self.publish("payments", settle(self._in_state(payment_id, "Approved"), self.tick(), self.spec))

    def void(self, payment_id: int) -> Record:
        """Undo a payment before its batch is closed; its invoice is open again."""
        with self.lock:
            record = self._in_state(payment_id, "Approved")
            if record["type"] == "Return":
                raise ValueError(f"{payment_id} is a refund: it stays")
            invoice_id = self._links.invoice_of(payment_id)
            if invoice_id is not None:
                self.publish("invoices", paid(self.invoices.get(str(invoice_id)), -base_of(record)))
            return self.publish("payments", record | {"status": "Voided"})

    def charge_back(self, payment_id: int) -> Record:
        """The card's holder takes a settled payment back."""
        with self.lock:
            record = self._in_state(payment_id, "Settled")
            if record["type"] == "Return":
                raise ValueError(f"{payment_id} is a refund: nobody can take it back")
            return self.publish("payments", record | {"status": "Chargedback"})

    def refund(self, payment_id: int, *, amount: str | None = None, same_invoice: bool = True) -> Record:
        """Pay back all that is left of a payment, or ``amount``: another payment, under the same invoice or alone."""
        with self.lock:
            record = self._in_state(payment_id, "Approved", "Settled")
            gone = cents(record["refundedAmount"])
            back = cents(record["amount"]) - gone if amount is None else cents(amount)
            if record["type"] != "Sale" or not 0 < back <= cents(record["amount"]) - gone:
                raise ValueError(f"{payment_id} cannot be refunded by {money(back)}")
            invoice_id = self._links.invoice_of(payment_id) if same_invoice else None
            text = record["invoice"] if invoice_id is not None else None
            done = self.publish("payments", self.desk.refund(record, self.tick(), back, text=text))
            self.link(done["id"], invoice_id)
            self.publish("payments", record | {"refundedAmount": money(gone + back)})
            return done

    def add_purchase(self, invoice_id: int, line: Line | None = None) -> Record:
        """An invoice gets one more line; the invoice."""
        with self.lock:
            record = self.invoices.get(str(invoice_id))
            record["purchases"].append(self.billing.purchase(self.tick(), line or self.billing.lines()[0]))
            return self.publish("invoices", summed(record))

    def return_line(self, invoice_id: int, position: int = 0) -> Record:
        """A line of an invoice is returned as a whole; the invoice. ``ValueError`` if there is no such line."""
        with self.lock:
            record = self.invoices.get(str(invoice_id))
            if position >= len(record["purchases"]):
                raise ValueError(f"invoice {invoice_id} has no line {position}")
            line = record["purchases"][position]
            line["quantityReturned"] = number(round(line["quantity"] * 2))
            return self.publish("invoices", summed(record))

    def _in_state(self, payment_id: int, *states: str) -> Record:
        record = self.payments.get(str(payment_id))
        if record["status"] not in states:
            raise ValueError(f"{payment_id} is {record['status']}, not {' or '.join(states)}")
        return record


def build_merchant(spec: MxSpec, *, clock: Clock | None = None) -> Merchant:
    """The merchant that a description describes, with its whole history."""
    return Merchant(spec, clock=clock)
