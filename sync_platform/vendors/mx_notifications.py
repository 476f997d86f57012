"""MX Merchant's notifications: what is registered, and what a registration says (MX-20; vendor page, section 7)."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sync_platform.core.errors import ContractBroken, InvalidRequest

EVENTS = (
    "PaymentSuccess",
    "PaymentFail",
    "RefundCreated",
    "Chargeback",
    "Deposit",
    "BatchClosed",
    "NewStatement",
    "ExpiredCard",
    "UpcomingSAQExpiration",
)
# payments at a terminal count as API or QuickPay
SOURCES = "QuickPay,API,Recurring,Invoice,Terminal"
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,}")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """A registered event. ``callback_url`` holds the receiver's secret token: it is not to be shown."""

    id: int
    event_type: str | None = None
    callback_url: str | None = None
    send_webhook: bool | None = None

    def __repr__(self) -> str:
        return f"Notification(id={self.id}, event_type={self.event_type!r})"


class _List(msgspec.Struct):
    records: list[Notification]


def decode_notifications(body: bytes) -> list[Notification]:
    """Raises ContractBroken for anything but a list of notifications with ids."""
    try:
        return msgspec.json.decode(body, type=_List).records
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ContractBroken("not a list of notifications") from None


def registration(event: str, callback_url: str, merchant_id: int) -> bytes:
    """The body that registers one event: webhooks only, no mails and no messages. Raises InvalidRequest."""
    if event not in EVENTS:
        raise InvalidRequest(f"no event {event!r}; there are {', '.join(EVENTS)}")
    body: dict[str, Any] = {
        "eventType": event,
        "sendWebhook": True,
        "callbackUrl": _checked(callback_url),
        "sources": SOURCES,
        "merchantId": merchant_id,
        "threshold": 0,
        "sendEmail": False,
        "sendSMS": False,
    }
    return msgspec.json.encode(body)


def secrets_of(callback_url: str) -> list[str]:
    """What no message may repeat: the URL, and whatever in its path and query may be a token."""
    parts = urlsplit(callback_url)
    return [callback_url, *_TOKEN.findall(f"{parts.path}?{parts.query}")]


def _checked(callback_url: str) -> str:
    try:
        parts = urlsplit(callback_url)
    except ValueError:
        raise InvalidRequest("the callback URL cannot be read") from None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
        raise InvalidRequest("the callback URL has to be https://host/path, without user name or fragment")
    return callback_url
