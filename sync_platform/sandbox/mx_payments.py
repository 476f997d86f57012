"""Payments of a merchant: how they are charged, and the forms in which the vendor shows them."""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_customers import MxCustomer
from sync_platform.sandbox.mx_numbers import MxNumbers
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sandbox.mx_writing import cents, instant, iso, local_iso, money

Tender = Literal["Card", "card", "ACH", "Cash"]
APPROVED = "Approved or completed successfully"
# response of the vendor, response of the card's bank, text
DECLINES = ((51, "51", "Declined: insufficient funds"), (5, "05", "Do not honor"), (14, "14", "Invalid card number"))
CARDS = ("Visa", "Visa", "MasterCard", "MasterCard", "Amex", "Discover")
DEVICES = {"Recurring": "MXMRCG01", "API": "MXMAPI01", "QuickPay": "MXMQPY01", "Terminal": "MXMTRM01"}
CREATORS = {"Recurring": "RecurringBilling", "QuickPay": "QuickPay"}
EMBEDDED_KEYS = (
    "created", "paymentToken", "id", "isDuplicate", "merchantId", "batchId", "tenderType", "amount", "cardAccount",
    "authOnly", "authCode", "status", "currency", "originalAmount", "reference", "invoice", "clientReference", "type",
    "responseCode", "IssuerResponseCode",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What somebody is asked to pay. ``base`` is in cents, without surcharge and with ``tax``.

    ``text`` is the caller's invoice text; ``None`` lets the service fill in its own.
    """

    at: int
    base: int
    customer: MxCustomer | None
    source: str
    tender: Tender = "Card"
    status: str = "Approved"
    kind: str = "Sale"
    tax: int = 0
    text: str | None = None
    original: int | None = None


class PaymentDesk:
    """Writes payments in their list form."""

    def __init__(self, spec: MxSpec, numbers: MxNumbers) -> None:
        self._spec, self._numbers = spec, numbers
        self._rng = Random(f"{spec.seed}/mx/payments")

    def payment(self, charge: Charge) -> Record:
        """One payment. Cards pay a surcharge: what is charged is the base and the fee."""
        spec, rng = self._spec, self._rng
        local = instant(charge.at).astimezone(spec.tz)
        digits = charge.text is not None or rng.random() < spec.digit_references
        reference = self._numbers.reference(local, digits=digits)
        by_card, declined = charge.tender in ("Card", "card"), charge.status == "Declined"
        fee = surcharge(charge.base, spec.surcharge_thousandths) if by_card else 0
        token = f"P{rng.getrandbits(120):030X}"
        code, issuer, message = rng.choice(DECLINES) if declined else (0, "00", APPROVED)
        held = charge.status == "AuthOnly"
        text = reference[-8:] if charge.text is None else charge.text
        record: dict[str, Any] = {"created": iso(charge.at), "paymentToken": token, "id": self._numbers.payment()}
        record |= {
            "creatorName": CREATORS.get(charge.source, "FrontDesk"),
            "isDuplicate": rng.random() < 0.01,
            "merchantId": spec.merchant_id,
        }
        if charge.tender != "Cash":
            record["device"] = DEVICES.get(charge.source, "MXMPRT01")
        if not declined and not held:
            record["batch"] = f"Z{local.toordinal() % 10_000:04d}"
        record |= {"tenderType": charge.tender, "amount": money(charge.base + fee)}
        if by_card:
            record["cardAccount"] = self._card(token, invalid=code == 14, present=charge.source == "Terminal")
        record["authOnly"] = held
        if not declined:
            record["authCode"] = f"{rng.randrange(10**5):05d}{rng.choice('0123456789QRZ')}"
        record |= {"status": charge.status, "risk": self._risk(by_card), "settledAmount": "0"}
        record |= {"currency": "USD", "settledCurrency": "USD", "cardPresent": charge.source == "Terminal"}
        record |= {"authMessage": message, "availableAuthAmount": record["amount"] if held else "0"}
        record["reference"] = reference
        if charge.tax:
            record["tax"] = money(charge.tax)
        if fee:
            rate = f"{spec.surcharge_thousandths / 1000:.3f}".rstrip("0")
            record |= {"surchargeAmount": money(fee), "surchargeRate": rate, "surchargeLabel": spec.surcharge_label}
        record["invoice"] = text
        if charge.customer is not None:
            record |= {"customerCode": charge.customer.code, "customerName": charge.customer.name}
        if charge.text is not None:
            record["clientReference"] = charge.text
        elif charge.source == "API":
            record["clientReference"] = f"JL{rng.getrandbits(24):06x}"
        record |= {"refundedAmount": "0", "type": charge.kind, "taxExempt": False}
        if rng.random() < 0.6:
            record["reviewIndicator"] = 1
        if charge.original is not None:
            record["originalId"] = charge.original
        if charge.source == "API" and rng.random() < 0.5:
            record["replayId"] = 7_000_000_000_000 + rng.getrandbits(32)
        record |= {"source": charge.source, "shouldGetCreditCardLevel": False, "responseCode": code}
        if by_card:
            record["IssuerResponseCode"] = issuer
        return record

    def refund(self, original: Record, at: int, amount: int, *, text: str | None) -> Record:
        """A payment back of ``amount`` cents, what was paid as surcharge included."""
        charge = Charge(
            at=at, base=-amount, customer=None, source="API", tender=original["tenderType"], kind="Return",
            text=text, original=original["id"],
        )  # fmt: skip
        record = self.payment(charge)
        record["amount"] = money(-amount)
        for name in ("surchargeAmount", "surchargeRate", "surchargeLabel"):
            record.pop(name, None)
        people = {name: original[name] for name in ("customerCode", "customerName") if name in original}
        if "cardAccount" in original:
            record["cardAccount"] = original["cardAccount"]
        return record | people

    def _card(self, token: str, *, invalid: bool, present: bool) -> Record:
        kind: Record = {} if invalid else {"cardType": self._rng.choice(CARDS)}
        last4 = f"{self._rng.randrange(10_000):04d}"
        return {**kind, "last4": last4, "token": token, "hasContract": False, "cardPresent": present}

    def _risk(self, by_card: bool) -> Record:
        if not by_card or self._rng.random() < 0.3:
            return {}
        match = {"avsAddressMatch": False, "avsZipMatch": False, "avsAccountNameMatchPerformed": False}
        return {"avsResponse": "No Response from AVS", **match}


def surcharge(base: int, thousandths: int) -> int:
    """The card fee on ``base`` cents, rounded half up."""
    return (base * thousandths + 500) // 1000


def base_of(record: Record) -> int:
    """What a payment brings to its invoice, in cents: the amount without the surcharge, nothing if declined."""
    return without_fee(record) if record["status"] in ("Approved", "Settled", "Chargedback") else 0


def without_fee(record: Record) -> int:
    """The amount of a payment without its surcharge, in cents."""
    return cents(record["amount"]) - cents(record.get("surchargeAmount", "0"))


def settle(record: Record, at: int, spec: MxSpec) -> Record:
    """The payment's batch is closed. Times of settlement are on the merchant's clock and say no zone."""
    record |= {"status": "Settled", "settledDate": local_iso(at, spec.tz)}
    return record


def detail_form(record: Record, invoice_ids: list[int]) -> Record:
    """A payment as ``GET /payment/{id}`` shows it: more about the card, ``invoiceIds``, no ``refundedAmount``."""
    rng = Random(record["id"])
    detail = {key: value for key, value in record.items() if key not in ("refundedAmount", "risk")}
    if "batch" in record:
        detail["batchId"] = 10_000_000_000_000 + int(record["batch"][1:])
    if "cardAccount" in record:
        keyed = not record["cardPresent"]
        detail["cardAccount"] = record["cardAccount"] | {
            "entryMode": "Keyed" if keyed else "Chip",
            "cardId": f"{rng.getrandbits(112):028x}",
            "expiryMonth": f"{rng.randint(1, 12):02d}",
            "expiryYear": str(rng.randint(27, 31)),
            "isDebit": rng.random() < 0.4,
            "isCorp": False,
        }
        detail["posData"] = {"panCaptureMethod": "Manual" if keyed else "Chip"}
    risk = dict(record["risk"])
    if risk.pop("avsResponse", None):
        risk = {"avsResponseCode": "N", **risk}
    detail |= {"risk": risk, "requireSignature": False, "originalAmount": record["amount"], "cashbackAmount": "0"}
    detail |= {"discountAmount": "0", "balance": "0"}
    if invoice_ids or record["id"] % 2:
        detail["invoiceIds"] = invoice_ids
    return detail


def embedded_form(record: Record) -> Record:
    """A payment as the detail of its invoice shows it."""
    detail = detail_form(record, [])
    shown = {key: detail[key] for key in EMBEDDED_KEYS if key in detail}
    if "cardAccount" in shown:
        shown["cardAccount"] = {
            k: v for k, v in shown["cardAccount"].items() if k not in ("cardId", "isDebit", "isCorp")
        }
    return shown
