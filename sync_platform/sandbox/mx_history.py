"""The past of a merchant: invoices, and who paid what when."""

from collections import deque
from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_customers import MxCustomer
from sync_platform.sandbox.mx_invoices import Billing, Line, paid
from sync_platform.sandbox.mx_payments import Charge, PaymentDesk, Tender, base_of, settle, without_fee
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sandbox.mx_writing import cents, money
from sync_platform.sandbox.trading import moments

DAY_MS = 86_400_000
SOURCES = ("API", "QuickPay", "Terminal", "Order", "MXExpress")
BILLED_SOURCES = ("Recurring", "Recurring", "Invoice", "QuickPay")
# texts that begin or end like a number and are none; the digits of the last are not ASCII
ODD_TEXTS = ("{}A", "{}.0", "+{}", " {}", "{}E2", "INV{}", "-{}")
WIDE = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
BATCH_CLOSES = time(23)


class MxHistory:
    """Writes ``payments`` and ``invoices`` in the order of time, and which payment belongs to which invoice."""

    def __init__(self, spec: MxSpec, desk: PaymentDesk, billing: Billing, people: list[MxCustomer]) -> None:
        self._spec, self._desk, self._billing, self._people = spec, desk, billing, people
        self._rng = Random(f"{spec.seed}/mx/history")
        self._owing: list[int] = []
        self._recent: deque[int] = deque(maxlen=300)
        self._held: deque[int] = deque()
        self.payments: dict[int, Record] = {}
        self.invoices: dict[int, Record] = {}
        self.links: dict[int, int] = {}

    def write(self) -> None:
        """Everything up to the merchant's present."""
        spec, rng = self._spec, self._rng
        at = moments(spec, spec.payments, spec.payments_per_day, rng)
        share = round(len(at) * 0.45)
        billed = set(rng.sample(range(len(at)), share if spec.invoices is None else min(spec.invoices, len(at))))
        unpaid = sorted(rng.choices(at, k=spec.unpaid_invoices)) if at else []
        for number, moment in enumerate(at):
            while unpaid and unpaid[0] <= moment:
                self._unpaid(unpaid.pop(0))
            if number in billed:
                self._billed(moment)
            else:
                self._other(moment)
        for moment in unpaid:
            self._unpaid(moment)
        self._age()

    # --- what happens at one moment -------------------------------------------------------------------

    def _billed(self, at: int) -> None:
        """A new invoice and the first payment that belongs to it: paid, declined, or paid in part."""
        rng, customer = self._rng, self._rng.choice(self._people)
        source = rng.choice(BILLED_SOURCES)
        wait = rng.choice((280, 280, 40_000, 3 * DAY_MS))
        before = max(at - wait, min(self._spec.start_ms, at))
        empty = rng.random() < 0.04
        lines: list[Line] | None = [] if empty else None
        invoice = self._billing.invoice(before, customer, source, lines, total=8_000 if empty else 0)
        self.invoices[invoice["id"]] = invoice
        total, pick = cents(invoice["totalAmount"]), rng.random()
        if pick < 0.12:
            self._pay(at, invoice, customer, source, total, status="Declined")
        else:
            self._pay(at, invoice, customer, source, total // 2 if pick < 0.24 else total)

    def _pay(
        self, at: int, invoice: Record, customer: MxCustomer, source: str, base: int, *, status: str = "Approved"
    ) -> None:
        text = str(invoice["invoiceNumber"])
        if self._rng.random() < 0.03:
            text = text.rjust(8, "0")
        tax = min(cents(invoice.get("taxAmount", "0")), base)
        charge = Charge(
            at=at, base=base, customer=customer, source=source, tender=self._tender(), status=status, tax=tax, text=text
        )
        payment = self._put(self._desk.payment(charge), invoice["id"])
        paid(invoice, base_of(payment))
        if invoice["status"] == "Unpaid":
            self._owing.append(invoice["id"])

    def _other(self, at: int) -> None:
        """No new invoice: the rest of one, a refund, a capture, or something by itself."""
        rng = self._rng
        pick = rng.random()
        if self._owing and pick < 0.5:
            invoice = self.invoices[self._owing.pop(rng.randrange(len(self._owing)))]
            person = next(one for one in self._people if one.customer_id == invoice["customer"]["id"])
            self._pay(at, invoice, person, invoice["sourceType"], cents(invoice["balance"]))
        elif self._recent and 0.5 <= pick < 0.58:
            self._refund(at, self.payments[rng.choice(self._recent)])
        elif self._held and 0.58 <= pick < 0.62:
            first = self.payments[self._held.popleft()]
            self._alone(at, kind="SaleCompletion", original=first["id"], base=without_fee(first))
            first["availableAuthAmount"] = "0"
        else:
            self._alone(at)

    def _alone(self, at: int, *, kind: str = "Sale", original: int | None = None, base: int | None = None) -> None:
        rng = self._rng
        status, pick = "Approved", rng.random()
        if kind == "Sale" and pick < 0.18:
            status = "Declined" if pick < 0.1 else rng.choice(("TicketOnly", "InProgress", "Declined", "Approved"))
            if pick > 0.16:
                kind, status = "Authorization", "AuthOnly"
        price = rng.choice(self._spec.products).price if base is None else base
        customer = rng.choice(self._people) if rng.random() < 0.8 else None
        tender = "Card" if status == "AuthOnly" or original is not None else self._tender()
        tax = price * 4 // 100 if rng.random() < 0.5 else 0
        charge = Charge(
            at=at, base=price, customer=customer, source=rng.choice(SOURCES), tender=tender, status=status, kind=kind,
            tax=tax, original=original,
        )  # fmt: skip
        if self.invoices and original is None and rng.random() < 0.05:
            charge = replace(charge, text=self._odd_text())
        payment = self._put(self._desk.payment(charge), None)
        if status == "AuthOnly":
            self._held.append(payment["id"])

    def _odd_text(self) -> str:
        number = str(self._rng.choice(list(self.invoices.values())[-50:])["invoiceNumber"])
        odd = self._rng.choice((*ODD_TEXTS, ""))
        return odd.format(number) if odd else number.translate(WIDE)

    def _refund(self, at: int, original: Record) -> None:
        """All or half of what a payment brought, under the same invoice or under a text of its own."""
        left = cents(original["amount"]) - cents(original["refundedAmount"])
        if original["status"] != "Approved" or original["type"] != "Sale" or left < 200:
            self._alone(at)
            return
        amount = left if self._rng.random() < 0.6 else left // 2
        invoice = self.links.get(original["id"]) if self._rng.random() < 0.6 else None
        text = original["invoice"] if invoice else None
        self._put(self._desk.refund(original, at, amount, text=text), invoice)
        original["refundedAmount"] = money(cents(original["refundedAmount"]) + amount)

    def _unpaid(self, at: int) -> None:
        rng = self._rng
        invoice = self._billing.invoice(at, rng.choice(self._people), rng.choice(("Invoice", "Recurring")))
        invoice["status"] = rng.choices(("Unpaid", "Cancelled", "Void"), (80, 12, 8))[0]
        self.invoices[invoice["id"]] = invoice

    def _put(self, payment: Record, invoice_id: int | None) -> Record:
        self.payments[payment["id"]] = payment
        if invoice_id is not None:
            self.links[payment["id"]] = invoice_id
        if payment["status"] == "Approved" and payment["type"] == "Sale":
            self._recent.append(payment["id"])
        return payment

    def _tender(self) -> Tender:
        pick = self._rng.random()
        return "Card" if pick < 0.86 else "card" if pick < 0.88 else "ACH" if pick < 0.97 else "Cash"

    # --- what has become of it since -------------------------------------------------------------------

    def _age(self) -> None:
        """Batches that are closed by now; voids before that, chargebacks days after."""
        rng, spec = self._rng, self._spec
        for payment in self.payments.values():
            if payment["status"] != "Approved":
                continue
            if payment["type"] == "Sale" and payment["refundedAmount"] == "0" and rng.random() < 0.02:
                payment["status"] = "Voided"
                self._unlinked_sum(payment)
                continue
            closed = batch_closes(payment["created"], spec) + rng.randrange(60_000)
            if closed > spec.now_ms:
                continue
            settle(payment, closed, spec)
            old = closed + 5 * DAY_MS < spec.now_ms
            if old and payment["type"] == "Sale" and "cardAccount" in payment and rng.random() < 0.01:
                payment["status"] = "Chargedback"

    def _unlinked_sum(self, payment: Record) -> None:
        """A voided payment no longer pays its invoice."""
        invoice_id = self.links.get(payment["id"])
        if invoice_id is not None:
            paid(self.invoices[invoice_id], -base_of(payment | {"status": "Approved"}))


def batch_closes(created: str, spec: MxSpec) -> int:
    """When the batch of a payment is closed: at eleven in the evening, epoch milliseconds."""
    at = datetime.fromisoformat(created)
    local = at.astimezone(spec.tz)
    closing = datetime.combine(local.date(), BATCH_CLOSES, tzinfo=spec.tz)
    if closing <= at:
        closing = datetime.combine(local.date() + timedelta(days=1), BATCH_CLOSES, tzinfo=spec.tz)
    return int(closing.timestamp() * 1000)
