"""What the vendor sends to those who asked to be told: bodies of notifications, and their delivery."""

import http.client
from collections.abc import Iterable, Sequence
from random import Random
from urllib.parse import urlsplit

import msgspec

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_payments import without_fee
from sync_platform.sandbox.mx_writing import cents, full_money, instant, milliseconds, spoken

EVENTS = (
    "PaymentSuccess", "PaymentFail", "RefundCreated", "Chargeback", "Deposit", "BatchClosed", "NewStatement",
    "ExpiredCard", "UpcomingSAQExpiration",
)  # fmt: skip
# what older payloads lack
NEWER = ("replayId", "baseAmount", "advantageFeeType", "advantageFeeAmount")
SECONDS = 10.0
Body = dict[str, str | None]


def notification(merchant: Merchant, payment_id: int, event: str, *, older: bool = False) -> Body:
    """What is told of one payment: every value is a text, or null. ``KeyError`` if there is no such payment."""
    record = merchant.payments.get(str(payment_id))
    at = instant(milliseconds(record["created"]))
    card, fee = record.get("cardAccount", {}), record.get("surchargeAmount")
    linked = merchant.links().get(payment_id)
    body: Body = {
        "eventType": event,
        "merchantId": str(record["merchantId"]),
        "xmid": str(8_739_700_000_000_000 + merchant.spec.merchant_id % 10**9),
        "dba": merchant.spec.written_name,
        "id": str(payment_id),
        # usually empty, although there is an invoice
        "invoiceId": str(linked) if linked is not None and record["type"] == "Return" else "",
        "invoiceNumber": record["invoice"],
        "transactionDate": spoken(at),
        "localDate": spoken(at.astimezone(merchant.spec.tz)),
        "transactionTypeName": record["type"],
        "paymentType": record["tenderType"],
        "card": card.get("cardType"),
        "referenceNumber": record["reference"],
        "authorizationCode": record.get("authCode", ""),
        "responseCode": str(record["responseCode"]),
        "replayId": str(record.get("replayId", "")),
        "pan4": card.get("last4"),
        "totalAmount": full_money(cents(record["amount"])),
        "responseMessage": record["authMessage"],
        "customer": record.get("customerName"),
        "customerNumber": "",
        "source": record["source"],
        "customFields": "",
        "baseAmount": full_money(without_fee(record)),
        "advantageFeeType": record.get("surchargeLabel", ""),
        "advantageFeeAmount": full_money(cents(fee)) if fee else "",
    }
    return {name: value for name, value in body.items() if not (older and name in NEWER)}


def events_of(record: Record) -> list[str]:
    """What has been told of a payment so far, the earliest first."""
    if record["status"] == "Declined":
        return ["PaymentFail"]
    first = "RefundCreated" if record["type"] == "Return" else "PaymentSuccess"
    return [first, "Chargeback"] if record["status"] == "Chargedback" else [first]


def deliveries(
    merchant: Merchant, payment_ids: Iterable[int] | None = None, *, copies: int = 1, shuffle: int | None = None
) -> list[Body]:
    """All notifications of these payments, or of all, each ``copies`` times; ``shuffle`` is the seed of their order.

    Without a seed they come in the order of the payments' creation.
    """
    if payment_ids is None:
        payment_ids = map(int, merchant.payments.ids_modified(-(2**62), 2**62))
    bodies = [
        notification(merchant, payment_id, event)
        for payment_id in payment_ids
        for event in events_of(merchant.payments.get(str(payment_id)))
        for _ in range(copies)
    ]
    if shuffle is not None:
        Random(shuffle).shuffle(bodies)
    return bodies


def deliver(merchant: Merchant, bodies: Sequence[Body]) -> list[tuple[str, int]]:
    """Post each body to whoever subscribed to its event: the address and the status of the answer.

    A caller's call back address is asked as it is, without following redirects. ``OSError`` if nobody listens.
    """
    sent = []
    for body in bodies:
        for subscription in list(merchant.subscriptions):
            if subscription["eventType"] == body["eventType"] and subscription["sendWebhook"]:
                url = subscription["callbackUrl"]
                sent.append((url, _post(url, msgspec.json.encode(body))))
    return sent


def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=SECONDS)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target or "/", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()
