"""Invoices of a merchant: their lines, their sums, and the two forms in which the vendor shows them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_customers import MxCustomer
from sync_platform.sandbox.mx_numbers import MxNumbers
from sync_platform.sandbox.mx_spec import MxProduct, MxSpec
from sync_platform.sandbox.mx_writing import cents, instant, iso, midnight, money, number

LIST_KEYS = (
    "id", "merchantId", "type", "receiptNumber", "invoiceNumber", "customerName", "customerNumber", "isTaxExempt",
    "memo", "quantity", "returnQuantity", "returnStatus", "totalAmount", "subTotalAmount", "discountAmount",
    "taxAmount", "balance", "paidAmount", "dueDate", "created", "invoiceDate", "sourceType", "status", "terms",
    "currency",
)  # fmt: skip
DETAIL_KEYS = (
    "id", "merchantId", "type", "receiptNumber", "dba", "email", "accessCode", "invoiceNumber", "customerNumber",
    "isTaxExempt", "memo", "quantity", "saleQuantity", "returnQuantity", "returnStatus", "netQuantity", "totalAmount",
    "subTotalAmount", "discountAmount", "taxAmount", "balance", "paidAmount", "dueDate", "created", "invoiceDate",
    "sourceType", "purchases", "shippingLineItems", "discounts", "taxes", "customer", "billingAddress",
    "masterCardSecureCode", "status", "terms", "payments", "barCode", "allowCreditCard", "allowACH",
    "isShippingSameAsBilling", "legacy",
)  # fmt: skip
TERMS = {0: "OnReceipt", 14: "Custom", 30: "Custom"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One purchase, in cents; ``halves`` counts the quantity in halves. Without a product it is an ad-hoc line."""

    product: MxProduct | None
    name: str
    price: int
    halves: int = 2
    discount: int = 0
    tax: int = 0


class Billing:
    """Writes invoices as whole records: everything that either form shows, apart from payments and bar code."""

    def __init__(self, spec: MxSpec, numbers: MxNumbers) -> None:
        self._spec, self._numbers = spec, numbers
        self.rng = Random(f"{spec.seed}/mx/invoices")

    def invoice(
        self, at: int, customer: MxCustomer, source: str, lines: Sequence[Line] | None = None, *, total: int = 0
    ) -> Record:
        """An unpaid invoice. Without lines of its own it gets some; with an empty list, the sum ``total``."""
        spec, rng = self._spec, self.rng
        invoice_id, invoice_number = self._numbers.invoice()
        after = rng.choice((0, 0, 14, 30))
        day = instant(at).astimezone(spec.tz).date()
        record = {
            "id": invoice_id,
            "merchantId": spec.merchant_id,
            "type": "Sale",
            "receiptNumber": f"05{invoice_id % 10**9:09d}RCP",
            "dba": spec.written_name,
            "email": spec.email,
            "accessCode": f"3N{invoice_id % 10**4:04d}",
            "invoiceNumber": invoice_number,
            "customerName": customer.name,
            **({"customerNumber": customer.number} if customer.number or rng.random() < 0.5 else {}),
            "isTaxExempt": False,
            "memo": rng.choice(("", "", "Thank you!")),
            "returnStatus": "None",
            "totalAmount": money(total),
            "subTotalAmount": money(total),
            "discountAmount": "0",
            "balance": money(total),
            "paidAmount": "0",
            "dueDate": midnight(day + timedelta(days=after), spec.tz),
            "created": iso(at),
            "invoiceDate": midnight(day, spec.tz),
            "sourceType": source,
            "purchases": [self.purchase(at, line) for line in (self.lines() if lines is None else lines)],
            "shippingLineItems": [],
            "discounts": [],
            "taxes": [],
            "customer": {"id": customer.customer_id, "name": customer.name},
            **({"billingAddress": customer.address()} if rng.random() < 0.7 else {}),
            "masterCardSecureCode": "0",
            "status": "Unpaid",
            "terms": rng.choice(("None", TERMS[after])),
            **({"currency": "USD"} if rng.random() < 0.9 else {}),
            "allowCreditCard": True,
            "allowACH": rng.random() < 0.8,
            "isShippingSameAsBilling": False,
            "legacy": False,
        }
        return summed(record)

    def lines(self) -> list[Line]:
        """What one customer is billed for: usually one or two things, sometimes two of the same price."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.08:
            product = rng.choice(self._spec.products)
            return [self._line(product), self._line(product)]
        count = 1 if pick < 0.58 else 2 if pick < 0.85 else rng.randint(3, 5)
        lines = [self._line(rng.choice(self._spec.products)) for _ in range(count)]
        if rng.random() < 0.12:
            lines.append(Line(product=None, name=rng.choice(("Lab Fee", "Late Fee", "Shipping")), price=2500))
        return lines

    def _line(self, product: MxProduct) -> Line:
        rng = self.rng
        halves = 2 if rng.random() < 0.9 else rng.choice((1, 4, 6))
        gross = product.price * halves // 2
        discount = gross // 10 if rng.random() < 0.08 else 0
        tax = (gross - discount) * 53 // 1000 if rng.random() < 0.15 else 0
        return Line(product=product, name=product.name, price=product.price, halves=halves, discount=discount, tax=tax)

    def purchase(self, at: int, line: Line) -> Record:
        """One line as the detail shows it."""
        gross = line.price * line.halves // 2
        ware: Record = {"productId": line.product.product_id} if line.product else {}
        words: Record = {"description": line.name} if line.product and self.rng.random() < 0.6 else {}
        variant = line.product.variant if line.product else ""
        return {
            "id": self._numbers.purchase(),
            **ware,
            "productName": line.name,
            **words,
            "quantity": number(line.halves),
            "quantityReturned": 0,
            "price": money(line.price),
            "discountAmount": money(line.discount),
            "priceDiscountAmount": money(line.discount * 2 // line.halves),
            "subTotalAmount": money(gross),
            "taxAmount": money(line.tax),
            "totalAmount": money(gross - line.discount + line.tax),
            "trackingNumber": 0,
            "created": iso(at),
            **({"productVariant": {"name": variant}} if variant else {}),
            "taxes": [],
            "discounts": [],
        }


def summed(record: Record) -> Record:
    """The invoice with head and status as its lines and what was paid make them. Without lines the sums stay."""
    lines = record["purchases"]
    if lines:
        for name in ("totalAmount", "subTotalAmount", "discountAmount", "taxAmount"):
            record[name] = money(sum(cents(line[name]) for line in lines))
        if record["taxAmount"] == "0":
            del record["taxAmount"]
    sold = sum(round(line["quantity"] * 2) for line in lines)
    returned = sum(round(line["quantityReturned"] * 2) for line in lines)
    record["quantity"] = record["saleQuantity"] = str(number(sold))
    record["returnQuantity"], record["netQuantity"] = str(number(returned)), str(number(sold - returned))
    record["returnStatus"] = "None" if not returned else "Full" if returned == sold else "Partial"
    owed = cents(record["totalAmount"]) - cents(record["paidAmount"])
    record["balance"] = money(owed)
    if record["status"] in ("Paid", "Unpaid"):
        record["status"] = "Unpaid" if owed > 0 else "Paid"
    return record


def paid(record: Record, amount: int) -> Record:
    """The invoice after a payment of ``amount`` cents, surcharge not included; negative takes it back."""
    record["paidAmount"] = money(cents(record["paidAmount"]) + amount)
    return summed(record)


def list_form(record: Record) -> Record:
    """An invoice as ``GET /invoice`` shows it: without lines."""
    return {key: record[key] for key in LIST_KEYS if key in record}


def detail_form(record: Record, payments: Sequence[Record]) -> Record:
    """An invoice as ``GET /invoice/{id}`` shows it: the customer's name is in ``customer`` only."""
    image = b"\x89PNG\r\n\x1a\n" + Random(record["id"]).randbytes(2600)
    whole = record | {"payments": list(payments), "barCode": base64.b64encode(image).decode()}
    return {key: whole[key] for key in DETAIL_KEYS if key in whole}
