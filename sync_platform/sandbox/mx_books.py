"""The records of one merchant, and the forms in which the vendor shows them."""

from collections.abc import Callable
from random import Random
from threading import RLock
from typing import Any, Literal, get_args

from sync_platform.sandbox.collection import Collection, Record, decode, encode
from sync_platform.sandbox.mx_customers import customers
from sync_platform.sandbox.mx_history import MxHistory
from sync_platform.sandbox.mx_invoices import Billing, detail_form, list_form
from sync_platform.sandbox.mx_numbers import MxNumbers
from sync_platform.sandbox.mx_payments import PaymentDesk, embedded_form
from sync_platform.sandbox.mx_payments import detail_form as payment_detail
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sandbox.mx_writing import cents, milliseconds

MxEntity = Literal["payments", "invoices"]
MX_ENTITIES: tuple[MxEntity, ...] = get_args(MxEntity)
Clock = Callable[[], float]


def created_at(record: Record) -> int:
    """When a payment or an invoice was made, epoch milliseconds: lists are in this order."""
    return milliseconds(record["created"])


class Links:
    """Which payment belongs to which invoice."""

    def __init__(self) -> None:
        self._invoices: dict[int, int] = {}
        self._payments: dict[int, list[int]] = {}

    def put(self, payment_id: int, invoice_id: int | None) -> None:
        """From now on to this one, or to none."""
        before = self._invoices.pop(payment_id, None)
        if before is not None:
            self._payments[before].remove(payment_id)
        if invoice_id is not None:
            self._invoices[payment_id] = invoice_id
            self._payments.setdefault(invoice_id, []).append(payment_id)

    def invoice_of(self, payment_id: int) -> int | None:
        """The invoice of a payment; ``None`` for one by itself."""
        return self._invoices.get(payment_id)

    def payments_of(self, invoice_id: int) -> list[int]:
        """The payments of an invoice, the first one first."""
        return list(self._payments.get(invoice_id, ()))

    def all(self) -> dict[int, int]:
        """Every linked payment and its invoice."""
        return dict(self._invoices)


class Books:
    """Payments in list form, and invoices with all that either form shows, as they are now."""

    def __init__(self, spec: MxSpec, clock: Clock | None) -> None:
        self.spec = spec
        self.lock = RLock()
        self.denied: set[str] = set()
        self.subscriptions: list[Record] = []
        self._clock, self._now = clock, spec.now_ms
        numbers = MxNumbers(spec.merchant_id, spec.first_invoice_number)
        self.billing, self.desk = Billing(spec, numbers), PaymentDesk(spec, numbers)
        self.payments = Collection(self.lock, modified_at=created_at)
        self.invoices = Collection(self.lock, modified_at=created_at)
        expected = spec.payments if spec.payments is not None else round(spec.days * spec.payments_per_day)
        self.people = customers(spec.merchant_id, max(12, min(900, expected // 4)), Random(f"{spec.seed}/mx/people"))
        history = MxHistory(spec, self.desk, self.billing, self.people)
        history.write()
        self._links, self._references = Links(), dict[str, str]()
        # the sum of all invoices, in cents
        self.invoiced = 0
        for record in history.invoices.values():
            self.publish("invoices", record)
        for record in history.payments.values():
            self.publish("payments", record)
            self.link(record["id"], history.links.get(record["id"]))

    @property
    def name(self) -> str:
        """What journals and the control interface call the merchant."""
        return self.spec.name

    def collection(self, entity: str) -> Collection:
        """Payments or invoices. ``KeyError`` for anything else."""
        return {"payments": self.payments, "invoices": self.invoices}[entity]

    def truth(self, entity: str) -> list[Record]:
        """Every record as it is now.

        ``payments`` in list form; ``invoices`` with the fields of both forms, without bar code and payments;
        ``invoice_items`` are the purchases, each with ``invoiceId`` and ``position`` from 0.
        """
        if entity != "invoice_items":
            return list(self.collection(entity).records())
        return [
            {"invoiceId": invoice["id"], "position": position} | purchase
            for invoice in self.invoices.records()
            for position, purchase in enumerate(invoice["purchases"])
        ]

    def links(self) -> dict[int, int]:
        """Which invoice a payment belongs to, by the payment's id; stand-alone payments are not in it."""
        with self.lock:
            return self._links.all()

    # --- what the vendor shows ------------------------------------------------------------------------

    def payment_key(self, text: str) -> str | None:
        """The key of a payment by its id or its reference."""
        return text if text in self.payments else self._references.get(text)

    def payment_detail(self, key: str) -> Record:
        """A payment in detail form. ``KeyError`` if there is none."""
        record = self.payments.get(key)
        invoice_id = self._links.invoice_of(record["id"])
        return payment_detail(record, [] if invoice_id is None else [invoice_id])

    def invoice_rows(self, bodies: list[bytes]) -> list[bytes]:
        """Invoices in list form."""
        return [encode(list_form(decode(body))) for body in bodies]

    def invoice_detail(self, key: str) -> Record:
        """An invoice in detail form. ``KeyError`` if there is none."""
        record = self.invoices.get(key)
        return detail_form(record, self.payments_of(record["id"]))

    def payments_of(self, invoice_id: int) -> list[Record]:
        """The payments that belong to an invoice, as its detail shows them."""
        return [embedded_form(self.payments.get(str(key))) for key in self._links.payments_of(invoice_id)]

    # --- changes of any kind --------------------------------------------------------------------------

    def tick(self) -> int:
        """The moment of the next change, epoch milliseconds; never the same twice."""
        with self.lock:
            self._now = max(self._now + 1000, int(self._clock() * 1000)) if self._clock else self._now + 1000
            return self._now

    def publish(self, entity: MxEntity, record: Record) -> Record:
        """List a record exactly as given."""
        with self.lock:
            if entity == "payments":
                self._references[record["reference"]] = str(record["id"])
            else:
                self.invoiced += cents(record["totalAmount"]) - self._sum_of(str(record["id"]))
            self.collection(entity).put(record)
            return record

    def modify(self, entity: MxEntity, record_id: int | str, **fields: Any) -> Record:
        """Set fields of a record."""
        with self.lock:
            return self.publish(entity, self.collection(entity).get(str(record_id)) | fields)

    def link(self, payment_id: int, invoice_id: int | None) -> None:
        """Let a payment belong to an invoice from now on, or to none: only details show it."""
        with self.lock:
            self._links.put(payment_id, invoice_id)

    def erase(self, entity: MxEntity, record_id: int | str) -> None:
        """Take a record out of every list, without a trace. The vendor never does that by itself."""
        with self.lock:
            if entity == "payments":
                self._references.pop(self.payments.get(str(record_id))["reference"], None)
                self.link(int(record_id), None)
            else:
                self.invoiced -= self._sum_of(str(record_id))
            self.collection(entity).remove(str(record_id))

    def _sum_of(self, invoice_id: str) -> int:
        return cents(self.invoices.get(invoice_id)["totalAmount"]) if invoice_id in self.invoices else 0
